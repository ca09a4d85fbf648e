// Scopes: what they free, when, in which order, and what they leave.

import { describe, expect, it } from "vitest";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import type { Heap } from "../../src/heap/heap.js";
import { HeapAbort } from "../../src/process/failures.js";
import { Prng } from "../support/prng.js";

/** Bytes in use; nothing hides in tcache, which counts as in use. */
function heapWithoutCache(abi: "ilp32" | "lp64" = "ilp32"): Heap {
  const heap = createHeapSync({ abi, tunables: { tcache_count: 0, mxfast: 0 } });
  heap.free(heap.malloc(1));
  return heap;
}

describe.each(["ilp32", "lp64"] as const)("a scope, %s", (abi) => {
  it("frees all that it made", () => {
    const heap = heapWithoutCache(abi);
    const before = heap.stats().uordblks;
    const Point = heap.struct({ x: "f64", y: "f64" });
    {
      using scope = heap.scope();
      scope.malloc(100);
      scope.calloc(3, 100);
      scope.memalign(64, 100);
      scope.alloc(Float64Array, 10).view.fill(1);
      expect(heap.cString(scope.newCString("text"))).toBe("text");
      expect(scope.newUtf8("text").length).toBe(4);
      expect(scope.new(Point, { x: 1 }).x).toBe(1);
      scope.add(heap.malloc(50));
      scope.add(Point.allocArray(3));
      expect(heap.stats().uordblks).toBeGreaterThan(before + 700);
    }
    expect(heap.stats().uordblks).toBe(before);
  });

  it("also when something throws, which comes through", () => {
    const heap = heapWithoutCache(abi);
    const before = heap.stats().uordblks;
    expect(() => {
      using scope = heap.scope();
      scope.malloc(1000);
      throw new RangeError("mine");
    }).toThrow(new RangeError("mine"));
    expect(heap.stats().uordblks).toBe(before);
  });
});

describe("what is in a scope", () => {
  it("ends in the reverse order", () => {
    const heap = createHeapSync();
    const order: string[] = [];
    const scope = heap.scope();
    scope.defer(() => order.push("first"));
    scope.add({ [Symbol.dispose]: () => order.push("second") });
    scope.defer(() => order.push("third"));
    scope.dispose();
    scope.dispose();
    expect(order).toEqual(["third", "second", "first"]);
    expect(scope.hasEnded).toBe(true);
    expect(() => scope.malloc(1)).toThrow(/this scope has ended/);
  });

  it("everything has its turn when something fails", () => {
    const heap = heapWithoutCache();
    const before = heap.stats().uordblks;
    const scope = heap.scope();
    scope.malloc(1000);
    scope.defer(() => {
      throw new Error("one");
    });
    scope.malloc(1000);
    expect(() => scope.dispose()).toThrow("one");
    expect(heap.stats().uordblks).toBe(before);
  });

  it("is left alone when it was kept, or freed already", () => {
    const heap = createHeapSync();
    const scope = heap.scope();
    const kept = scope.malloc(100);
    const handle = scope.alloc(Uint8Array, 100);
    const moved = scope.malloc(100);
    heap.free(scope.malloc(100));
    scope.alloc(Uint8Array, 100).free();
    expect(scope.keep(kept)).toBe(kept);
    expect(scope.keep(handle)).toBe(handle);
    const now = heap.realloc(moved, 10_000);
    scope.dispose();
    expect(handle.isFreed).toBe(false);
    handle.free();
    heap.free(kept);
    heap.free(now);
    expect(heap.aborted).toBeUndefined();
    expect(() => scope.keep(kept)).toThrow(/keep: what must be the scope's own/);
  });

  it("takes over blocks of handles", () => {
    const heap = createHeapSync();
    const block = heap.alloc(Uint8Array, 100);
    const scope = heap.scope();
    scope.add(block.address);
    expect(block.isFreed).toBe(true);
    scope.dispose();
    block.free();
    expect(heap.aborted).toBeUndefined();
  });

  it("says nothing when the heap has ended: the cause comes through", () => {
    const heap = createHeapSync();
    let deferred = false;
    expect(() => {
      using scope = heap.scope();
      scope.defer(() => (deferred = true));
      scope.malloc(100);
      scope.alloc(Uint8Array, 100);
      const a = heap.malloc(24);
      heap.free(a);
      heap.free(a);
    }).toThrow(HeapAbort);
    expect(deferred).toBe(true);
  });

  it("refuses what cannot be freed", () => {
    const scope = createHeapSync().scope();
    expect(() => scope.add({} as never)).toThrow(/add: what must be an address or disposable/);
    expect(() => scope.defer(5 as never)).toThrow(/defer: end must be a function, got 5/);
  });
});

describe("withScope", () => {
  it("frees after the return, the throw, the promise", async () => {
    const heap = heapWithoutCache();
    const before = heap.stats().uordblks;
    const used = () => heap.stats().uordblks - before;
    expect(heap.withScope((scope) => scope.malloc(100) > 0 && used() > 0)).toBe(true);
    expect(used()).toBe(0);
    const fail = () => {
      throw new Error("mine");
    };
    expect(() => heap.withScope((scope) => scope.malloc(100) && fail())).toThrow("mine");
    expect(used()).toBe(0);
    const promise = heap.withScope(async (scope) => {
      scope.malloc(100);
      await Promise.resolve();
      return used();
    });
    expect(used()).toBeGreaterThan(0);
    expect(await promise).toBeGreaterThan(0);
    expect(used()).toBe(0);
    const failing = heap.withScope(async (scope) => {
      scope.malloc(100);
      await Promise.resolve();
      fail();
    });
    await expect(failing).rejects.toThrow("mine");
    expect(used()).toBe(0);
  });
});

it("random nesting against a model: in the end nothing is left", async () => {
  const seed = 77;
  const prng = new Prng(seed);
  const heap = await createHeap({ tunables: { tcache_count: 0, mxfast: 0 } });
  heap.free(heap.malloc(1));
  const before = heap.stats().uordblks;
  const held = new Map<number, number>();
  const nest = (depth: number): void => {
    using scope = heap.scope();
    const own: number[] = [];
    for (let i = 0; i < 30; i++) {
      const size = prng.int(1, 3000);
      const mem = prng.chance(0.5) ? scope.malloc(size) : scope.alloc(Uint8Array, size).address;
      expect(held.has(mem), `seed ${seed}`).toBe(false);
      heap.u8(mem, size).fill(mem & 0xff);
      held.set(mem, size);
      own.push(mem);
      if (prng.chance(0.2)) {
        const gone = own.splice(prng.int(0, own.length - 1), 1)[0]!;
        heap.free(gone);
        held.delete(gone);
      }
      if (depth < 4 && prng.chance(0.1)) nest(depth + 1);
    }
    for (const [mem, size] of held)
      expect(heap.u8(mem, size).every((byte) => byte === (mem & 0xff))).toBe(true);
    for (const mem of own) held.delete(mem);
  };
  nest(0);
  expect(held.size).toBe(0);
  expect(heap.stats().uordblks).toBe(before);
});
