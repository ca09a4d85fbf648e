// What samples of times say: their middle, how much they spread, and how sure all that is. Medians,
// quantiles and means are simple-statistics'; intervals hold 95 % (src/cli/bootstrap.ts).

import { geometricMean, median, min, quantile } from "simple-statistics";
import { drawMedian, intervalOf, randomStream, resample, type Interval } from "../bootstrap.js";

/** A number and its 95 % interval. */
export interface Estimate extends Interval {
  readonly value: number;
}

/** What samples of one thing say, in the samples' unit. */
export interface Spread extends Interval {
  readonly median: number;
  /** The least sample. */
  readonly best: number;
  /** A quarter of the samples is below the first, a quarter above the third. */
  readonly quartiles: readonly [number, number];
  /** How many samples. */
  readonly count: number;
}

/** Samples, and the medians of what was drawn from them again and again. */
export interface Sampled {
  readonly samples: readonly number[];
  readonly median: number;
  readonly draws: readonly number[];
}

/**
 * @param heaps how many heaps the samples are of, as many of each, heap by heap
 * @returns the median of each heap's samples: what one heap gave belongs together, and only heaps
 *   are independent of each other
 */
export function byHeap(samples: readonly number[], heaps: number): number[] {
  const each = Math.max(1, Math.floor(samples.length / Math.max(heaps, 1)));
  return Array.from({ length: Math.ceil(samples.length / each) }, (_, i) =>
    median(samples.slice(i * each, (i + 1) * each)),
  );
}

/**
 * @param stream which random numbers to draw by: samples that are compared must not share them
 * @returns the samples with draws of them; null where there are none
 */
export function sampled(samples: readonly number[], stream: number): Sampled | null {
  if (samples.length === 0) return null;
  const random = randomStream(stream);
  const draws = resample(() => drawMedian(samples, random));
  return { samples, median: median([...samples]), draws };
}

/** @returns median, best, quartiles and the median's interval, in the samples' unit */
export function spreadOf({ samples, median, draws }: Sampled): Spread {
  const all = [...samples];
  return {
    median,
    best: min(all),
    quartiles: [quantile(all, 0.25), quantile(all, 0.75)],
    count: all.length,
    ...intervalOf(draws),
  };
}

/** @returns how many times b's median a's is, with its interval */
export function ratioOf(a: Sampled, b: Sampled): Estimate {
  const ratios = a.draws.map((draw, i) => draw / b.draws[i]!);
  return { value: a.median / b.median, ...intervalOf(ratios) };
}

/** @returns the geometric mean of the medians, with its interval, in their unit; null of none */
export function meanOf(list: readonly Sampled[]): Estimate | null {
  if (list.length === 0) return null;
  const means = list[0]!.draws.map((_, i) => geometricMean(list.map(({ draws }) => draws[i]!)));
  return { value: geometricMean(list.map(({ median }) => median)), ...intervalOf(means) };
}

/**
 * Compares two over several traces, over those that both have completed.
 *
 * @param a one entry a trace, null where it was not completed
 * @param b likewise, in the same order
 * @returns the geometric mean of the medians' ratios with its interval, and over how many traces;
 *   null where there is no common one
 */
export function meanRatioOf(
  a: readonly (Sampled | null)[],
  b: readonly (Sampled | null)[],
): { ratio: Estimate; traces: number } | null {
  const pairs = a.flatMap((one, i) => {
    const other = b[i] ?? null;
    return one === null || other === null ? [] : [[one, other] as const];
  });
  if (pairs.length === 0) return null;
  const mean = (pick: (one: Sampled, other: Sampled) => number): number =>
    geometricMean(pairs.map(([one, other]) => pick(one, other)));
  const draws = pairs[0]![0].draws.map((_, i) => mean((x, y) => x.draws[i]! / y.draws[i]!));
  const value = mean((x, y) => x.median / y.median);
  return { ratio: { value, ...intervalOf(draws) }, traces: pairs.length };
}

/** @returns one over it: the same of b to a, where it was of a to b */
export function inverse({ value, low, high }: Estimate): Estimate {
  return { value: 1 / value, low: 1 / high, high: 1 / low };
}
