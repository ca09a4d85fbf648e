// Answers as tables: for the terminal, and as Markdown for docs/benchmarks.md.

import Table from "cli-table3";
import { markdownTable } from "markdown-table";
import { fromMarkdown } from "mdast-util-from-markdown";
import { zone } from "mdast-zone";
import wrapAnsi from "wrap-ansi";
import { machineLine, type Machine } from "./machine.js";
import type { Answer, Cell, Ratio, Row } from "./question.js";

/** What is kept of a run: bench/results/NAME.json. */
export interface Result extends Answer {
  readonly question: string;
  /** Where it ran. */
  readonly machine: Machine;
}

/** @returns the answer for a terminal */
export function terminalTable(answer: Answer): string {
  const table = new Table({
    head: ["best / median", ...answer.columns],
    colAligns: ["left", ...answer.columns.map(() => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of answer.rows)
    table.push([row.contestant, ...row.cells.map((cell) => cellText(cell, row.digits))]);
  return [
    `${answer.unit}`,
    table.toString(),
    ...answer.ratios.map((ratio) => `  ${ratioText(ratio)}`),
    ...answer.notes.map((note) => `  (${note})`),
  ].join("\n");
}

/** As many as a line of a document has at most. */
const COLUMNS = 100;

/** An item of a list. */
function item(text: string): string {
  return `- ${wrapAnsi(text, COLUMNS - 2).replaceAll("\n", "\n  ")}`;
}

/** @returns the anchor of a row or a ratio of a result: links lead to it */
export function anchorOf(result: string, label: string): string {
  const words = label.toLowerCase().match(/[a-z0-9.]+/g) ?? [];
  return [result, ...words].join("-").replaceAll(".", "");
}

function anchor(result: string, label: string): string {
  return `<a id="${anchorOf(result, label)}"></a>`;
}

/**
 * @param name of the question
 * @returns a result in Markdown: a table, best of all samples with the median in brackets, its
 *   ratios, and its machine; rows and ratios have anchors
 */
export function markdownSection(name: string, result: Result): string {
  const head = [result.unit, ...result.columns];
  // Rows that say what is so of the one above have a name in common.
  const isOnly = ({ contestant }: Row): boolean =>
    result.rows.filter((other) => other.contestant === contestant).length === 1;
  const rows = result.rows.map((row) => [
    `${isOnly(row) ? anchor(name, row.contestant) : ""}${row.contestant}`,
    ...row.cells.map((cell) => markdownCell(cell, row.digits)),
  ]);
  const align = head.map((_, index) => (index === 0 ? null : "r"));
  return [
    markdownTable([head, ...rows], { align, alignDelimiters: false }),
    "",
    ...result.ratios.map((ratio) => item(`${anchor(name, ratio.label)} ${ratioText(ratio)}`)),
    ...result.notes.map(item),
    "",
    wrapAnsi(`Machine: ${machineLine(result.machine)}.`, COLUMNS),
  ].join("\n");
}

/**
 * Puts a result where a document has its place, between `<!-- NAME start -->` and `<!-- NAME end
 * -->`.
 *
 * @returns the document
 * @throws Error where it has no such place
 */
export function withSection(document: string, name: string, result: Result): string {
  let changed: string | undefined;
  zone(fromMarkdown(document), name, (start, _between, end) => {
    const from = start.position?.end.offset;
    const to = end.position?.start.offset;
    changed = `${document.slice(0, from)}\n${markdownSection(name, result)}\n${document.slice(to)}`;
  });
  if (changed === undefined) throw new Error(`there is no place for ${name}`);
  return changed;
}

function markdownCell(cell: Cell | null, digits?: number): string {
  return cell === null ? "–" : `${number(cell.best, digits)} (${number(cell.median, digits)})`;
}

function cellText(cell: Cell | null, digits?: number): string {
  return cell === null ? "–" : `${number(cell.best, digits)} / ${number(cell.median, digits)}`;
}

function ratioText({ label, best, median, target, floor }: Ratio): string {
  const numbers = `${best.toFixed(2)}x best, ${median.toFixed(2)}x median`;
  const most = target === undefined ? "" : ` (wanted: at most ${target}x)`;
  return `${label}: ${numbers}${most}${floor === undefined ? "" : ` (wanted: at least ${floor}x)`}`;
}

function number(value: number, digits = value < 100 ? 1 : 0): string {
  return value.toFixed(digits);
}
