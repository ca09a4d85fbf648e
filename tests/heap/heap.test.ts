import { describe, expect, it } from "vitest";
import { HeapDeadError, OutOfMemoryError } from "../../src/heap/errors.js";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import type { Heap } from "../../src/heap/heap.js";
import { HeapAbort } from "../../src/process/failures.js";

describe.each(["ilp32", "lp64"] as const)("the safe heap, %s", (abi) => {
  it("allocates, resizes, frees", async () => {
    const heap = await createHeap({ abi });
    expect(heap.abi).toBe(abi);
    const a = heap.malloc(10);
    expect(a % 16).toBe(0);
    heap.u8(a, 10).set([1, 2, 3]);
    const b = heap.realloc(a, 100_000);
    expect([...heap.u8(b, 3)]).toEqual([1, 2, 3]);
    expect(heap.usableSize(b)).toBeGreaterThanOrEqual(100_000);
    expect(heap.realloc(b, 0)).toBe(0);
    expect([...heap.u8(heap.calloc(3, 4), 12)]).toEqual(new Array(12).fill(0));
    expect(heap.memalign(64, 1) % 64).toBe(0);
    expect(heap.alignedAlloc(4096, 1) % 4096).toBe(0);
    expect(heap.reallocarray(0, 3, 5)).not.toBe(0);
    heap.free(0);
    expect(heap.usableSize(0)).toBe(0);
  });

  it("tells how it is: statistics, mm_struct, trimming", () => {
    const heap = createHeapSync({ abi });
    const blocks = Array.from({ length: 100 }, () => heap.malloc(5000));
    expect(heap.stats().uordblks).toBeGreaterThan(500_000);
    const before = heap.mm.brk;
    blocks.forEach((block) => heap.free(block));
    heap.trim();
    expect(heap.mm.brk).toBeLessThan(before);
    expect(heap.stats().arena).toBe(heap.mm.brk - heap.mm.startBrk);
  });

  it("tells what glibc's malloc_info and malloc_stats print", () => {
    const heap = createHeapSync({ abi });
    heap.malloc(1000);
    expect(heap.mallocInfo()).toMatch(/^<malloc version="1">\n<heap nr="0">[^]*<\/malloc>\n$/);
    expect(heap.mallocStats()).toMatch(
      /^Arena 0:\nsystem bytes     = +\d{6}\n[^]*max mmap bytes   = +0\n$/,
    );
  });

  it("no memory: 0 by default, and the heap goes on", () => {
    const heap = createHeapSync({ abi, maximumPages: 32 });
    const keep = heap.malloc(100_000);
    heap.u8(keep, 100_000).fill(9);
    expect(heap.malloc(2 ** 24)).toBe(0);
    expect(heap.errno).toBe(12);
    expect(heap.realloc(keep, 2 ** 24)).toBe(0);
    expect(heap.u8(keep, 100_000).every((byte) => byte === 9)).toBe(true);
    expect(heap.calloc(2 ** 31, 2 ** 31)).toBe(0);
    heap.free(keep);
    expect(heap.malloc(100_000)).not.toBe(0);
  });

  it("no memory: or an OutOfMemoryError", () => {
    const heap = createHeapSync({ abi, maximumPages: 32, outOfMemory: "throw" });
    expect(() => heap.malloc(2 ** 24)).toThrow(OutOfMemoryError);
    expect(() => heap.calloc(2 ** 20, 16)).toThrow(/calloc: no memory for 16777216 bytes/);
    expect(() => heap.memalign(16, 2 ** 24)).toThrow(OutOfMemoryError);
    const a = heap.malloc(10);
    expect(() => heap.realloc(a, 2 ** 24)).toThrow(OutOfMemoryError);
    expect(heap.realloc(a, 0)).toBe(0);
  });
});

function corrupt(heap: Heap): HeapAbort {
  const a = heap.malloc(24);
  heap.free(a);
  try {
    heap.free(a);
  } catch (error) {
    if (error instanceof HeapAbort) return error;
  }
  throw new Error("the double free went through");
}

describe("a heap's end", () => {
  it("a failed check is a HeapAbort with glibc's message, code and address", () => {
    const heap = createHeapSync();
    const abort = corrupt(heap);
    expect(abort.message).toBe("free(): double free detected in tcache 2");
    expect(abort.code).toBeTypeOf("number");
    expect(abort.address).toBeGreaterThan(heap.mm.startBrk);
    expect(heap.aborted).toBe(abort);
  });

  it("after that, safe calls say that the heap is dead; views and mm still work for a post-mortem", () => {
    const heap = createHeapSync();
    const abort = corrupt(heap);
    const calls: (() => unknown)[] = [
      () => heap.malloc(1),
      () => heap.calloc(1, 1),
      () => heap.realloc(0, 1),
      () => heap.free(0),
      () => heap.usableSize(0),
      () => heap.stats(),
      () => heap.trim(),
    ];
    for (const call of calls) {
      expect(call).toThrow(HeapDeadError);
      expect(call).toThrow(/was aborted \("free\(\): double free.*"\).*dead/);
      expect(call).toThrow(expect.objectContaining({ cause: abort }));
    }
    expect(heap.mm.brk).toBeGreaterThan(0);
    expect(heap.u8(abort.address, 4)).toHaveLength(4);
  });

  it("a wild access, a segmentation fault in C, ends the heap as well", () => {
    const heap = createHeapSync();
    const a = heap.malloc(2000);
    heap.malloc(16);
    heap.free(a);
    // The free block's back link in the unsorted list, bent to where there is no memory.
    heap.u32(a + 4, 1)[0] = 0xfff00000;
    expect(() => heap.malloc(3000)).toThrow(/^Segmentation fault: malloc\(\): .*out of bounds/);
    expect(heap.aborted).toMatchObject({ failure: "SEGV_ACCESS", signal: "SIGSEGV" });
    expect(() => heap.malloc(1)).toThrow(HeapDeadError);
    expect(() => heap.malloc(1)).toThrow(/out of bounds/);
  });

  it("one heap's end is not another's", () => {
    const [one, two] = [createHeapSync(), createHeapSync()];
    corrupt(one);
    expect(two.malloc(10)).not.toBe(0);
    expect(two.aborted).toBeUndefined();
  });

  it("disposing ends it too", () => {
    const heap = createHeapSync();
    heap[Symbol.dispose]();
    expect(() => heap.malloc(1)).toThrow(/malloc: this heap was disposed of/);
    heap.dispose();
  });
});

describe("checked arguments", () => {
  const heap = createHeapSync();
  const a = heap.malloc(64);

  it.each<[string, () => unknown, RegExp]>([
    ["malloc(-1)", () => heap.malloc(-1), /malloc: size must be from 0 to 4294967295, got -1/],
    ["malloc(1.5)", () => heap.malloc(1.5), /malloc: size must be an integer, got 1.5/],
    ["malloc(NaN)", () => heap.malloc(NaN), /malloc: size must be an integer, got NaN/],
    ["malloc(2^32)", () => heap.malloc(2 ** 32), /malloc: size must be from 0 to 4294967295/],
    ['malloc("8")', () => heap.malloc("8" as unknown as number), /an integer, got "8"/],
    ["malloc(8n)", () => heap.malloc(8n as unknown as number), /an integer, got 8n/],
    ["calloc(-1, 1)", () => heap.calloc(-1, 1), /calloc: count must be from 0/],
    ["calloc(1, -1)", () => heap.calloc(1, -1), /calloc: size must be from 0/],
    ["free(-16)", () => heap.free(-16), /free: address must be unsigned, got -16 .*>>> 0/],
    ["free(outside)", () => heap.free(0xf0000000), /free: address must lie inside the memory/],
    ["realloc(outside, 1)", () => heap.realloc(2 ** 32, 1), /realloc: address must be from 0/],
    ["memalign(24, 1)", () => heap.memalign(24, 1), /memalign: alignment must be a power of two/],
    ["memalign(0, 1)", () => heap.memalign(0, 1), /memalign: alignment must be from 1/],
    ["trim(-1)", () => heap.trim(-1), /trim: pad must be from 0/],
    ["u8(0, 1)", () => heap.u8(0, 1), /u8: address must be from 1/],
    ["u32(a+2, 1)", () => heap.u32(a + 2, 1), /u32: address must be a multiple of 4/],
    ["u8(a, huge)", () => heap.u8(a, 2 ** 30), /u8: length at address \d+ must be from 0 to/],
    ["f64(a, -1)", () => heap.f64(a, -1), /f64: length at address/],
  ])("%s is refused and changes nothing", (_name, call, expected) => {
    const before = heap.stats();
    expect(call).toThrow(expected);
    expect(heap.stats()).toEqual(before);
  });

  it("an unknown policy is refused", () => {
    const options = { outOfMemory: "abort" as "null" };
    expect(() => createHeapSync(options)).toThrow(/"outOfMemory" must be one of "null", "throw"/);
  });
});
