// Elements, made in a line each.

/** What goes into an element: text stays text, whatever is in it. */
export type Child = Node | string;

/**
 * Makes an element.
 *
 * @param attributes its attributes; those that are undefined are left out
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @returns the element of the page's template with that id @throws Error where there is none */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

/** A cell: text, or an element; `isBetter` where it beats this project's fastest heap. */
export type TableCell = Child | { readonly child: Child; readonly isBetter: boolean };

/** @returns a number with its interval below it, for a cell */
export function withInterval(text: string, interval: string): HTMLElement {
  return element("span", {}, text, element("small", {}, interval));
}

/** A row of a table. */
export interface TableRow {
  readonly head: Child;
  readonly cells: readonly TableCell[];
  /** Whether it is this project's fastest heap. */
  readonly isReference?: boolean;
}

/** A table; groups without a title have no line for one. */
export interface TableContent {
  /** What the table is, for who does not see it. */
  readonly label: string;
  /** Of all columns, the first too. */
  readonly heads: readonly string[];
  readonly groups: readonly { readonly title: string; readonly rows: readonly TableRow[] }[];
  /** Columns of words, counted from 0, the first left out. */
  readonly words?: readonly number[];
}

/** @returns the table, in a box that scrolls where the page is narrow */
export function tableElement({ label, heads, groups, words = [] }: TableContent): HTMLElement {
  const head = heads.map((text, i) =>
    element(
      "th",
      { scope: "col", class: i === 0 || words.includes(i - 1) ? "words" : undefined },
      text,
    ),
  );
  const bodies = groups.map(({ title, rows }) =>
    element(
      "tbody",
      {},
      ...(title === ""
        ? []
        : [
            element(
              "tr",
              {},
              element("th", { scope: "rowgroup", colspan: String(heads.length) }, title),
            ),
          ]),
      ...rows.map((row) => rowElement(row, words)),
    ),
  );
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), ...bodies);
  const attributes = { class: "scroll", role: "region", "aria-label": label, tabindex: "0" };
  return element("div", attributes, table);
}

function rowElement({ head, cells, isReference }: TableRow, words: readonly number[]): HTMLElement {
  const all = cells.map((cell, i) => {
    const kind = words.includes(i) ? "words" : undefined;
    const isPlain = typeof cell === "string" || "nodeType" in cell;
    if (isPlain) return element("td", { class: kind }, cell);
    return element("td", { class: cell.isBetter ? "better" : kind }, cell.child);
  });
  const attributes = isReference ? { class: "reference" } : {};
  return element("tr", attributes, element("th", { scope: "row" }, head), ...all);
}
