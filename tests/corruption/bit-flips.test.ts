// One flipped bit in a busy heap's metadata: whatever is called then returns, or says what is
// wrong. Nothing hangs, no trap is without words, and the process does not die. PTMALLOC_FLIPS=3000
// tries as many seeds in each row.

import { describe, expect, test } from "vitest";
import { campaign } from "../support/campaign.js";
import { flipBits, type FlipMode } from "../support/flips.js";

const chosen = process.env["PTMALLOC_FLIPS"];
const from = Number(process.env["PTMALLOC_FLIPS_FROM"] ?? 1);

const ROWS: [FlipMode, "ilp32" | "lp64", number][] = [
  ["heap", "ilp32", campaign({ short: 24, ci: 120 })],
  ["heap", "lp64", campaign({ short: 24, ci: 120 })],
  ["throughput", "ilp32", campaign({ short: 24, ci: 120 })],
  ["throughput", "lp64", campaign({ short: 24, ci: 120 })],
  ["small", "ilp32", campaign({ short: 24, ci: 120 })],
  ["small", "lp64", campaign({ short: 24, ci: 120 })],
  ["threads", "ilp32", campaign({ short: 12, ci: 40 })],
  ["threads", "lp64", campaign({ short: 12, ci: 40 })],
  ["threads-throughput", "ilp32", campaign({ short: 12, ci: 40 })],
  ["threads-throughput", "lp64", campaign({ short: 12, ci: 40 })],
  // Guests of 64-bit words do not exist.
  ["guest", "ilp32", campaign({ short: 12, ci: 40 })],
];

describe.each(ROWS)("a flipped bit, %s, %s", (mode, abi, usual) => {
  const seeds = Number(chosen ?? usual);
  test(`${seeds} seeds from ${from}`, { timeout: seeds * 2000 + 60_000 }, async () => {
    const { bad, ends } = await flipBits(abi, mode, from, from + seeds);
    if (chosen !== undefined) {
      for (const [end, count] of [...ends].sort((a, b) => b[1] - a[1])) console.log(count, end);
    }
    expect(bad).toEqual([]);
    expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(seeds);
    // Some must do harm, or the test would prove nothing.
    expect(ends.size).toBeGreaterThan(3);
  });
});
