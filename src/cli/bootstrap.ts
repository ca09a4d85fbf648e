// How sure a median is: the percentile bootstrap (B. Efron, 1979). Samples are drawn again and
// again from the samples that there are, and the medians of these draws spread as the medians of
// other runs would. The draws come from a seed, so the same samples give the same interval.

import { median, quantile, sampleWithReplacement } from "simple-statistics";

/** An interval that holds 95 % of what was drawn. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1000;
const SEED = 0x9e3779b9;
/** What an interval of 95 % leaves out at either end. */
const TAIL = 0.025;

/**
 * Random numbers: xorshift32 (Marsaglia, 2003).
 *
 * @param stream a whole number; another one gives other numbers
 * @returns a function that gives numbers from 0 to 1
 */
export function randomStream(stream = 0): () => number {
  // Odd, and multiplied by something odd: no stream's state is 0, which xorshift never leaves.
  let state = Math.imul(SEED, 2 * stream + 1);
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** @returns the median of as many samples as there are, each drawn from all of them */
export function drawMedian(samples: readonly number[], random: () => number): number {
  return median(sampleWithReplacement([...samples], samples.length, random));
}

/** @returns what `draw` gives, as often as an interval needs */
export function resample(draw: () => number): number[] {
  return Array.from({ length: RESAMPLES }, draw);
}

/** @returns the interval that holds 95 % of the draws */
export function intervalOf(draws: readonly number[]): Interval {
  const all = [...draws];
  return { low: quantile(all, TAIL), high: quantile(all, 1 - TAIL) };
}

/** @returns the 95 % interval of the median of `a` over the median of `b` */
export function ratioInterval(a: readonly number[], b: readonly number[]): Interval {
  const random = randomStream();
  return intervalOf(resample(() => drawMedian(a, random) / drawMedian(b, random)));
}
