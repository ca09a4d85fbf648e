// Programs that move the break themselves, beside malloc.

import { describe, expect, it } from "vitest";

import { createHeapSync, type Abi } from "../../src/index.js";

const LAYOUTS = ["linux", "top-down", "compact"] as const;

describe.each(["ilp32", "lp64"] as const)("a program with an sbrk of its own, %s", (abi: Abi) => {
  it.each(LAYOUTS)("every request is served in the layout %s", (layout) => {
    const heap = createHeapSync({ abi, layout });
    heap.malloc(100);
    for (const size of [200_000, 140_000, 1_000_000, 200_000, 3_000_000]) {
      heap.raw.sbrk(heap.process.toWord(16));
      const block = heap.malloc(size);
      expect(block).not.toBe(0);
      heap.u8(block, size).fill(1);
      expect(heap.malloc(size)).not.toBe(0);
      heap.free(block);
    }
    expect(heap.errno).toBe(0);
  });
});
