// Typed blocks: views that survive growth, ownership, and the collector as the last resort.

import { describe, expect, expectTypeOf, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeap } from "../../src/heap/threads/create.js";
import { FreedBlockError, OutOfMemoryError } from "../../src/heap/errors.js";
import type { Heap } from "../../src/heap/heap.js";
import { collectOften, collectUntil } from "../support/garbage.js";

function grow(heap: Heap): void {
  const before = heap.memory.buffer.byteLength;
  heap.malloc(before);
  expect(heap.memory.buffer.byteLength).toBeGreaterThan(before);
}

describe.each(["ilp32", "lp64"] as const)("typed blocks, %s", (abi) => {
  it("every type, aligned, with the length that was asked for", () => {
    const heap = createHeapSync({ abi });
    const types = [
      ...[Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Uint32Array],
      ...[Int32Array, Float32Array, Float64Array, BigUint64Array, BigInt64Array],
    ];
    for (const View of types) {
      heap.malloc(5);
      const block = heap.alloc(View as typeof Uint8Array, 7);
      expect(block.view).toBeInstanceOf(View);
      expect(block.view.length).toBe(7);
      expect(block.byteLength).toBe(7 * View.BYTES_PER_ELEMENT);
      expect(block.address % 16).toBe(0);
      expect(heap.usableSize(block.address)).toBeGreaterThanOrEqual(block.byteLength);
    }
  });

  it("the view is good after growth, elements keep their values", () => {
    const heap = createHeapSync({ abi });
    const block = heap.alloc(Float64Array, 100);
    const old = block.view.fill(1.5);
    expect(block.view).toBe(old);
    grow(heap);
    expect(old.length).toBe(0);
    expect(block.view.length).toBe(100);
    expect(block.get(99)).toBe(1.5);
    block.set(3, 2.5);
    expect(block.view[3]).toBe(2.5);
    block.resize(1000);
    expect(block.length).toBe(1000);
    expect([...block.view.subarray(2, 5)]).toEqual([1.5, 2.5, 1.5]);
    block.resize(0);
    expect(block.view.length).toBe(0);
    block.free();
  });

  it("zeroed means zero, also where there was something before", () => {
    const heap = createHeapSync({ abi });
    const dirty = heap.malloc(4000);
    heap.u8(dirty, 4000).fill(0xff);
    heap.free(dirty);
    const block = heap.alloc(BigInt64Array, 500, { zeroed: true });
    expect(block.view.every((value) => value === 0n)).toBe(true);
  });

  it("no memory is an error whatever the policy; the block stays as it was", () => {
    const heap = createHeapSync({ abi, maximumPages: 32 });
    expect(() => heap.alloc(Float64Array, 2 ** 22)).toThrow(OutOfMemoryError);
    const block = heap.alloc(Uint32Array, 10);
    block.set(9, 77);
    expect(() => block.resize(2 ** 24)).toThrow(/resize: no memory for 67108864 bytes/);
    expect(block.get(9)).toBe(77);
    expect(block.length).toBe(10);
  });
});

describe("ownership", () => {
  it("free, free by address, realloc by address and release end it; a second free does nothing", () => {
    const heap = createHeapSync();
    const end: ((block: ReturnType<typeof heap.alloc<Uint8Array>>) => unknown)[] = [
      (block) => block.free(),
      (block) => heap.free(block.address),
      (block) => heap.realloc(block.address, 5000),
      (block) => heap.realloc(block.address, 0),
      (block) => heap.reallocarray(block.address, 10, 10),
      (block) => heap.freeMany([block.address]),
      (block) => block.release(),
      (block) => block[Symbol.dispose](),
    ];
    for (const how of end) {
      const block = heap.alloc<Uint8Array>(Uint8Array, 40);
      how(block);
      expect(block.isFreed).toBe(true);
      expect(() => block.view).toThrow(FreedBlockError);
      expect(() => block.get(0)).toThrow(/get: this handle has no block/);
      expect(() => block.address).toThrow(FreedBlockError);
      expect(() => block.release()).toThrow(FreedBlockError);
      expect(() => block.resize(1)).toThrow(FreedBlockError);
      block.free();
    }
    expect(heap.aborted).toBeUndefined();
  });

  it("a failed realloc by address leaves the owner", () => {
    const heap = createHeapSync({ maximumPages: 32 });
    const block = heap.alloc(Uint8Array, 40);
    expect(heap.realloc(block.address, 2 ** 24)).toBe(0);
    expect(block.isFreed).toBe(false);
    block.free();
  });

  it("an old handle does not free what came to its address behind the heap's back", () => {
    const heap = createHeapSync();
    const old = heap.alloc(Uint8Array, 40);
    const { address } = old;
    heap.raw.free(address);
    const block = heap.alloc(Uint8Array, 40);
    expect(block.address).toBe(address);
    old.free();
    expect(block.isFreed).toBe(false);
    block.free();
    expect(heap.aborted).toBeUndefined();
  });

  it("after the heap's end, freeing does nothing", () => {
    const heap = createHeapSync();
    const block = heap.alloc(Uint8Array, 40);
    heap.dispose();
    block.free();
    expect(() => heap.malloc(1)).toThrow(/disposed/);
  });

  it("using frees it", () => {
    const heap = createHeapSync();
    const before = heap.stats().uordblks;
    let kept;
    {
      using block = heap.alloc(Uint8Array, 5000);
      kept = block;
      expect(heap.stats().uordblks).toBeGreaterThan(before);
    }
    expect(kept.isFreed).toBe(true);
    heap.trim();
    expect(heap.stats().uordblks).toBeLessThan(before + 5000);
  });
});

describe("the collector", () => {
  it("frees a block that nobody uses any more", async () => {
    const heap = createHeapSync();
    heap.malloc(1);
    const before = heap.stats().uordblks;
    (() => void heap.alloc(Uint8Array, 100_000).view.fill(1))();
    expect(heap.stats().uordblks).toBeGreaterThan(before);
    await collectUntil(() => heap.stats().uordblks === before);
  });

  it("does not while there is a view of it, nor when it was released or freed by hand", async () => {
    const heap = createHeapSync();
    const view = (() => heap.alloc(Uint8Array, 1000).view.fill(7))();
    const address = (() => heap.alloc(Uint8Array, 1000).release())();
    (() => heap.free(heap.alloc(Uint8Array, 1000).address))();
    heap.u8(address, 1000).fill(8);
    await collectOften();
    expect(heap.aborted).toBeUndefined();
    const others = Array.from({ length: 20 }, () => heap.calloc(1, 1000));
    expect(others).not.toContain(address);
    expect(view.every((byte) => byte === 7)).toBe(true);
    heap.free(address);
  });

  it("works for threaded heaps", async () => {
    const heap = await createThreadedHeap();
    heap.malloc(1);
    const before = heap.stats().uordblks;
    (() => void heap.alloc(Uint8Array, 100_000))();
    await collectUntil(() => heap.stats().uordblks === before);
    using block = heap.alloc(Float64Array, 10);
    block.view.fill(2);
    grow(heap);
    expect(block.get(5)).toBe(2);
  });
});

describe("wrong arguments", () => {
  const heap = createHeapSync();
  const block = heap.alloc(Float64Array, 4);

  it.each<[string, () => unknown, RegExp]>([
    ["no type", () => heap.alloc(undefined as never, 1), /alloc: type must be a typed array/],
    ["Array", () => heap.alloc(Array as never, 1), /alloc: type must be a typed array/],
    ["length -1", () => heap.alloc(Uint8Array, -1), /alloc: length must be from 0/],
    [
      "too long",
      () => heap.alloc(Float64Array, 2 ** 30),
      /alloc: length must be from 0 to 536870911/,
    ],
    ["get(4)", () => block.get(4), /get: index must be from 0 to 3, got 4/],
    ["set(-1)", () => block.set(-1, 0), /set: index must be from 0 to 3, got -1/],
    ["get(0.5)", () => block.get(0.5), /get: index must be an integer, got 0.5/],
    ["resize(-1)", () => block.resize(-1), /resize: length must be from 0/],
    ["load", () => heap.load("u24" as never, 8), /load: type must be one of u8, .*got "u24"/],
    ["load at 0", () => heap.load("u8", 0), /load: address must be from 1/],
    ["load at the end", () => heap.load("u64", heap.memory.buffer.byteLength - 7), /load: address/],
    [
      "store 256",
      () => heap.store("u8", block.address, 256),
      /value of type u8 must be from 0 to 255/,
    ],
    ["store 1.5", () => heap.store("i32", block.address, 1.5), /must be an integer, got 1.5/],
    ["store 1", () => heap.store("u64", block.address, 1 as never), /must be a bigint, got 1/],
    ["store 2^64", () => heap.store("u64", block.address, 2n ** 64n), /to 18446744073709551615n/],
    [
      "store '1'",
      () => heap.store("f32", block.address, "1" as never),
      /must be a number, got "1"/,
    ],
    ["store 1 bool", () => heap.store("bool", block.address, 1 as never), /must be a boolean/],
  ])("%s", (_name, call, expected) => {
    expect(call).toThrow(expected);
  });

  it("load and store: every type, any alignment", () => {
    const at = block.address + 3;
    const cases = [
      ["u8", 255],
      ["i8", -128],
      ["u16", 65535],
      ["i16", -32768],
      ["u32", 2 ** 32 - 1],
      ["i32", -(2 ** 31)],
      ["u64", 2n ** 64n - 1n],
      ["i64", -(2n ** 63n)],
      ["f32", 1.5],
      ["f64", Math.PI],
      ["bool", true],
    ] as const;
    for (const [type, value] of cases) {
      heap.store(type, at, value);
      expect(heap.load(type, at)).toBe(value);
    }
    expectTypeOf(heap.load("u64", at)).toEqualTypeOf<bigint>();
    expectTypeOf(heap.load("bool", at)).toEqualTypeOf<boolean>();
    expectTypeOf(heap.alloc(Float64Array, 1).get(0)).toEqualTypeOf<number>();
    expectTypeOf(heap.alloc(BigInt64Array, 1).get(0)).toEqualTypeOf<bigint>();
  });
});
