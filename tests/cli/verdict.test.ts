import { describe, expect, it } from "vitest";
import { rangeText, verdictOf, verdictText } from "../../src/cli/replay/verdict.js";
import { summarise } from "../../src/trace/statistics.js";

/** Seven samples about a middle one that spread by a share of it. */
function about(middle: number, share: number) {
  return summarise([-3, -2, -1, 0, 1, 2, 3].map((step) => middle * (1 + (share * step) / 3)));
}

describe("a verdict", () => {
  it.each([
    ["faster", 100, 10],
    ["slower", 10, 100],
    ["same", 100, 100],
  ])("is %s where samples agree", (kind, theirs, ours) => {
    const verdict = verdictOf(about(theirs, 0.01), about(ours, 0.01));
    expect(verdict).toMatchObject({ kind, reason: "" });
    expect(verdict.ratio).toBeCloseTo(theirs / ours);
    expect(verdict.low).toBeLessThanOrEqual(verdict.ratio);
    expect(verdict.high).toBeGreaterThanOrEqual(verdict.ratio);
    expect(verdict.high / verdict.low).toBeLessThan(1.05);
  });

  it("is the same for the same samples", () => {
    const once = verdictOf(about(100, 0.2), about(10, 0.3));
    expect(verdictOf(about(100, 0.2), about(10, 0.3))).toEqual(once);
  });

  it("is none where samples disagree by more than they differ", () => {
    // Two runs over one trace: "1.49x slower", then "7.51x faster".
    const ours = summarise([31.8, 33, 35, 161, 163, 170, 180]);
    for (const theirs of [about(108, 0.05), about(240, 0.1)]) {
      const verdict = verdictOf(theirs, ours);
      expect(verdict.kind).toBe("none");
      expect(verdict.reason).toMatch(/^samples disagree \(31\.8 to 180 ns, and \d+ to \d+ ns\)$/);
    }
  });

  it("is none where the interval lies on both sides", () => {
    expect(verdictOf(about(110, 0.5), about(100, 0.5)).kind).toBe("none");
  });

  it("is given in spite of one outlier", () => {
    const ours = summarise([10, 10.1, 10.2, 10.2, 10.3, 10.4, 95]);
    expect(verdictOf(about(60, 0.05), ours).kind).toBe("faster");
  });

  it.each([1, 2, 4])("is none from %d samples", (count) => {
    const few = (value: number) => summarise(Array.from({ length: count }, () => value));
    const verdict = verdictOf(few(100), few(10));
    expect(verdict.kind).toBe("none");
    expect(verdictText(verdict, "it")).toMatch(
      /^no verdict against it: \d samples?, and 5 are the least \(--repeat\)$/,
    );
  });
});

it("verdicts in words have their interval", () => {
  const base = { ratio: 10, low: 8, high: 12.5, reason: "" };
  expect(verdictText({ ...base, kind: "faster" }, "it")).toBe(
    "10.0x (8.00x to 12.5x) faster than it",
  );
  const slow = { kind: "slower", ratio: 0.1, low: 0.08, high: 0.125, reason: "" } as const;
  expect(verdictText(slow, "it")).toBe("10.0x (8.00x to 12.5x) slower than it");
  expect(verdictText({ ...base, kind: "same" }, "it")).toBe("as fast as it");
});

it("ranges", () => {
  expect(rangeText(summarise([5, 1, 9]))).toBe("1.00 to 9.00");
  expect(rangeText(summarise([5]))).toBe("5.00");
});
