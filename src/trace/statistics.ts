// The few statistics that the measurements need.

/** Several measurements of the same thing. */
export interface Samples {
  /** The middle one (mean of the two middle ones where their number is even). */
  readonly median: number;
  /** The least one, and the greatest. */
  readonly best: number;
  readonly worst: number;
  /** All of them, in the order they were taken. */
  readonly samples: readonly number[];
}

/** @returns median, least and greatest of `samples`, of which there must be at least one */
export function summarise(samples: readonly number[]): Samples {
  if (samples.length === 0) throw new RangeError("no samples to summarise");
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  const median = sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
  return { median, best: sorted[0]!, worst: sorted.at(-1)!, samples };
}

/** @returns the geometric mean of positive numbers, NaN for none */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  let sum = 0;
  for (const value of values) sum += Math.log(value);
  return Math.exp(sum / values.length);
}
