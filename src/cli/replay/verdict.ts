// What samples of two things say about which is faster, and when they say nothing.
//
// Samples of a busy machine, of a young compiler or of a garbage collector's moods differ by
// themselves. A verdict is given only when there are enough of them, when the 95 % interval of the
// medians' ratio (a percentile bootstrap) lies on one side, and when neither side's samples
// disagree among themselves by more than the two sides differ.

import { quantile } from "simple-statistics";
import type { Samples } from "../../trace/statistics.js";
import { ratioInterval } from "../bootstrap.js";
import { formatNanoseconds, formatRatio } from "../../base/format.js";

/** Fewer samples say nothing about how much they spread. */
export const LEAST_SAMPLES = 5;
/** Within this share both are called equally fast. */
const SAME = 0.05;

/** Theirs over ours: how many times longer they take. */
export interface Verdict {
  /** "faster": we are. */
  readonly kind: "faster" | "slower" | "same" | "none";
  /** Of the medians. */
  readonly ratio: number;
  /** Its 95 % interval. */
  readonly low: number;
  readonly high: number;
  /** Why there is none; "" where there is one. */
  readonly reason: string;
}

/** @returns what the samples say */
export function verdictOf(theirs: Samples, ours: Samples): Verdict {
  const ratio = theirs.median / ours.median;
  const { low, high } = ratioInterval(theirs.samples, ours.samples);
  const verdict = (kind: Verdict["kind"], reason = ""): Verdict => ({
    kind,
    ratio,
    low,
    high,
    reason,
  });
  const count = Math.min(theirs.samples.length, ours.samples.length);
  if (count < LEAST_SAMPLES) {
    const what = count === 1 ? "1 sample" : `${count} samples`;
    return verdict("none", `${what}, and ${LEAST_SAMPLES} are the least (--repeat)`);
  }
  const difference = Math.max(ratio, 1 / ratio);
  if (low > 1 - SAME && high < 1 + SAME) return verdict("same");
  const isOneSided = low > 1 || high < 1;
  if (!isOneSided || Math.max(spread(theirs), spread(ours)) > difference) {
    return verdict("none", `samples disagree (${rangeText(ours)} ns, and ${rangeText(theirs)} ns)`);
  }
  return verdict(ratio > 1 ? "faster" : "slower");
}

/** @returns a verdict in words: "12.3x (11.9x to 12.8x) faster than NAME" */
export function verdictText({ kind, ratio, low, high, reason }: Verdict, than: string): string {
  switch (kind) {
    case "faster":
      return `${formatRatio(ratio)} (${formatRatio(low)} to ${formatRatio(high)}) faster than ${than}`;
    case "slower": {
      const [least, most] = [formatRatio(1 / high), formatRatio(1 / low)];
      return `${formatRatio(1 / ratio)} (${least} to ${most}) slower than ${than}`;
    }
    case "same":
      return `as fast as ${than}`;
    case "none":
      return `no verdict against ${than}: ${reason}`;
  }
}

/** @returns the least and the greatest sample: "31.8 to 161" */
export function rangeText({ best, worst }: Samples): string {
  const [low, high] = [formatNanoseconds(best), formatNanoseconds(worst)];
  return low === high ? low : `${low} to ${high}`;
}

/** How much the middle half of the samples disagrees: the third quartile over the first. */
function spread({ samples }: Samples): number {
  return quantile([...samples], 0.75) / quantile([...samples], 0.25);
}
