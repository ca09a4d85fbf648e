// One flipped bit in a busy heap's metadata: whatever is called then returns, or says what is wrong. Nothing hangs, no trap is without
// words, and the process does not die. PTMALLOC_FLIPS=3000 tries as many seeds in each layout.

import { describe, expect, test } from "vitest";
import { flipBits } from "../support/flips.js";

const seeds = Number(process.env["PTMALLOC_FLIPS"] ?? 120);
const from = Number(process.env["PTMALLOC_FLIPS_FROM"] ?? 1);

describe.each(["ilp32", "lp64"] as const)("a flipped bit, %s", (abi) => {
  test(`${seeds} seeds from ${from}`, { timeout: seeds * 2000 + 60_000 }, async () => {
    const { bad, ends } = await flipBits(abi, from, from + seeds);
    if (process.env["PTMALLOC_FLIPS"] !== undefined) {
      for (const [end, count] of [...ends].sort((a, b) => b[1] - a[1])) console.log(count, end);
    }
    expect(bad).toEqual([]);
    expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(seeds);
    // Some must do harm, or the test would prove nothing.
    expect(ends.size).toBeGreaterThan(5);
  });
});
