// Reports for people: headings, and tables that fit a width.

import Table from "cli-table3";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** Functions that colour text, or leave it as it is. */
export type Colors = Readonly<
  Record<Paint, (text: string | number | null | undefined) => string>
> & {
  /** Whether they paint at all. */
  readonly isColorSupported: boolean;
};

/** Paints' names, as picocolors and the like have them. */
export type Paint =
  "blue" | "bold" | "cyan" | "dim" | "green" | "magenta" | "red" | "underline" | "yellow";

/** A cell of a table. */
export type Cell = string | number;

/** A column of a table. */
export interface Column {
  /** What stands above it; "" for nothing. */
  readonly head?: string;
  /** Text (default of the first column) or numbers (default of the others). */
  readonly align?: "left" | "right";
  /**
   * When to leave it out, where the table is too wide: columns with the greatest priority go first.
   * 0, the default, stays.
   */
  readonly priority?: number;
  /** Words that may go on in the next line; such a column gets what the others leave. */
  readonly wraps?: boolean;
}

/** What {@link table} shows. */
export interface TableOptions {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns of the terminal: {@link terminalWidth}. No line is longer. */
  readonly width: number;
  /** For the head; without it, there are no colours. */
  readonly colors?: Colors | undefined;
  /** What stands in front of each line. */
  readonly indent?: string;
}

/** Blanks between columns. */
export const GAP = 2;
/** A column of words that would get less than this gets lines of its own instead. */
const LEAST_WORDS = 16;

const COLOURS = /\u001b\[[\d;]*m/g;

/** @returns text without the codes that colour it */
export function plainText(text: string): string {
  return text.replace(COLOURS, "");
}

/** @returns text with line breaks between words, so that no line is longer than `width` */
export function wrap(text: string, width: number): string {
  return wrapAnsi(text, width, { hard: true })
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** @returns the head of a part of a report; the note goes below where there is no room beside */
export function section(title: string, note: string, colors: Colors, width = Infinity): string {
  const head = colors.bold(colors.cyan(title));
  if (note === "") return `${head}\n`;
  if (title.length + 2 + note.length <= width) return `${head}${colors.dim(`  ${note}`)}\n`;
  return `${head}\n${colors.dim(wrap(note, width))}\n`;
}

/**
 * A table without borders, and without a last newline.
 *
 * Where it is too wide, words wrap first, then columns are left out by their priority (a last line
 * says which); where that is not enough, each row becomes a list of its cells, one a line. A number
 * is never broken.
 */
export function table(options: TableOptions): string {
  const { columns, width, colors, indent = "" } = options;
  const rows = options.rows.map((row) => columns.map((_, i) => String(row[i] ?? "")));
  const room = width - indent.length;
  let shown = columns.map((_, i) => i);
  let widths = fitted(columns, rows, shown, room);
  while (widths === null) {
    const next = leastWanted(columns, shown);
    if (next === undefined) break;
    shown = shown.filter((i) => i !== next);
    widths = fitted(columns, rows, shown, room);
  }
  const text =
    widths === null ? list(columns, rows, shown, room) : grid(options, rows, shown, widths);
  const left = columns.filter((_, i) => !shown.includes(i)).map(({ head = "" }) => head);
  const note =
    left.length === 0 ? "" : `\n${wrap(`left out for want of room: ${left.join(", ")}`, room)}`;
  const lines = (text + (colors?.dim(note) ?? note)).split("\n");
  return lines.map((line) => (indent + line).trimEnd()).join("\n");
}

/** @returns how wide each of the shown columns is; null when they are too wide together */
function fitted(
  columns: readonly Column[],
  rows: readonly string[][],
  shown: readonly number[],
  room: number,
): number[] | null {
  const natural = shown.map((i) =>
    Math.max(stringWidth(columns[i]!.head ?? ""), ...rows.map((row) => stringWidth(row[i]!))),
  );
  const sum = (widths: readonly number[]): number =>
    widths.reduce((total, one) => total + one, GAP * (widths.length - 1));
  const over = sum(natural) - room;
  if (over <= 0) return natural;
  const words = shown.findLastIndex((i) => columns[i]!.wraps === true);
  if (words < 0 || natural[words]! - over < LEAST_WORDS) return null;
  natural[words]! -= over;
  return natural;
}

/** @returns the column to leave out next; undefined when all are wanted */
function leastWanted(columns: readonly Column[], shown: readonly number[]): number | undefined {
  const priority = (i: number): number => columns[i]!.priority ?? 0;
  const most = Math.max(...shown.map(priority));
  return most === 0 ? undefined : shown.findLast((i) => priority(i) === most);
}

function grid(
  { columns, colors }: TableOptions,
  rows: readonly string[][],
  shown: readonly number[],
  widths: readonly number[],
): string {
  const heads = shown.map((i) => columns[i]!.head ?? "");
  const made = new Table({
    head: heads.some((head) => head !== "") ? heads.map((head) => colors?.dim(head) ?? head) : [],
    chars: BORDERLESS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colAligns: shown.map((i) => columns[i]!.align ?? (i === 0 ? "left" : "right")),
  });
  made.push(
    ...rows.map((row) =>
      shown.map((i, at) => (columns[i]!.wraps ? wrap(row[i]!, widths[at]!) : row[i]!)),
    ),
  );
  return made.toString();
}

/** Each row as lines: its first cell, then the others with their heads. */
function list(
  columns: readonly Column[],
  rows: readonly string[][],
  shown: readonly number[],
  room: number,
): string {
  const lines = rows.flatMap((row) =>
    shown.flatMap((i, at) => {
      const { head = "" } = columns[i]!;
      if (row[i] === "") return [];
      const text = head === "" ? row[i]! : `${head}: ${row[i]}`;
      return (at === 0 ? [wrap(text, room)] : wrap(text, room - 2).split("\n")).map((line) =>
        at === 0 ? line : `  ${line}`,
      );
    }),
  );
  return lines.join("\n");
}

const BORDERLESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ".repeat(GAP),
};
