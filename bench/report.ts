// Answers as tables: for the terminal, and as Markdown for README.md.

import Table from "cli-table3";
import type { Answer, Cell, Ratio } from "./question.js";

/** @returns the answer for a terminal */
export function terminalTable(answer: Answer): string {
  const table = new Table({
    head: ["best / median", ...answer.columns],
    colAligns: ["left", ...answer.columns.map(() => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of answer.rows)
    table.push([row.contestant, ...row.cells.map((cell) => cellText(cell, " / "))]);
  return [
    `${answer.unit}`,
    table.toString(),
    ...answer.ratios.map((ratio) => `  ${ratioText(ratio)}`),
    ...answer.notes.map((note) => `  (${note})`),
  ].join("\n");
}

/** @returns the answer as a Markdown table with its ratios: best of all samples, with the median in brackets */
export function markdownTable(answer: Answer): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line([answer.unit, ...answer.columns]),
    line(["---", ...answer.columns.map(() => "--:")]),
    ...answer.rows.map((row) => line([row.contestant, ...row.cells.map((c) => markdownCell(c))])),
    "",
    ...answer.ratios.map((ratio) => `- ${ratioText(ratio)}`),
    ...answer.notes.map((note) => `- ${note}`),
  ].join("\n");
}

function markdownCell(cell: Cell | null): string {
  return cell === null ? "–" : `${nanoseconds(cell.best)} (${nanoseconds(cell.median)})`;
}

function cellText(cell: Cell | null, between: string): string {
  return cell === null ? "–" : nanoseconds(cell.best) + between + nanoseconds(cell.median);
}

function ratioText({ label, best, median, target }: Ratio): string {
  const numbers = `${best.toFixed(2)}x best, ${median.toFixed(2)}x median`;
  return `${label}: ${numbers}${target === undefined ? "" : ` (wanted: at most ${target}x)`}`;
}

function nanoseconds(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
