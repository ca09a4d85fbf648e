import { expect, it } from "vitest";
import { geometricMean, summarise } from "../../src/trace/statistics.js";

it("median and best of an odd and of an even number of samples", () => {
  expect(summarise([5, 1, 9])).toEqual({ median: 5, best: 1, worst: 9, samples: [5, 1, 9] });
  expect(summarise([4, 1, 10, 2])).toEqual({
    median: 3,
    best: 1,
    worst: 10,
    samples: [4, 1, 10, 2],
  });
  expect(() => summarise([])).toThrow(RangeError);
});

it("the geometric mean", () => {
  expect(geometricMean([2, 8])).toBeCloseTo(4);
  expect(geometricMean([])).toBeNaN();
});
