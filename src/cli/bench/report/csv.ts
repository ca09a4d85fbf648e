// Results as CSV (RFC 4180), for spreadsheets and other programs: numbers without units or commas.

import { csvFormatRows } from "d3-dsv";
import type { BenchResult, HeapResult } from "../result.js";
import { PHASES, type Summary } from "../summary.js";
import { MEASURES } from "./measures.js";

/** Columns of statistics for each of the times. */
const STATISTICS = ["low", "high", "best", "q1", "q3", "count", "ratio", "ratio_low", "ratio_high"];
/** What is a time and has columns of its own. */
const HEADS = [
  "trace",
  "contestant",
  "group",
  "failure",
  ...MEASURES.map(({ key }) => key),
  ...PHASES.flatMap((phase) => STATISTICS.map((what) => `${phase}_${what}`)),
];

/** @returns a line of heads, and one for each trace and contestant; "" for what is not known */
export function csvReport({ traces }: Summary): string {
  const rows = traces.flatMap(({ name, rows: all }) =>
    all.map((row) => [
      name,
      row.contestant,
      row.group,
      row.failure ?? "",
      ...MEASURES.map((measure) => measure.value(row) ?? ""),
      ...PHASES.flatMap((phase) => {
        const time = row.phases[phase];
        if (time === null) return STATISTICS.map(() => "");
        const { low, high, best, quartiles, count, ratio } = time;
        const ratios = [ratio?.value ?? "", ratio?.low ?? "", ratio?.high ?? ""];
        return [low, high, best, ...quartiles, count, ...ratios];
      }),
    ]),
  );
  return `${csvFormatRows([HEADS, ...rows].map((row) => row.map(String)))}\n`;
}

/** What samples are of, and the order in which a heap gives them. */
const KINDS = ["cold", "lukewarm", "warm"] as const satisfies readonly (keyof HeapResult)[];

/** @returns one line for each sample, below a line of heads: nanoseconds an operation */
export function csvSamples({ traces }: BenchResult): string {
  const rows = traces.flatMap(({ name, heaps }) =>
    heaps.flatMap((heap) =>
      KINDS.flatMap((kind) =>
        heap[kind].map((sample, i) => [name, heap.contestant, kind, String(i), String(sample)]),
      ),
    ),
  );
  return `${csvFormatRows([["trace", "contestant", "kind", "sample", "nanoseconds"], ...rows])}\n`;
}
