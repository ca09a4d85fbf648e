// Two processes in one memory: each has its place to itself, or the second is refused.

import { describe, expect, it } from "vitest";
import { createHeapSync as createCoreHeapSync } from "../../src/heap/core-create.js";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeapSync } from "../../src/heap/threads/create.js";
import { startProcessSync } from "../../src/process/process.js";
import { startKernelSync } from "../../src/kernel/kernel.js";
import { layouts } from "../../src/layout/generated.js";
import { wordBytes } from "../../src/layout/address.js";

const PAGE = 65536;
const OTHERS = /there is a heap in the memory from 65536 to 2097152, .* option "base" \d+ to \d+/;

function newMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 32, maximum: 2000 });
}

describe.each(["ilp32", "lp64"] as const)("in the layout %s", (abi) => {
  it("what tells a process is where places.ts looks for it", () => {
    const { fields } = layouts[abi].MmStruct;
    const bytes = wordBytes(abi);
    const words = Object.fromEntries(
      Object.entries(fields).map(([name, { offset }]) => [name, offset / bytes]),
    );
    expect(words).toMatchObject({ startBrk: 4, brk: 5, mmapBase: 11, taskSize: 12 });
    expect([words.startCode, words.startStack, words.envEnd]).toEqual([0, 6, 10]);
    expect(fields.knownPages.offset).toBe(abi === "ilp32" ? 116 : 220);
  });

  it("the same place is taken", () => {
    const memory = newMemory();
    const heap = createHeapSync({ memory, abi });
    const block = heap.malloc(100);
    heap.u8(block, 4).fill(7);
    expect(() => createHeapSync({ memory, abi })).toThrow(RangeError);
    expect(() => createHeapSync({ memory })).toThrow(OTHERS);
    expect(() => startProcessSync({ memory, abi: "lp64", build: "full" })).toThrow(OTHERS);
    expect([...heap.u8(block, 4)]).toEqual([7, 7, 7, 7]);
    heap.free(block);
  });

  it("so is one above, as far as the first knows the memory, and one below that reaches up", () => {
    const memory = newMemory();
    createHeapSync({ memory, abi, base: 4 * PAGE, taskSize: 16 * PAGE });
    for (const base of [4, 5, 15]) {
      expect(() => createHeapSync({ memory, base: base * PAGE })).toThrow(
        /from 262144 to 1048576, /,
      );
    }
    expect(() => createHeapSync({ memory, base: PAGE, taskSize: 4 * PAGE + 4096 })).toThrow(
      RangeError,
    );
    const below = createHeapSync({ memory, base: PAGE, taskSize: 4 * PAGE });
    const above = createHeapSync({ memory, base: 16 * PAGE });
    expect(below.malloc(100)).toBeLessThan(4 * PAGE);
    expect(above.malloc(100)).toBeGreaterThan(16 * PAGE);
  });

  it("what was grown since belongs to nobody yet", () => {
    const memory = newMemory();
    const first = createHeapSync({ memory, abi });
    const base = memory.buffer.byteLength;
    memory.grow(32);
    const second = createHeapSync({ memory, abi, base });
    const blocks = Array.from({ length: 40 }, (_, i) => {
      const heap = i % 2 === 0 ? first : second;
      const block = heap.malloc(200_000);
      heap.u8(block, 200_000).fill(i);
      return [heap, block, i] as const;
    });
    for (const [heap, block, i] of blocks) {
      expect(heap.u8(block, 200_000).every((byte) => byte === i)).toBe(true);
      heap.free(block);
    }
  });

  it("a heap that is disposed of leaves its place", () => {
    const memory = newMemory();
    const first = createHeapSync({ memory, abi });
    first.dispose();
    const second = createHeapSync({ memory, abi });
    // A second time it does nothing to who has the place now.
    first.dispose();
    expect(() => createHeapSync({ memory, abi })).toThrow(OTHERS);
    second.dispose();
    const kernel = startKernelSync({ memory, abi });
    kernel[Symbol.dispose]();
    const process = startProcessSync({ memory, abi });
    expect(() => createHeapSync({ memory })).toThrow(RangeError);
    process.dispose();
    createHeapSync({ memory });
  });
});

describe("a place is taken", () => {
  it("also of heaps that were asked for at the same time", async () => {
    const memory = newMemory();
    const made = await Promise.allSettled([createHeap({ memory }), createHeap({ memory })]);
    expect(made.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("also for other entries, whose code may be another copy", () => {
    const memory = newMemory();
    const { module: wasm } = createHeapSync().process;
    const heap = createHeapSync({ memory });
    expect(() => createCoreHeapSync({ wasm, memory })).toThrow(OTHERS);
    heap.dispose();
    createCoreHeapSync({ wasm, memory }).dispose();
    createCoreHeapSync({ wasm, memory });
    expect(() => createHeapSync({ memory })).toThrow(OTHERS);
  });

  it("by threads until the last of them has left", () => {
    const memory = new WebAssembly.Memory({ initial: 32, maximum: 2000, shared: true });
    const options = { memory, taskSize: 2000 * PAGE };
    const heap = createThreadedHeapSync(options);
    // As another worker would find it, to which only the memory was posted.
    expect(() => createThreadedHeapSync(options)).toThrow(OTHERS);
    heap.dispose();
    createThreadedHeapSync(options);
  });

  it("not by data that only begins like a process", () => {
    const memory = newMemory();
    const words = new Uint32Array(memory.buffer, PAGE, 13);
    words.fill(1).set([2 * PAGE, 2 * PAGE], 4);
    words[12] = 32 * PAGE;
    createHeapSync({ memory });
  });
});
