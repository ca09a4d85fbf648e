// How to write for people: colours where they are wanted, and as wide as the terminal is.

import picocolors from "picocolors";
import type { CliIo } from "./io.js";
import { parseWhole } from "./numbers.js";
import type { Colors } from "../shell/tables.js";

export { GAP, section, table, wrap } from "../shell/tables.js";
export type { Cell, Colors, Column, TableOptions } from "../shell/tables.js";

/** Where nobody says how wide the output is. */
const DEFAULT_WIDTH = 100;
/** What is shown at least, and what is no use to read any more. */
const LEAST_WIDTH = 40;
const MOST_WIDTH = 240;
/** @returns colours for what is written to standard output */
export function colorsFor(io: CliIo): Colors {
  return picocolors.createColors(wantsColors(io));
}

/**
 * @returns whether to colour: NO_COLOR and FORCE_COLOR decide (https://no-color.org), else whether
 *   it is a terminal
 */
function wantsColors(io: CliIo): boolean {
  if (io.env.NO_COLOR !== undefined && io.env.NO_COLOR !== "") return false;
  if (io.env.FORCE_COLOR !== undefined && io.env.FORCE_COLOR !== "")
    return io.env.FORCE_COLOR !== "0";
  return io.stdout.isTTY === true && io.env.TERM !== "dumb";
}

/**
 * @returns how many columns there are to write in, 40 to 240: the terminal's, else what the
 *   environment says (COLUMNS), else 100
 */
export function terminalWidth(io: CliIo): number {
  const told = (io.stdout.isTTY === true && io.stdout.columns) || parseWhole(io.env.COLUMNS ?? "");
  return Math.min(Math.max(told || DEFAULT_WIDTH, LEAST_WIDTH), MOST_WIDTH);
}
