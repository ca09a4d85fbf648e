import { describe, expect, it } from "vitest";
import { intervalOf, randomStream, ratioInterval } from "../../../src/cli/bootstrap.js";
import {
  inverse,
  meanOf,
  meanRatioOf,
  ratioOf,
  sampled,
  spreadOf,
} from "../../../src/cli/bench/statistics.js";

/** Samples whose draws are their only value. */
const only = (value: number, stream = 0) => sampled([value, value, value], stream)!;

describe("a spread", () => {
  it("has median, best and quartiles", () => {
    // Quantiles as R's type 7 has them: 1 + 0.25 · 3 = 1.75 places, between 2 and 3.
    expect(spreadOf(sampled([4, 1, 3, 2], 0)!)).toMatchObject({
      median: 2.5,
      best: 1,
      quartiles: [1.75, 3.25],
      count: 4,
    });
  });

  it("of one value is sure", () => {
    expect(spreadOf(only(7))).toMatchObject({ median: 7, low: 7, high: 7, best: 7 });
  });

  it("is none without samples", () => {
    expect(sampled([], 0)).toBeNull();
  });

  it("has an interval that holds the median, is the same again, and shrinks with more samples", () => {
    const random = randomStream(5);
    const some = (count: number) => Array.from({ length: count }, () => 100 + 20 * random());
    const [few, many] = [some(10), some(1000)];
    const width = (samples: number[]) => {
      const { low, high, median } = spreadOf(sampled(samples, 3)!);
      expect(low).toBeLessThanOrEqual(median);
      expect(high).toBeGreaterThanOrEqual(median);
      return high - low;
    };
    expect(width(few)).toBe(width(few));
    expect(width(many)).toBeLessThan(width(few) / 3);
  });

  it("has an interval that mostly holds the truth", () => {
    const random = randomStream(11);
    const hits = Array.from({ length: 200 }, (_, stream) => {
      const samples = Array.from({ length: 25 }, () => random());
      const { low, high } = spreadOf(sampled(samples, stream)!);
      return low <= 0.5 && high >= 0.5;
    }).filter(Boolean);
    // 95 % of 200 are 190; the percentile bootstrap of medians is a bit generous.
    expect(hits.length).toBeGreaterThan(180);
  });
});

describe("ratios", () => {
  it("are of medians", () => {
    expect(ratioOf(only(6), only(4, 1))).toEqual({ value: 1.5, low: 1.5, high: 1.5 });
    expect(inverse({ value: 2, low: 1, high: 4 })).toEqual({ value: 0.5, low: 0.25, high: 1 });
  });

  it("of noisy samples to themselves are not sure: the draws are others", () => {
    const samples = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const { value, low, high } = ratioOf(sampled(samples, 0)!, sampled(samples, 1)!);
    expect(value).toBe(1);
    expect(low).toBeLessThan(0.9);
    expect(high).toBeGreaterThan(1.1);
  });

  it("agree with what the command replay says", () => {
    const [a, b] = [Array.from({ length: 40 }, (_, i) => 100 + i), [50, 51, 52, 53, 54, 55, 56]];
    const here = ratioOf(sampled(a, 8)!, sampled(b, 9)!);
    const there = ratioInterval(a, b);
    expect(here.low / there.low).toBeCloseTo(1, 1);
    expect(here.high / there.high).toBeCloseTo(1, 1);
  });
});

describe("means", () => {
  it("are geometric", () => {
    expect(meanOf([only(2), only(8, 1)])!.value).toBeCloseTo(4);
    expect(meanOf([])).toBeNull();
  });

  it("of ratios are over the traces that both completed", () => {
    const [a, b] = [
      [only(2), only(100, 1), null, only(8, 2)],
      [only(1, 3), null, only(100, 4), only(1, 5)],
    ];
    const { ratio, traces } = meanRatioOf(a, b)!;
    expect(traces).toBe(2);
    expect(ratio.value).toBeCloseTo(4);
    expect(ratio.low).toBeCloseTo(4);
    expect(meanRatioOf([only(1), null], [null, only(1)])).toBeNull();
  });
});

it("streams of random numbers differ, and none stands still", () => {
  const first = Array.from({ length: 100 }, (_, stream) => {
    const random = randomStream(stream - 50);
    return [random(), random(), random()];
  });
  expect(new Set(first.flat()).size).toBe(300);
  expect(intervalOf([1, 2, 3]).low).toBeCloseTo(1.05);
});
