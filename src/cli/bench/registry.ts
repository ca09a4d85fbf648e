// All contestants, and how the command line names several at once.

import { UsageError } from "../io.js";
import type { Contestant } from "./contestant.js";
import { assemblyScript } from "./contestants/assemblyscript.js";
import { engine } from "./contestants/engine.js";
import { ours } from "./contestants/ours.js";

/** Whoever can take part, in the order of tables. */
export const contestants: readonly Contestant[] = [...ours, ...assemblyScript, ...engine];

/** @returns those of these names, in the table's order @throws UsageError for another name */
export function find(names: readonly string[]): Contestant[] {
  const unknown = names.find((name) => !contestants.some((one) => one.name === name));
  if (unknown !== undefined)
    throw new UsageError(
      `there is no contestant ${unknown}; there are ${contestants.map(({ name }) => name).join(", ")}`,
    );
  return contestants.filter(({ name }) => names.includes(name));
}
