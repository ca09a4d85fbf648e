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
    table.push([row.contestant, ...row.cells.map((cell) => cellText(cell, row.digits))]);
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
    ...answer.rows.map((row) =>
      line([row.contestant, ...row.cells.map((c) => markdownCell(c, row.digits))]),
    ),
    "",
    ...answer.ratios.map((ratio) => `- ${ratioText(ratio)}`),
    ...answer.notes.map((note) => `- ${note}`),
  ].join("\n");
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
