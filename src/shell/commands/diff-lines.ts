// What changed between two moments of a heap, in lines.

import { flagNames } from "../../inspect/chunks.js";
import type { SnapshotDiff } from "../../inspect/diff.js";
import type { ChunkRecord } from "../../inspect/snapshot.js";
import { hex } from "../../inspect/source.js";
import { formatCount } from "../../base/format.js";
import { table } from "../tables.js";
import { painted, stateText, type Style } from "./report.js";

/** @returns what changed, for people */
export function* diffLines(found: SnapshotDiff, style: Style): Generator<string> {
  const { born, gone, changed, numbers } = found;
  const { colors, width } = style;
  const lineOf = (sign: string, chunk: ChunkRecord): string => {
    const text = `${sign} ${hex(chunk.chunk)}  ${hex(chunk.size).padStart(8)}  `;
    return text + painted(stateText(chunk), chunk.state, colors);
  };
  for (const chunk of gone) yield lineOf(colors.red("-"), chunk);
  for (const chunk of born) yield lineOf(colors.green("+"), chunk);
  for (const { before, after } of changed) {
    const sizes = before.size === after.size ? "" : `, ${hex(before.size)} -> ${hex(after.size)}`;
    const flags =
      before.flags === after.flags
        ? ""
        : `, ${flagNames(before.flags)} -> ${flagNames(after.flags)}`;
    const states = [...new Set([stateText(before), stateText(after)])].join(" -> ");
    yield `~ ${hex(after.chunk)}  ${states}${sizes}${flags}`;
  }
  if (numbers.length > 0) {
    const columns = [{}, { align: "right" }, { align: "right" }, { align: "right" }] as const;
    const rows = numbers.map(({ name, before, after }) => {
      const sign = after > before ? "+" : "-";
      return [name, hex(before), hex(after), `${sign}${hex(Math.abs(after - before))}`];
    });
    yield* table({ columns, rows, width, indent: "  " }).split("\n");
  }
  const counts = [born, gone, changed].map(({ length }) => formatCount(length));
  yield `chunks: ${counts[0]} came, ${counts[1]} went, ${counts[2]} changed`;
}
