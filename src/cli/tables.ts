// Reports for people: colours where they are wanted, headings, tables.

import Table from "cli-table3";
import picocolors from "picocolors";
import type { CliIo } from "./io.js";

/** Functions that colour text, or leave it as it is. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** A cell of a table. */
export type Cell = string | number;

/** @returns colours for what is written to standard output */
export function colorsFor(io: CliIo): Colors {
  return picocolors.createColors(wantsColors(io));
}

/** @returns whether to colour: NO_COLOR and FORCE_COLOR decide (https://no-color.org), else whether it is a terminal */
function wantsColors(io: CliIo): boolean {
  if (io.env.NO_COLOR !== undefined && io.env.NO_COLOR !== "") return false;
  if (io.env.FORCE_COLOR !== undefined && io.env.FORCE_COLOR !== "")
    return io.env.FORCE_COLOR !== "0";
  return io.stdout.isTTY === true && io.env.TERM !== "dumb";
}

/** @returns the head of a part of a report */
export function section(title: string, note: string, colors: Colors): string {
  return colors.bold(colors.cyan(title)) + (note === "" ? "" : colors.dim(`  ${note}`)) + "\n";
}

/** A table without borders, without a last newline: numbers to the right, the first column and those in `left` to the left. */
export function table(
  head: string[],
  rows: Cell[][],
  colors: Colors,
  left: readonly number[] = [],
): string {
  const columns = Math.max(head.length, ...rows.map((row) => row.length));
  const grid = new Table({
    head: head.map((text) => colors.dim(text)),
    chars: BORDERLESS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
    colAligns: Array.from({ length: columns }, (_, i) =>
      i === 0 || left.includes(i) ? "left" : "right",
    ),
  });
  grid.push(...rows);
  const lines = grid.toString().split("\n");
  return lines.map((line) => line.trimEnd()).join("\n");
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
  middle: "  ",
};
