import { expect, it } from "vitest";
import {
  formatBytes,
  formatCount,
  formatNanoseconds,
  formatRatio,
  formatShare,
} from "../../src/base/format.js";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "0.98 KiB"],
  [1024, "1.00 KiB"],
  [135168, "132 KiB"],
  [999.4 * 1024, "999 KiB"],
  [999.6 * 1024, "0.98 MiB"],
  [5 * 2 ** 30, "5.00 GiB"],
  [4096 * 2 ** 30, "4096 GiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it("counts, times, shares and ratios", () => {
  expect(formatCount(466593)).toBe("466,593");
  expect([9.876, 26.14, 341.7, 1263.5].map(formatNanoseconds)).toEqual([
    "9.88",
    "26.1",
    "342",
    "1,264",
  ]);
  expect([0, 0.004, 0.0995, 0.31, 1].map(formatShare)).toEqual([
    "0 %",
    "0.4 %",
    "10 %",
    "31 %",
    "100 %",
  ]);
  expect([0.5, 12.34, 1234].map(formatRatio)).toEqual(["0.50x", "12.3x", "1,234x"]);
});
