// Two runs of the lab, before and after a change: which times moved, and by how much.
//
// Medians of two runs always differ. One has moved when the 95 % interval of their ratio lies
// beyond the threshold as a whole; it is the same when the interval lies within it; else there is
// no verdict: more samples or a quieter machine are needed.

import { LEAST_SAMPLES } from "../replay/verdict.js";
import { ratioInterval } from "../bootstrap.js";
import type { BenchResult, HeapResult } from "./result.js";
import { byHeap, sampled, type Estimate } from "./statistics.js";

/** The times that are compared. */
export const COMPARED = ["warm", "cold"] as const;
/** Which of the two. */
export type ComparedPhase = (typeof COMPARED)[number];

/** What became of one time. */
export type Change = "regression" | "improvement" | "same" | "no verdict";

/** One contestant's time with one trace, before and after. */
export interface Compared {
  readonly trace: string;
  readonly contestant: string;
  readonly title: string;
  readonly phase: ComparedPhase;
  /** Medians, nanoseconds an operation. */
  readonly before: number;
  readonly after: number;
  /** After over before. */
  readonly ratio: Estimate;
  readonly change: Change;
  /** Why there is no verdict; "" where there is one. */
  readonly reason: string;
}

/** What {@link compare} finds. */
export interface Comparison {
  /** As a share of 1. */
  readonly threshold: number;
  /** What differs between the machines; [] for nothing. */
  readonly machines: readonly string[];
  /** Whether others used the machine in either run. */
  readonly isBusy: boolean;
  readonly times: readonly Compared[];
  /** What one side alone has, or completed: "mimalloc on ld: only before". */
  readonly oneSided: readonly string[];
}

/** By how much a median may move, where nobody says. */
export const DEFAULT_THRESHOLD = 0.05;

/**
 * Compares all that both runs have.
 *
 * @param threshold a share of 1: a time that moved by less is the same
 */
export function compare(
  before: BenchResult,
  after: BenchResult,
  threshold = DEFAULT_THRESHOLD,
): Comparison {
  const times: Compared[] = [];
  for (const trace of after.traces) {
    const old = before.traces.find(({ name }) => name === trace.name);
    for (const heap of trace.heaps) {
      const base = old?.heaps.find(({ contestant }) => contestant === heap.contestant);
      if (base === undefined) continue;
      const title = titleOf(after, heap.contestant);
      for (const phase of COMPARED) {
        const found = compareTimes(base, heap, phase, threshold);
        if (found !== null)
          times.push({ trace: trace.name, contestant: heap.contestant, title, ...found });
      }
    }
  }
  return {
    threshold,
    machines: differences(before, after),
    isBusy: before.noise.isBusy || after.noise.isBusy,
    times,
    oneSided: oneSided(before, after),
  };
}

/** @returns the comparison's times of one kind */
export function changed({ times }: Comparison, change: Change): Compared[] {
  return times.filter((one) => one.change === change);
}

function titleOf({ contestants }: BenchResult, name: string): string {
  return contestants.find((one) => one.name === name)?.title ?? name;
}

function compareTimes(
  before: HeapResult,
  after: HeapResult,
  phase: ComparedPhase,
  threshold: number,
): Omit<Compared, "trace" | "contestant" | "title"> | null {
  const old = sampled(byHeap(before[phase], before.heaps), 0);
  const now = sampled(byHeap(after[phase], after.heaps), 1);
  if (old === null || now === null) return null;
  const ratio = { value: now.median / old.median, ...ratioInterval(now.samples, old.samples) };
  const count = Math.min(old.samples.length, now.samples.length);
  const verdict = verdictOf(ratio, count, threshold);
  return { phase, before: old.median, after: now.median, ratio, ...verdict };
}

function verdictOf(
  { low, high }: Estimate,
  count: number,
  threshold: number,
): Pick<Compared, "change" | "reason"> {
  const most = 1 + threshold;
  const least = 1 / most;
  if (count < LEAST_SAMPLES)
    return {
      change: "no verdict",
      reason: `${count} ${count === 1 ? "sample" : "samples"}, and ${LEAST_SAMPLES} are the least`,
    };
  if (low > most) return { change: "regression", reason: "" };
  if (high < least) return { change: "improvement", reason: "" };
  if (low >= least && high <= most) return { change: "same", reason: "" };
  return { change: "no verdict", reason: "noise: the interval reaches over the threshold" };
}

const MACHINE_WORDS = {
  cpu: "processor",
  cores: "cores",
  memoryGiB: "GiB of memory",
  kernel: "kernel",
  node: "Node.js",
  v8: "V8",
} as const;

function differences(before: BenchResult, after: BenchResult): string[] {
  const keys = Object.keys(MACHINE_WORDS) as (keyof typeof MACHINE_WORDS)[];
  return keys
    .filter((key) => before.machine[key] !== after.machine[key])
    .map((key) => `${MACHINE_WORDS[key]}: ${before.machine[key]}, then ${after.machine[key]}`);
}

/** What cannot be compared, in words. */
function oneSided(before: BenchResult, after: BenchResult): string[] {
  const sides = [
    [before, after, "only before"],
    [after, before, "only after"],
  ] as const;
  return sides.flatMap(([one, other, when]) => {
    const isKnown = (name: string): boolean => other.contestants.some((of) => of.name === name);
    const contestants = one.contestants.filter(({ name }) => !isKnown(name));
    const traces = one.traces.filter(({ name }) => !other.traces.some((of) => of.name === name));
    return [
      ...contestants.map(({ title }) => `the contestant ${title}: ${when}`),
      ...traces.map(({ name }) => `the trace ${name}: ${when}`),
      ...one.traces.flatMap((trace) => {
        const there = other.traces.find(({ name }) => name === trace.name);
        const done = completedBy(trace.heaps).filter(isKnown);
        if (there === undefined) return [];
        const theirs = new Set(completedBy(there.heaps));
        return done
          .filter((name) => !theirs.has(name))
          .map((name) => `${titleOf(one, name)} on ${trace.name}: ${when}`);
      }),
    ];
  });
}

function completedBy(heaps: readonly HeapResult[]): string[] {
  return heaps.filter(({ failure }) => failure === null).map(({ contestant }) => contestant);
}
