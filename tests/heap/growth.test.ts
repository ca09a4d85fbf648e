// Growth events, many blocks at once, and views that stay.

import { afterEach, describe, expect, it, vi } from "vitest";
import { createDebugHeapSync } from "../../src/debug.js";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeap } from "../../src/heap/threads/create.js";
import { OutOfMemoryError } from "../../src/heap/errors.js";
import type { GrowthEvent } from "../../src/heap/growth.js";
import { HeapAbort } from "../../src/process/failures.js";
import { Prng } from "../support/prng.js";

describe("onGrow", () => {
  it("tells of each growth, by which call it was noticed, until it is ended", () => {
    const heap = createHeapSync();
    heap.malloc(1);
    const events: GrowthEvent[] = [];
    const end = heap.onGrow((event) => events.push(event));
    const first = heap.memory.buffer.byteLength;
    heap.malloc(10);
    expect(events).toEqual([]);
    heap.malloc(first);
    const second = heap.memory.buffer.byteLength;
    expect(events).toEqual([{ from: first, to: second, call: "malloc" }]);
    heap.memory.grow(1);
    expect(events).toHaveLength(1);
    heap.checkGrowth();
    expect(events[1]).toEqual({ from: second, to: second + 65536, call: "checkGrowth" });
    heap.raw.malloc(heap.memory.buffer.byteLength);
    heap.stats();
    expect(events[2]?.call).toBe("stats");
    end();
    end();
    heap.memory.grow(1);
    heap.checkGrowth();
    expect(events).toHaveLength(3);
  });

  it("sums up to all growth, whatever is called", () => {
    const heap = createHeapSync();
    const prng = new Prng(3);
    const start = heap.memory.buffer.byteLength;
    let known = start;
    heap.onGrow(({ from, to }) => {
      expect(from).toBe(known);
      known = to;
    });
    for (let i = 0; i < 200; i++) {
      const size = prng.power(1, 20);
      const how = prng.int(0, 6);
      if (how === 0) heap.malloc(size);
      else if (how === 1) heap.calloc(1, size);
      else if (how === 2) heap.realloc(0, size);
      else if (how === 3) heap.memalign(64, size);
      else if (how === 4) heap.alloc(Uint8Array, size);
      else if (how === 5) heap.mallocMany([size, size]);
      else heap.newCString("x".repeat(size));
      expect(known).toBe(heap.memory.buffer.byteLength);
    }
    expect(known).toBeGreaterThan(start);
  });

  it("a listener may allocate, and what it throws is uncaught, not the call's", async () => {
    const heap = createHeapSync();
    const thrown = vi.fn();
    const previous = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", thrown);
    let calls = 0;
    heap.onGrow(() => {
      throw new Error("from the listener");
    });
    heap.onGrow(() => {
      if (++calls < 3) heap.malloc(heap.memory.buffer.byteLength);
    });
    heap.malloc(heap.memory.buffer.byteLength);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("uncaughtException", thrown);
    previous.forEach((listener) => process.on("uncaughtException", listener));
    expect(calls).toBe(3);
    expect(thrown).toHaveBeenCalledTimes(3);
  });

  it("wants a function", () => {
    expect(() => createHeapSync().onGrow(5 as never)).toThrow(
      /onGrow: listener must be a function/,
    );
  });
});

describe.each(["ilp32", "lp64"] as const)("many blocks, %s", (abi) => {
  it("are those that as many calls would give", () => {
    const [many, single] = [createHeapSync({ abi }), createHeapSync({ abi })];
    const prng = new Prng(11);
    const sizes = Array.from({ length: 500 }, () => prng.power(1, 14));
    const blocks = many.mallocMany(sizes);
    expect([...blocks]).toEqual(sizes.map((size) => single.malloc(size)));
    many.freeMany(blocks);
    blocks.forEach((block) => single.free(block));
    expect(many.stats()).toEqual(single.stats());
    expect([...many.mallocMany(Uint16Array.of(1, 2))]).toEqual([
      single.malloc(1),
      single.malloc(2),
    ]);
    expect(many.mallocMany([]).length).toBe(0);
  });

  it("no memory: 0 for some, or an error and nothing", () => {
    const heap = createHeapSync({ abi, maximumPages: 32 });
    const blocks = heap.mallocMany([100, 2 ** 24, 100]);
    expect([...blocks].map((block) => block > 0)).toEqual([true, false, true]);
    heap.freeMany(blocks);
    const tunables = { tcache_count: 0, mxfast: 0 };
    const strict = createHeapSync({ abi, maximumPages: 32, outOfMemory: "throw", tunables });
    strict.free(strict.malloc(1));
    const before = strict.stats().uordblks;
    expect(() => strict.mallocMany([100, 2 ** 24, 100])).toThrow(OutOfMemoryError);
    expect(strict.stats().uordblks).toBe(before);
  });

  it("a size that no memory has is out of memory, of more than 32 bits, too", () => {
    const heap = createHeapSync({ abi, outOfMemory: "null" });
    const huge = abi === "lp64" ? 2 ** 33 + 8 : 2 ** 32 - 1;
    const [none, some] = heap.mallocMany([huge, 8]);
    expect(none).toBe(0);
    expect(some).toBeGreaterThan(0);
  });

  it("are followed by a heap that finds mistakes", () => {
    const heap = createDebugHeapSync({ abi });
    const all = heap.mallocMany(Array.from({ length: 100 }, () => 24));
    expect(new Set(all).size).toBe(100);
    heap.freeMany(all.subarray(1));
    expect(heap.leaks().map(({ blocks, bytes }) => [blocks.length, bytes])).toEqual([[1, 24]]);
    expect(() => heap.freeMany([all[5]!])).toThrow(/free/);
  });

  it("a double free among them ends the heap as ever", () => {
    const heap = createHeapSync({ abi });
    const [a, b] = heap.mallocMany([24, 24]) as unknown as [number, number];
    expect(() => heap.freeMany([a, 0, b, a])).toThrow(HeapAbort);
    expect(() => heap.mallocMany([1])).toThrow(/mallocMany: this heap was aborted/);
  });

  it("wrong ones are refused before anything is done", () => {
    const heap = createHeapSync({ abi });
    const before = heap.stats();
    expect(() => heap.mallocMany([1, -1])).toThrow(/mallocMany: sizes\[1\] must be from 0 to/);
    expect(() => heap.mallocMany([1, 1.5])).toThrow(/sizes\[1\] must be an integer, got 1.5/);
    expect(() => heap.mallocMany(5 as never)).toThrow(
      /sizes must be an array or a typed array, got 5/,
    );
    expect(() => heap.freeMany([0, -16])).toThrow(/freeMany: blocks\[1\] must be from 0 to/);
    expect(() => heap.freeMany([2 ** 31])).toThrow(/freeMany: blocks\[0\] must be from 0 to/);
    expect(heap.stats()).toEqual(before);
  });
});

describe("stable views", () => {
  const native = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "toResizableBuffer");
  afterEach(() => {
    if (native === undefined)
      Reflect.deleteProperty(WebAssembly.Memory.prototype, "toResizableBuffer");
    else Object.defineProperty(WebAssembly.Memory.prototype, "toResizableBuffer", native);
  });

  it("are asked for once, when the heap is made; without the engine's help all goes on", async () => {
    const asked = vi.fn();
    Object.defineProperty(WebAssembly.Memory.prototype, "toResizableBuffer", {
      value: asked,
      configurable: true,
    });
    await createHeap();
    expect(asked).not.toHaveBeenCalled();
    await createHeap({ stableViews: true });
    expect(asked).toHaveBeenCalledTimes(1);
    Reflect.deleteProperty(WebAssembly.Memory.prototype, "toResizableBuffer");
    const heap = await createHeap({ stableViews: true });
    expect(heap.hasStableViews).toBe(false);
    expect(heap.malloc(1)).toBeGreaterThan(0);
  });

  it("need a memory with a maximum, as engines say with a TypeError", () => {
    Object.defineProperty(WebAssembly.Memory.prototype, "toResizableBuffer", {
      value: () => {
        throw new TypeError("no maximum");
      },
      configurable: true,
    });
    expect(() => createHeapSync({ stableViews: true })).toThrow(
      /"stableViews" needs a memory.*maximum/,
    );
    expect(() => createHeapSync({ stableViews: 1 as never })).toThrow(
      /"stableViews" must be a boolean/,
    );
  });

  it("are what shared memory has anyway", async () => {
    const heap = await createThreadedHeap();
    expect(heap.hasStableViews).toBe(true);
    expect(createHeapSync().hasStableViews).toBe(false);
  });
});
