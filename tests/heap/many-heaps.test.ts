import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

interface Found {
  compilations: number;
  grownMiB: number;
  live: number;
  limits: number[];
  farMiB: number;
  liveMiB: number;
  isWhole: boolean;
}

describe("many heaps in one process", () => {
  const child = fileURLToPath(new URL("many-heaps-child.mjs", import.meta.url));
  const text = execFileSync(process.execPath, ["--expose-gc", child], { encoding: "utf8" });
  const found = JSON.parse(text) as Found;

  it("compile the binary once", () => {
    expect(found.compilations).toBe(1);
  });

  // 500 heaps had a MiB each in use: what is not given back would show.
  it("leave resident memory flat, made and disposed of in a loop", () => {
    expect(found.grownMiB).toBeLessThan(32);
  });

  it("can be alive at once, 200 that may grow to 4 GiB each", () => {
    expect(found).toMatchObject({ live: 200, limits: [2 ** 32 - 65536], isWhole: true });
    expect(found.farMiB).toBeGreaterThanOrEqual(1500);
    // Kernel pages, libc's data and the first pages of a heap.
    expect(found.liveMiB).toBeLessThan(200 * 0.5);
  });
});
