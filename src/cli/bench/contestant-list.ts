// Who can take part, and how to get who is missing.

import type { CliIo } from "../io.js";
import { colorsFor, section, table, terminalWidth } from "../tables.js";
import { GROUPS, MissingError, type Contestant } from "./contestant.js";
import { GROUP_TITLES } from "./standing.js";

/** @returns a table for each group; whoever can be built is built for it */
export async function listContestants(
  contestants: readonly Contestant[],
  io: CliIo,
): Promise<string> {
  const colors = colorsFor(io);
  const width = terminalWidth(io);
  const parts: string[] = [];
  for (const group of GROUPS) {
    const members = contestants.filter((one) => one.group === group);
    if (members.length === 0) continue;
    const rows: string[][] = [];
    for (const one of members) rows.push([one.name, await standing(one), one.about]);
    const columns = [
      { head: "name" },
      { head: "version", align: "left", wraps: true },
      { head: "what it is", align: "left", wraps: true },
    ] as const;
    parts.push(
      section(GROUP_TITLES[group], "", colors, width) + table({ columns, rows, width, colors }),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

async function standing(contestant: Contestant): Promise<string> {
  try {
    const racer = await contestant.prepare();
    racer.close?.();
    return racer.version;
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    return `missing: ${error.message}; ${error.how}`;
  }
}
