// What a run says, in numbers: statistics of its samples, every contestant compared with the
// fastest heap of this project's. All reports are made of it; it is plain data, so that the page,
// which computes nothing, can be given it as JSON.

import type { Group } from "./contestant.js";
import type { BenchResult, ContestantResult, HeapResult, TraceResult } from "./result.js";
import {
  meanOf,
  meanRatioOf,
  ratioOf,
  byHeap,
  sampled,
  spreadOf,
  type Estimate,
  type Sampled,
  type Spread,
} from "./statistics.js";

/** The times of a trace, by how warm the heap is. */
export const PHASES = ["warm", "lukewarm", "cold"] as const;
/** warm: fourth passes and later ones; lukewarm: second and third ones; cold: first ones. */
export type Phase = (typeof PHASES)[number];

/** A run in numbers. */
export interface Summary {
  /** The heap of this project's that the others are compared with: its fastest; null: none. */
  readonly reference: string | null;
  /** In the order of the result. */
  readonly overall: readonly Overall[];
  readonly traces: readonly TraceSummary[];
}

/** A contestant over all traces. */
export interface Overall {
  readonly contestant: string;
  readonly group: Group;
  /** How many traces it completed. */
  readonly completed: number;
  readonly phases: Readonly<Record<Phase, OverallTime>>;
  /** Nanoseconds; null where there is nothing to start. */
  readonly startUp: Spread | null;
}

/** A time of a contestant over the traces that it completed. */
export interface OverallTime {
  /** Geometric mean of the medians, nanoseconds an operation. */
  readonly mean: Estimate | null;
  /** Its time over the reference's: geometric mean over the traces that both completed. */
  readonly ratio: Estimate | null;
  /** How many these are. */
  readonly shared: number;
}

/** A trace in numbers. */
export interface TraceSummary {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** What a contestant did with a trace; null for what is not known. */
export interface Row {
  readonly contestant: string;
  readonly group: Group;
  /** Why it did not complete the trace. */
  readonly failure: string | null;
  readonly refused: number;
  readonly phases: Readonly<Record<Phase, RowTime | null>>;
  /** Nanoseconds a slice. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly longest: number | null;
  /** Most bytes held from the host at a time. */
  readonly heldPeak: number | null;
  /** Most bytes that were live over most that were held, 0 to 1. */
  readonly utilisation: number | null;
  readonly residentBytes: number | null;
  readonly growths: number | null;
  readonly gcShare: number | null;
}

/** A time of a contestant with a trace. */
export interface RowTime extends Spread {
  /** Over the reference's time. */
  readonly ratio: Estimate | null;
  /** The median without the median of the control of its group; null where there is none. */
  readonly net: number | null;
}

/** Samples by contestant, then phase, then trace: null where a trace was not completed. */
type Table = ReadonlyMap<string, Readonly<Record<Phase, readonly (Sampled | null)[]>>>;

/** @returns statistics of everything in the result */
export function summarise(result: BenchResult): Summary {
  const table = samplesOf(result);
  const reference = referenceOf(result, table);
  return {
    reference,
    overall: result.contestants.map((one, i) => overallOf(one, table, reference, -1 - i)),
    traces: result.traces.map((trace, at) => ({
      name: trace.name,
      rows: result.contestants.flatMap((contestant) => {
        const heap = trace.heaps.find((one) => one.contestant === contestant.name);
        return heap === undefined
          ? []
          : [rowOf({ result, table, reference, trace, at, heap, contestant })];
      }),
    })),
  };
}

function samplesOf({ contestants, traces }: BenchResult): Table {
  let stream = 0;
  return new Map(
    contestants.map(({ name }) => {
      const heaps = traces.map((trace) => trace.heaps.find((one) => one.contestant === name));
      const of = (phase: Phase): (Sampled | null)[] =>
        heaps.map((heap) =>
          heap === undefined || heap.failure !== null
            ? null
            : sampled(byHeap(heap[phase], heap.heaps), stream++),
        );
      return [name, { warm: of("warm"), lukewarm: of("lukewarm"), cold: of("cold") }];
    }),
  );
}

/** The heap of this project's that completed most traces and, of these, needed the least time. */
function referenceOf({ contestants }: BenchResult, table: Table): string | null {
  const ours = contestants
    .filter(({ group }) => group === "ours")
    .map(({ name }) => {
      const done = table.get(name)!.warm.filter((one) => one !== null);
      return { name, done: done.length, time: meanOf(done)?.value ?? Infinity };
    })
    .filter(({ done }) => done > 0);
  ours.sort((a, b) => b.done - a.done || a.time - b.time);
  return ours[0]?.name ?? null;
}

function overallOf(
  { name, group, startUp }: ContestantResult,
  table: Table,
  reference: string | null,
  stream: number,
): Overall {
  const own = table.get(name)!;
  const time = (phase: Phase): OverallTime => {
    const base = reference === null ? [] : table.get(reference)![phase];
    const shared = meanRatioOf(own[phase], base);
    return {
      mean: meanOf(own[phase].filter((one) => one !== null)),
      ratio: name === reference && shared !== null ? UNITY : (shared?.ratio ?? null),
      shared: shared?.traces ?? 0,
    };
  };
  const starts = sampled(startUp, stream);
  return {
    contestant: name,
    group,
    completed: own.warm.filter((one) => one !== null).length,
    phases: { warm: time("warm"), lukewarm: time("lukewarm"), cold: time("cold") },
    startUp: starts === null ? null : spreadOf(starts),
  };
}

/** What the reference is of itself. */
const UNITY: Estimate = { value: 1, low: 1, high: 1 };

interface Place {
  readonly result: BenchResult;
  readonly table: Table;
  readonly reference: string | null;
  readonly trace: TraceResult;
  /** Which trace it is. */
  readonly at: number;
  readonly heap: HeapResult;
  readonly contestant: ContestantResult;
}

function rowOf(place: Place): Row {
  const { trace, heap, contestant } = place;
  const { latency, heldBytes } = heap;
  const heldPeak = heldBytes === null ? null : Math.max(0, ...heldBytes);
  return {
    contestant: contestant.name,
    group: contestant.group,
    failure: heap.failure,
    refused: heap.refused,
    phases: {
      warm: timeOf(place, "warm"),
      lukewarm: timeOf(place, "lukewarm"),
      cold: timeOf(place, "cold"),
    },
    p50: latency?.p50 ?? null,
    p99: latency?.p99 ?? null,
    p999: latency?.p999 ?? null,
    longest: latency?.longest ?? null,
    heldPeak,
    utilisation: heldPeak === null || heldPeak === 0 ? null : trace.peakLiveBytes / heldPeak,
    residentBytes: heap.residentBytes,
    growths: heap.growths,
    gcShare: heap.gcShare,
  };
}

function timeOf({ table, reference, at, contestant }: Place, phase: Phase): RowTime | null {
  const { name, control } = contestant;
  const samplesBy = (who: string): Sampled | null => table.get(who)?.[phase][at] ?? null;
  const own = samplesBy(name);
  if (own === null) return null;
  const base = reference === null ? null : samplesBy(reference);
  const loop = control === null ? null : samplesBy(control);
  return {
    ...spreadOf(own),
    ratio: base === null ? null : name === reference ? UNITY : ratioOf(own, base),
    net: loop === null ? null : own.median - loop.median,
  };
}
