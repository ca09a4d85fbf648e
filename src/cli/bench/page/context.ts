// What all parts of the page share: the data, how contestants look, and which ones plots of lines
// show.

import { formatRatio } from "../../../base/format.js";
import type { Group } from "../contestant.js";
import type { PageData } from "../report/page.js";
import type { ContestantResult, TraceResult } from "../result.js";
import { contestantNamed } from "../standing.js";
import type { Estimate } from "../statistics.js";
import type { TraceSummary } from "../summary.js";
import { element, withInterval, type Child } from "./dom.js";
import { lookOf, swatch, type Look } from "./palette.js";

/** Contestants that are compared in one plot: others take many times as long, or less. */
export const BLOCKS: readonly { readonly title: string; readonly groups: readonly Group[] }[] = [
  { title: "In WebAssembly", groups: ["ours", "wasm"] },
  { title: "Called from JavaScript", groups: ["from-js"] },
  { title: "The JavaScript engine's own", groups: ["engine"] },
  { title: "Native processes", groups: ["native"] },
  { title: "Controls: the loop without an allocator", groups: ["control"] },
];

/** The page's data, and what the reader has chosen. */
export class Context {
  /** Names of the contestants whose lines are drawn. */
  readonly chosen: Set<string>;
  readonly #places: ReadonlyMap<string, number>;

  readonly data: PageData;

  constructor(data: PageData) {
    this.data = data;
    const { contestants } = data.result;
    this.#places = new Map(contestants.map(({ name }, i) => [name, i]));
    const first = contestants.filter(({ group }) => BLOCKS[0]!.groups.includes(group));
    this.chosen = new Set(first.map(({ name }) => name));
  }

  contestant(name: string): ContestantResult {
    return contestantNamed(this.data.result, name);
  }

  title(name: string): string {
    return this.contestant(name).title;
  }

  look(name: string): Look {
    return lookOf(this.#places.get(name) ?? 0);
  }

  /** Whether others are compared with it. */
  isReference(name: string): boolean {
    return name === this.data.summary.reference;
  }

  /** @returns its title behind a line in its look, as rows of tables begin */
  heading(name: string): Child {
    const star = this.isReference(name) ? "\u00a0*" : "";
    const text = element("span", {}, `${this.title(name)}${star}`);
    return element("span", { class: "name" }, swatch(this.look(name)), text);
  }

  /** @returns the trace and its statistics; undefined where there is none of that name */
  trace(name: string): { trace: TraceResult; summary: TraceSummary } | undefined {
    const trace = this.data.result.traces.find((one) => one.name === name);
    const summary = this.data.summary.traces.find((one) => one.name === name);
    return trace === undefined || summary === undefined ? undefined : { trace, summary };
  }
}

/** @returns things of contestants in the page's blocks; blocks without any are left out */
export function inBlocks<T extends { readonly group: Group }>(
  list: readonly T[],
): { title: string; members: readonly T[] }[] {
  return BLOCKS.map(({ title, groups }) => ({
    title,
    members: list.filter(({ group }) => groups.includes(group)),
  })).filter(({ members }) => members.length > 0);
}

/** @returns a figure: a caption, the plot, and the table of what it shows beside it */
export function figure(
  { title, note }: { readonly title: string; readonly note: string },
  plot: HTMLElement,
  table: HTMLElement,
): HTMLElement {
  const caption = element(
    "figcaption",
    {},
    element("strong", {}, title),
    element("span", { class: "dim" }, note),
  );
  return element("figure", {}, caption, plot, table);
}

/** @returns a ratio, and its interval below it */
export function ratioCell({ value, low, high }: Estimate): Child {
  return withInterval(
    formatRatio(value),
    `${formatRatio(low)}–${formatRatio(high)}`.replace(/x/g, ""),
  );
}
