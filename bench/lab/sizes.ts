// The races that the questions about one block size at a time have in common.

import { race, type Contestant, type Effort } from "./harness.js";
import type { Cell, Row } from "./question.js";

/**
 * Runs one race for each size.
 *
 * @param enter gives the contestants for a size; not all need take part in all sizes
 * @returns one row for each contestant, with a cell for each size
 */
export async function raceSizes(
  title: string,
  names: readonly string[],
  sizes: readonly number[],
  effort: Effort,
  enter: (bytes: number) => Contestant[],
): Promise<Row[]> {
  const columns: Map<string, Cell>[] = [];
  for (const bytes of sizes) {
    const found = await race(`${title}, ${bytes} bytes`, enter(bytes), effort);
    columns.push(new Map([...found].map(([name, { median, best }]) => [name, { median, best }])));
  }
  return names
    .map((contestant) => ({ contestant, cells: columns.map((c) => c.get(contestant) ?? null) }))
    .filter(({ cells }) => cells.some((cell) => cell !== null));
}

/** @returns the cell of a contestant in a column, or null */
export function cellOf(rows: readonly Row[], contestant: string, column: number): Cell | null {
  return rows.find((row) => row.contestant === contestant)?.cells[column] ?? null;
}
