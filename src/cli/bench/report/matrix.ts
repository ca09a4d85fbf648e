// Tables that are too wide: contestants × traces go into several tables below each other.

import stringWidth from "string-width";
import { GAP, table, type Cell, type Colors } from "../../tables.js";

/** What {@link matrix} shows. */
export interface Matrix {
  /** Of all columns but the first. */
  readonly heads: readonly string[];
  /** Rows of fewer cells are titles of the ones below them. */
  readonly rows: readonly (readonly Cell[])[];
  readonly width: number;
  readonly colors: Colors;
}

/** The first column is no wider than this share of the line. */
const FIRST = 0.4;
/** Characters of a head. */
const MOST_HEAD = 18;

/** @returns a table, in as many parts as the width asks for; without a last newline */
export function matrix({ heads: names, rows, width, colors }: Matrix): string {
  const heads = names.map(shortened);
  const full = rows.filter((row) => row.length > 1);
  const widest = (at: number): number =>
    Math.max(...full.map((row) => stringWidth(String(row[at] ?? ""))));
  const first = Math.min(widest(0), Math.floor(width * FIRST));
  const parts: number[][] = [];
  let room = 0;
  heads.forEach((head, i) => {
    const need = GAP + Math.max(widest(i + 1), stringWidth(head));
    if (parts.length === 0 || room < need) {
      parts.push([]);
      room = width - first;
    }
    parts.at(-1)!.push(i);
    room -= need;
  });
  return parts
    .map((part) => {
      const columns = [{ wraps: true }, ...part.map((i) => ({ head: heads[i]! }))];
      const cells = rows.map((row) =>
        row.length === 1 ? row : [row[0]!, ...part.map((i) => row[i + 1] ?? "")],
      );
      return table({ columns, rows: cells, width, colors });
    })
    .join("\n");
}

/** @returns a name that leaves room for a row's: its end, which tells names apart, stays */
function shortened(head: string): string {
  return head.length <= MOST_HEAD ? head : `${head.slice(0, 6)}…${head.slice(7 - MOST_HEAD)}`;
}
