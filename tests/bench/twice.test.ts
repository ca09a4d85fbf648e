// The programs that exist twice do the same, and leave nothing behind.

import { describe, expect, it } from "vitest";
import { programs } from "../../bench/twice/index.js";
import { Words } from "../../bench/twice/words.js";
import { createHeapSync } from "../../src/index.js";

describe.each(programs.map((program) => [program.name, program] as const))("%s", (_, program) => {
  const wanted = program.onObjects();

  it("is the same program each time", () => {
    expect(program.onObjects()).toBe(wanted);
    expect(wanted).toBeGreaterThan(program.operations / 100);
  });

  it.each(["glibc", "throughput"] as const)("has the same result on the heap, %s", (profile) => {
    const heap = createHeapSync({ profile });
    const words = new Words(heap);
    expect([program.onHeap(words), program.onHeap(words)]).toEqual([wanted, wanted]);
    const before = heap.stats().uordblks;
    program.onHeap(words);
    // What caches keep counts as used: it may not grow with every run.
    expect(heap.stats().uordblks).toBeLessThanOrEqual(before);
  });
});
