// Where a heap lives: views over a growing memory, the caller's memory, several heaps, and the far
// end of the address space.

import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { MAX_TASK_SIZE } from "../../src/process/options.js";
import { startProcessSync } from "../../src/process/process.js";

describe("views", () => {
  it("every kind of view looks at the same bytes", () => {
    const heap = createHeapSync();
    const a = heap.malloc(64);
    heap.u64(a, 8).fill(0n);
    heap.u32(a, 1)[0] = 0x80818283;
    expect([...heap.u8(a, 4)]).toEqual([0x83, 0x82, 0x81, 0x80]);
    expect(heap.i8(a, 1)[0]).toBe(-125);
    expect(heap.u16(a, 1)[0]).toBe(0x8283);
    expect(heap.i16(a, 1)[0]).toBe(0x8283 - 0x10000);
    expect(heap.i32(a, 1)[0]).toBe(0x80818283 - 2 ** 32);
    expect(heap.u64(a, 1)[0]).toBe(0x80818283n);
    heap.f64(a, 1)[0] = 1.5;
    expect(heap.u64(a, 1)[0]).toBe(0x3ff8000000000000n);
    heap.f32(a, 1)[0] = 1.5;
    expect(heap.u32(a, 1)[0]).toBe(0x3fc00000);
  });

  it("fresh views survive growth where old ones die", () => {
    const heap = createHeapSync();
    const a = heap.malloc(16);
    const old = heap.u8(a, 16);
    old.fill(5);
    const { mm } = heap;
    const before = heap.memory.buffer.byteLength;
    expect(heap.malloc(before)).not.toBe(0);
    expect(heap.memory.buffer.byteLength).toBeGreaterThan(before);
    expect(old.byteLength).toBe(0);
    expect([...heap.u8(a, 16)]).toEqual(new Array(16).fill(5));
    expect(mm.brk).toBe(heap.mm.brk);
    expect(heap.stats().uordblks).toBeGreaterThan(0);
  });
});

describe("whose memory", () => {
  it("a heap lives inside the caller's memory, above the caller's own data", () => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 64 });
    const mine = new Uint8Array(memory.buffer, 0, 0x20000).fill(0xaa);
    expect(mine.byteLength).toBe(0x20000);
    const heap = createHeapSync({ memory, base: 0x20000, taskSize: 64 * 65536 });
    expect(heap.memory).toBe(memory);
    const blocks = Array.from({ length: 50 }, (_, i) => heap.malloc(i * 997));
    for (const block of blocks) expect(block).toBeGreaterThan(0x30000);
    blocks.forEach((block, i) => heap.u8(block, i * 997).fill(i));
    const own = new Uint8Array(memory.buffer, 0, 0x20000);
    expect(own.every((byte) => byte === 0xaa)).toBe(true);
    blocks.forEach((block, i) => {
      expect(heap.u8(block, i * 997).every((byte) => byte === i)).toBe(true);
      heap.free(block);
    });
  });

  it("lies where safe-linking catches a plain address, also beside a base of one's own", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    for (const options of [{}, { memory, base: 0x30000 }]) {
      const heap = createHeapSync(options);
      const forged = heap.malloc(64);
      const [first, second] = [heap.malloc(100), heap.malloc(100)];
      heap.free(first);
      heap.free(second);
      heap.store("u32", second, forged);
      heap.malloc(100);
      expect(() => heap.malloc(100)).toThrow("malloc(): unaligned tcache chunk detected");
    }
  });

  it("the caller's pages count as dirty: calloc clears them", () => {
    const memory = new WebAssembly.Memory({ initial: 32 });
    new Uint8Array(memory.buffer).fill(0xee);
    const heap = createHeapSync({ memory });
    for (const size of [8, 24, 1000, 5000, 70_000, 300_000]) {
      const a = heap.calloc(1, size);
      expect(heap.u8(a, size).every((byte) => byte === 0)).toBe(true);
    }
  });

  it("another may grow the memory: the heap goes on around it", () => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const heap = createHeapSync({ memory });
    heap.malloc(100);
    const first = memory.grow(1) * 65536;
    new Uint8Array(memory.buffer, first, 65536).fill(0x77);
    const blocks = Array.from({ length: 100 }, () => heap.malloc(10_000));
    for (const block of blocks) {
      expect(block).not.toBe(0);
      expect(block + 10_000 <= first || block >= first + 65536).toBe(true);
      heap.u8(block, 10_000).fill(1);
    }
    const foreign = new Uint8Array(memory.buffer, first, 65536);
    expect(foreign.every((byte) => byte === 0x77)).toBe(true);
    for (const block of blocks) heap.free(block);
    expect(heap.malloc(100_000)).not.toBe(0);
  });

  it("several heaps keep to themselves, also two in one memory", () => {
    // What a heap does not find there when it begins, and does not grow itself, is another's: so
    // all of it is there.
    const memory = new WebAssembly.Memory({ initial: 256, maximum: 256 });
    const low = createHeapSync({ memory, base: 0x10000, taskSize: 0x400000 });
    const high = createHeapSync({ memory, base: 0x400000, taskSize: 0x1000000 });
    const own = createHeapSync();
    const heaps = [low, high, own];
    const blocks = heaps.map((heap, i) => {
      const a = heap.malloc(1000);
      heap.u8(a, 1000).fill(i + 1);
      return a;
    });
    heaps.forEach((heap, i) => {
      const a = blocks[i] ?? 0;
      expect(heap.u8(a, 1000).every((byte) => byte === i + 1)).toBe(true);
      heap.free(a);
    });
    expect(low.malloc(1000)).toBe(blocks[0]);
    expect(high.malloc(1000)).toBe(blocks[1]);
  });
});

describe("above 2 GiB", () => {
  const MIB = 2 ** 20;

  function fill(process: ReturnType<typeof startProcessSync>): number[] {
    const blocks: number[] = [];
    for (const size of [64 * MIB, 8 * MIB, MIB, 100_000, 10_000, 100]) {
      for (;;) {
        const a = process.malloc(size);
        if (a === 0) break;
        const view = process.view();
        view.setUint8(a, blocks.length & 0xff);
        view.setUint8(a + size - 1, blocks.length >> 8);
        blocks.push(a);
        // Enough to see that small blocks work up there as well.
        if (size === 100 && blocks.length > 2000) break;
      }
    }
    return blocks;
  }

  it.each([
    ["linux", {}],
    ["top-down", {}],
    ["compact", {}],
    ["linux", { mmap_max: 0 }],
  ] as const)("a whole address space can be filled and freed: %s %o", (layout, tunables) => {
    const process = startProcessSync({ layout, tunables });
    expect(process.taskSize).toBe(MAX_TASK_SIZE);
    const blocks = fill(process);
    expect(blocks.some((block) => block > 2 ** 31)).toBe(true);
    expect(Math.max(...blocks)).toBeGreaterThan(3.5 * 2 ** 30);
    expect(process.mm().totalVm * 4096).toBeGreaterThan(3.9 * 2 ** 30);
    const view = process.view();
    blocks.forEach((block, i) => {
      expect(view.getUint8(block)).toBe(i & 0xff);
    });
    for (const block of blocks.reverse()) process.free(block);
    process.trim();
    expect(process.mallinfo2().hblks).toBe(0);
    expect(process.malloc(64 * MIB)).not.toBe(0);
  });
});
