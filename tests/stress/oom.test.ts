// For each recording: refuse the k-th request for more memory, for every k; then every k-th. Every
// call returns NULL or leaves the old block intact, the checker finds nothing, and the heap works
// again after the frees.

import { describe, it } from "vitest";
import { goldensOf, traceOf } from "../conformance/goldens.js";
import { campaign, isFull } from "../support/campaign.js";
import { growthOperations, refuseEvery, refuseOnce } from "./oom.js";

/**
 * How many operations the replays of a trace have together, about. In the full campaign every k is
 * tried in both ways.
 */
const OPERATIONS_MAX = campaign({ short: 200_000, ci: 1_000_000, full: Infinity });

/**
 * 1 … count, or so many of them, the first and the last among them, that a replay of each stays
 * within the budget.
 */
function choose(count: number, operations: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  const room = Math.max(4, Math.floor(OPERATIONS_MAX / operations));
  if (count <= room) return all;
  return [
    ...new Set(
      Array.from({ length: room }, (_, i) => all[Math.round((i * (count - 1)) / (room - 1))]!),
    ),
  ];
}

const goldens = goldensOf("ilp32").filter((golden) => !golden.name.includes("@"));

describe("the kernel refuses", () => {
  it.each(goldens.map((golden) => [golden.name, golden] as const))(
    "%s",
    async (_name, golden) => {
      const trace = traceOf(golden);
      const operations = await growthOperations(trace);
      const once = choose(operations.length, trace.count);
      for (const k of once) await refuseOnce(trace, operations, k);
      const every = choose(operations.length, 4 * trace.count);
      for (const k of every) await refuseEvery(trace, k);
      process.stdout.write(
        `${golden.name}: ${operations.length} requests; refused one of ${once.length}, every k-th for ${every.length} values of k\n`,
      );
    },
    isFull ? 3_600_000 : 120_000,
  );
});
