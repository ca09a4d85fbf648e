// The measures that every report shows, each with its head, its meaning and how it is written.

import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNanoseconds,
  formatShare,
} from "../../../base/format.js";
import type { BenchResult, TraceResult } from "../result.js";
import type { Spread } from "../statistics.js";
import type { Overall, Phase, Row, RowTime, Summary } from "../summary.js";

/** One number of a contestant with a trace. */
export interface Measure {
  /** As CSV names it, with its unit. */
  readonly key: string;
  /** As the head of a column, or of a table. */
  readonly head: string;
  /** What it means, and its unit. */
  readonly about: string;
  /** @returns the number; null where it is not known */
  readonly value: (row: Row) => number | null;
  /** @returns the number with its unit, where it is not the head's */
  readonly text: (value: number) => string;
  /** @returns its interval, of the measures that have one */
  readonly spread?: (row: Row) => RowTime | null;
}

/** What a measure's missing number is written as. */
export const NOTHING = "-";

const PHASE_ABOUT: Readonly<Record<Phase, string>> = {
  warm: "nanoseconds an operation, in a heap that has run the trace three times or more",
  lukewarm: "nanoseconds an operation, second and third passes",
  cold: "nanoseconds an operation, first passes, each in a fresh heap",
};

function time(phase: Phase): Measure {
  return {
    key: `${phase}_ns`,
    head: phase,
    about: PHASE_ABOUT[phase],
    value: (row) => row.phases[phase]?.median ?? null,
    text: formatNanoseconds,
    spread: (row) => row.phases[phase],
  };
}

function slice(key: "p50" | "p99" | "p999" | "longest", head: string, about: string): Measure {
  return { key: `${key}_ns`, head, about, value: (row) => row[key], text: formatDuration };
}

/** In the order in which reports show them. */
export const MEASURES: readonly Measure[] = [
  time("warm"),
  {
    key: "net_ns",
    head: "net",
    about: "warm, less the time of the same loop without an allocator (its control)",
    value: (row) => row.phases.warm?.net ?? null,
    text: (value) => (value < 0 ? `-${formatNanoseconds(-value)}` : formatNanoseconds(value)),
  },
  time("lukewarm"),
  time("cold"),
  slice("p50", "p50", "half of the slices of warm passes took no longer"),
  slice("p99", "p99", "99 % of the slices took no longer"),
  slice("p999", "p99.9", "99.9 % of the slices took no longer"),
  slice("longest", "longest", "the longest slice"),
  {
    key: "held_peak_bytes",
    head: "held",
    about: "most bytes that were held from the host at a time, in a first pass",
    value: (row) => row.heldPeak,
    text: formatBytes,
  },
  {
    key: "utilisation",
    head: "used",
    about: "most bytes that were live, over most that were held",
    value: (row) => row.utilisation,
    text: formatShare,
  },
  {
    key: "resident_bytes",
    head: "resident",
    about: "bytes of memory that a first pass made resident",
    value: (row) => row.residentBytes,
    text: (value) => formatBytes(Math.round(value)),
  },
  {
    key: "growths",
    head: "growths",
    about: "how often what is held grew in a first pass",
    value: (row) => row.growths,
    text: formatCount,
  },
  {
    key: "gc_share",
    head: "GC",
    about: "part of the time in which garbage was collected",
    value: (row) => row.gcShare,
    text: formatShare,
  },
  {
    key: "refused",
    head: "refused",
    about: "requests refused in a pass",
    value: (row) => (row.failure === null && row.refused > 0 ? row.refused : null),
    text: formatCount,
  },
];

/** @returns the measures of which at least one row of the traces has a number */
export function knownMeasures({ traces }: Summary): Measure[] {
  return MEASURES.filter((measure) =>
    traces.some(({ rows }) => rows.some((row) => measure.value(row) !== null)),
  );
}

/** @returns a row's number as text, "failed" where the trace was not completed */
export function measureText(measure: Measure, row: Row | undefined): string {
  if (row === undefined) return NOTHING;
  if (row.failure !== null) return "failed";
  const value = measure.value(row);
  return value === null ? NOTHING : measure.text(value);
}

/** @returns a median's interval as text: "23.9–24.8" */
export function intervalText({ low, high }: Pick<Spread, "low" | "high">): string {
  return `${formatNanoseconds(low)}–${formatNanoseconds(high)}`;
}

/** @returns a median and half its interval, in percent: "24.2 ±2 %" */
export function sureText({ median, low, high }: Spread): string {
  const percent = (100 * (high - low)) / 2 / median;
  const digits = percent >= 9.5 ? 0 : 1;
  return `${formatNanoseconds(median)} ±${percent.toFixed(digits)} %`;
}

/** @returns rows and contestants by group, in the order of `order`, groups that are there only */
export function inGroups<T extends Row | Overall>(
  list: readonly T[],
  order: readonly T["group"][],
): (readonly [T["group"], readonly T[]])[] {
  return order
    .map((group) => [group, list.filter((one) => one.group === group)] as const)
    .filter(([, members]) => members.length > 0);
}

/** @returns what a trace is, in a sentence */
export function traceText({ kind, rationale, ...trace }: TraceResult): string {
  const { operations, peakLiveBytes, peakLiveBlocks } = trace;
  const size =
    `${formatCount(operations)} operations, at most ${formatBytes(peakLiveBytes)} live ` +
    `in ${formatCount(peakLiveBlocks)} blocks`;
  return `${kind}, ${size}.${rationale === "" ? "" : ` ${rationale}`}`;
}

/** @returns where and when the result was found, and how much was run */
export function provenanceText({ date, machine, effort, ...result }: BenchResult): string[] {
  const { cpu, cores, memoryGiB, kernel, node, v8 } = machine;
  return [
    `ptmalloc-wasm ${result.package}, ${date.replace("T", " ").replace(/\.\d+/, "")}`,
    `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, ${memoryGiB} GiB · ${kernel} · ` +
      `Node.js ${node}, V8 ${v8}`,
    `${effort.heaps} heaps of each contestant and trace, ${effort.passes} passes of each heap`,
  ];
}

/** @returns what other programs did meanwhile */
export function noiseText({ noise: { others, stolen, isBusy }, machine }: BenchResult): string {
  const what =
    `other programs had ${others.toFixed(1)} of ${machine.cores} processors meanwhile` +
    (stolen > 0.05 ? `, and the machine's host ${stolen.toFixed(1)}` : "");
  return isBusy
    ? `The machine was busy: ${what}. Times are worse than they could be, and less sure.`
    : `The machine was quiet: ${what}.`;
}

/** What a control is for. */
export const CONTROL_NOTE =
  "A control is the loop itself: it reads the trace and writes where blocks would be, without an " +
  'allocator. "net" is warm less the control with the same loop.';
/** What the times of the tables are. */
export const TIMES_NOTE =
  "Times are medians; ± is half of the median's 95 % interval, in percent of it (bootstrap). A " +
  "ratio is a contestant's time over that of this project's fastest heap (*), with its 95 % " +
  "interval.";
