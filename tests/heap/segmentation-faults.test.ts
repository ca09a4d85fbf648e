// What natively dies of SIGSEGV: an address where nothing is mapped, a trap, however the call came
// in.

import { describe, expect, it } from "vitest";

import { createHeapSync, HeapAbort, HeapDeadError, startProcessSync } from "../../src/index.js";
import { createHeapSync as createThreadedHeapSync } from "../../src/threads.js";
import { wordBytes } from "../../src/layout/address.js";
import { startKernelSync } from "../../src/kernel.js";

const ABIS = ["ilp32", "lp64"] as const;
const MIB = 2 ** 20;

/** Every way to a process whose large blocks have mappings of their own. */
const PROCESSES = {
  linux: (abi: (typeof ABIS)[number]) => createHeapSync({ abi, layout: "linux" }).process,
  "top-down": (abi: (typeof ABIS)[number]) => createHeapSync({ abi, layout: "top-down" }).process,
  threads: (abi: (typeof ABIS)[number]) => createThreadedHeapSync({ abi }).process,
  process: (abi: (typeof ABIS)[number]) => startProcessSync({ abi }),
  compact: (abi: (typeof ABIS)[number]) => startProcessSync({ abi, layout: "compact" }),
  full: (abi: (typeof ABIS)[number]) => startKernelSync({ abi }).process,
};

describe.each(ABIS)("a mapped block that was freed, %s", (abi) => {
  describe.each(Object.keys(PROCESSES) as (keyof typeof PROCESSES)[])("%s", (name) => {
    it.each(["free", "realloc", "usableSize"] as const)("%s", (call) => {
      for (const isMappedAgain of [false, true]) {
        const process = PROCESSES[name](abi);
        process.malloc(10);
        const lead = process.malloc(MIB);
        const block = process.malloc(MIB);
        process.free(block);
        process.free(lead);
        const before = process.mallinfo2();
        expect(before).toMatchObject({ hblks: 0, hblkhd: 0 });
        // A block whose mapping covers the place, but does not begin there.
        if (isMappedAgain) expect(process.malloc(20 * MIB)).not.toBe(0);
        const counts = process.mallinfo2();
        const wrong = (): unknown =>
          call === "realloc" ? process.realloc(block, 2 * MIB) : process[call](block);
        if (isMappedAgain && call === "usableSize") {
          // Natively the word in front reads as zero.
          expect(wrong()).toBe(0);
          continue;
        }
        expect(wrong).toThrow(HeapAbort);
        if (!isMappedAgain) {
          expect(process.aborted).toMatchObject({ failure: "SEGV_POINTER", signal: "SIGSEGV" });
          expect(process.aborted!.message).toContain("nothing is mapped at 0x");
        }
        expect(process.mallinfo2()).toEqual(counts);
      }
    });
  });
});

describe.each(ABIS)("memory that the heap gave back, %s", (abi) => {
  it.each(["free", "realloc", "usableSize"] as const)("%s of a block in it", (call) => {
    const heap = createHeapSync({ abi });
    const blocks = Array.from({ length: 300 }, () => heap.malloc(5000));
    const stray = blocks[200]!;
    for (const block of blocks) heap.free(block);
    expect(heap.mm.brk).toBeLessThan(stray);
    const wrong = (): unknown => (call === "realloc" ? heap.realloc(stray, 9) : heap[call](stray));
    expect(wrong).toThrow(/^Segmentation fault: nothing is mapped at 0x/);
  });
});

describe.each(ABIS)("a trap, %s", (abi) => {
  it("through heap.raw says which function it was, and ends the heap", () => {
    const heap = createHeapSync({ abi });
    const nowhere = heap.process.toWord(0xfffffff0);
    expect(() => heap.raw.free(nowhere as never)).toThrow(
      /^Segmentation fault: free\(\): memory access out of bounds/,
    );
    expect(heap.aborted).toBeInstanceOf(HeapAbort);
    expect(() => heap.malloc(8)).toThrow(HeapDeadError);
  });

  it("through a process's own functions does the same", () => {
    const process = startProcessSync({ abi });
    expect(() => process.usableSize(0xfffffff0)).toThrow(/^Segmentation fault: malloc_usable_size/);
    expect(process.aborted).toMatchObject({ failure: "SEGV_ACCESS" });
  });

  it("leaves the exports that other modules import as they are", () => {
    const heap = createHeapSync({ abi });
    expect(heap.process.exports.malloc).not.toBe(heap.raw.malloc);
    expect(heap.raw.malloc.length).toBe(1);
    expect(heap.raw).toBe(heap.raw);
  });
});

describe.each(ABIS)("a circle of free chunks, %s", (abi) => {
  it("ends malloc_trim before it makes a system call for each step", () => {
    const advised: number[] = [];
    const trace = (nr: number): void => void advised.push(nr);
    const process = startProcessSync({ abi, build: "full", trace });
    const [first, , second] = [9000, 9, 9000, 9].map((size) => process.malloc(size));
    process.free(first!);
    process.free(second!);
    // From the unsorted bin bk leads to the first, to the second, and now to the first again.
    const word = wordBytes(abi);
    const [bk, chunk] = [second! + word, first! - 2 * word];
    if (abi === "ilp32") process.view().setUint32(bk, chunk, true);
    else process.view().setBigUint64(bk, BigInt(chunk), true);
    process.raw.trace_syscalls(1);
    expect(() => process.trim()).toThrow(/^Segmentation fault: malloc_trim: bin: bk of chunk 0x/);
    expect(advised).toEqual([]);
  });
});
