// A tracking heap finds mistakes, and says who made them.

import { describe, expect, it } from "vitest";
import { createDebugHeap, createDebugHeapSync } from "../../src/debug/create.js";
import type { DebugHeap } from "../../src/debug/debug-heap.js";
import { LeakError, MemoryError } from "../../src/debug/errors.js";
import type { DebugHeapOptions } from "../../src/debug/options.js";
import { HeapAbort } from "../../src/process/failures.js";
import { collectUntil } from "../support/garbage.js";

/** What a call throws. */
function mistake(call: () => unknown): MemoryError {
  try {
    call();
  } catch (error) {
    if (error instanceof MemoryError) return error;
    throw error;
  }
  throw new Error("nothing was found");
}

function allocateHere(heap: DebugHeap, size: number): number {
  return heap.malloc(size);
}

function freeThere(heap: DebugHeap, mem: number): void {
  heap.free(mem);
}

/** Past all checks. */
function poke(heap: DebugHeap, address: number, value = 1): void {
  new Uint8Array(heap.memory.buffer)[address] = value;
}

describe.each(["ilp32", "lp64"] as const)("accesses, %s", (abi) => {
  const heap = createDebugHeapSync({ abi });
  const a = allocateHere(heap, 100);

  it("inside a block is fine, to the byte", () => {
    heap.store("u32", a + 96, 7);
    expect(heap.load("u32", a + 96)).toBe(7);
    heap.u8(a, 100).fill(1);
    expect(heap.usableSize(a)).toBe(100);
    for (const size of [0, 1, 15, 16, 17, 31, 32, 33, 4095, 4096, 65536, 200_000]) {
      const b = heap.malloc(size);
      expect(heap.u8(b, size).length).toBe(size);
      expect(mistake(() => heap.u8(b, size + 1)).address).toBe(b + size);
      expect(mistake(() => heap.u8(b - 1, 1)).kind).toBe("heap-buffer-underflow");
      heap.free(b);
      if (size > 0) expect(mistake(() => heap.u8(b, size)).kind).toBe("heap-use-after-free");
    }
  });

  it.each<[string, (at: number) => unknown, number, RegExp]>([
    ["load", (at) => heap.load("u32", at + 97), 100, /read of 4 bytes by load/],
    ["store", (at) => heap.store("u8", at + 100, 1), 100, /write of 1 byte by store/],
    ["view", (at) => heap.f64(at, 13), 100, /view of 104 bytes by f64/],
    ["text", (at) => heap.utf8(at + 90, 20), 100, /read of 20 bytes by utf8/],
    ["text", (at) => heap.writeCString(at + 90, 11, ""), 100, /write of 11 bytes by writeCString/],
  ])("overflow by %s", (_name, call, offset, expected) => {
    const error = mistake(() => call(a));
    expect(error.kind).toBe("heap-buffer-overflow");
    expect(error.address).toBe(a + offset);
    expect(error.message).toMatch(expected);
    expect(error.message).toMatch(/is 0 bytes behind a live block of 100 bytes/);
    expect(error.message).toMatch(/allocated by malloc:\n.*malloc.*\n.*allocateHere/);
    expect(error.mistake.block?.address).toBe(a);
  });

  it("text without an end in its block", () => {
    const b = heap.malloc(4);
    heap.u8(b, 4).fill(0x61);
    expect(mistake(() => heap.cString(b)).kind).toBe("heap-buffer-overflow");
    expect(heap.cString(b, 4)).toBe("aaaa");
  });

  it("handles: typed blocks and structs", () => {
    const block = heap.alloc(Uint32Array, 3);
    block.set(2, 5);
    heap.free(block.address);
    expect(() => block.get(2)).toThrow(/this handle has no block/);
    const Pair = heap.struct({ a: "u32", b: "u32[4]" });
    const pair = Pair.at(heap.malloc(8));
    pair.a = 1;
    pair.b.set(0, 2);
    expect(mistake(() => pair.b.get(1)).kind).toBe("heap-buffer-overflow");
    const { $address } = pair;
    heap.free($address);
    const error = mistake(() => pair.a);
    expect(error.kind).toBe("heap-use-after-free");
    expect(error.message).toMatch(/read of 4 bytes by field "a"/);
    expect(error.message).toMatch(/freed by:\n/);
  });

  it("blocks of heap.raw and memory of others are nobody's business; malloc's own data are", () => {
    const raw = heap.process.malloc(100);
    heap.u8(raw, heap.process.usableSize(raw)).fill(1);
    const error = mistake(() => heap.u8(raw, heap.process.usableSize(raw) + 1));
    expect(error.kind).toBe("wild-access");
    expect(error.message).toMatch(/is in a chunk's header, malloc's own/);
    heap.process.free(raw);
    heap.u8(heap.process.base - 16, 16).fill(0);
    expect(mistake(() => heap.u8(heap.process.base - 16, 17)).message).toMatch(
      /malloc's and the kernel's/,
    );
    expect(mistake(() => heap.load("u8", heap.mm.brk - 1)).message).toMatch(/the top chunk/);
  });
});

describe.each(["ilp32", "lp64"] as const)("frees, %s", (abi) => {
  it("double free: with both stacks, also late", () => {
    const heap = createDebugHeapSync({ abi, quarantine: 0 });
    const keep = heap.malloc(5000);
    for (const size of [24, 100_000]) {
      const a = allocateHere(heap, size);
      freeThere(heap, a);
      const error = mistake(() => heap.free(a));
      expect(error.kind).toBe("double-free");
      expect(error.message).toMatch(/freed by:\n.*free.*\n.*freeThere/);
      expect(error.message).toMatch(/allocated by malloc:\n.*malloc.*\n.*allocateHere/);
      expect(error.message).toMatch(/free of a freed block:\n.*free.*\n.*mistakes\.test/);
    }
    expect(mistake(() => heap.realloc(heap.malloc(1) + 1, 5)).kind).toBe("invalid-free");
    heap.free(keep);
    expect(heap.aborted).toBeUndefined();
  });

  it("what is not a block's start", () => {
    const heap = createDebugHeapSync({ abi });
    const a = heap.malloc(100);
    for (const at of [a + 16, a - 16, a + 100])
      expect(mistake(() => heap.free(at)).kind).toBe("invalid-free");
    heap.free(a);
  });

  it("a foreign pointer gets glibc's answer; blocks of heap.raw go back as they are", () => {
    const heap = createDebugHeapSync({ abi });
    heap.free(heap.process.malloc(100));
    expect(() => heap.free(heap.mm.brk - 24)).toThrow(HeapAbort);
  });

  it("a block at an address that was used before is a new one", () => {
    const heap = createDebugHeapSync({ abi, quarantine: 0 });
    const a = heap.malloc(24);
    heap.free(a);
    const b = heap.malloc(24);
    expect(b).toBe(a);
    heap.u8(b, 24).fill(1);
    heap.free(b);
  });
});

describe("damage that nobody saw happen", () => {
  const options: DebugHeapOptions = { leaks: "ignore" };

  it.each<[string, number, string, RegExp]>([
    ["behind", 10, "heap-buffer-overflow", /0 bytes behind a live block of 10 bytes/],
    ["behind", 30, "heap-buffer-overflow", /20 bytes behind/],
    ["before", -1, "heap-buffer-underflow", /1 byte before/],
    ["before", -32, "heap-buffer-underflow", /32 bytes before/],
  ])("%s a block, at %i: found by check, by free, by dispose, once", (_n, offset, kind, text) => {
    for (const how of ["check", "free", "realloc", "dispose"] as const) {
      const heap = createDebugHeapSync(options);
      const a = heap.malloc(10);
      poke(heap, a + offset, 0x42);
      const error = mistake(() => {
        if (how === "free") heap.free(a);
        else if (how === "realloc") heap.realloc(a, 5);
        else heap[how]();
      });
      expect(error.kind).toBe(kind);
      expect(error.address).toBe(a + offset);
      expect(error.message).toMatch(how === "check" || how === "dispose" ? text : /a freed block/);
      expect(error.message).toMatch(/a byte was overwritten with 0x42, found/);
      if (how !== "dispose") heap.check();
    }
  });

  it("in a freed block: found by check, and when it is used again", () => {
    const heap = createDebugHeapSync({ ...options, quarantine: 10_000 });
    const a = heap.malloc(100);
    const view = heap.u8(a, 100);
    heap.free(a);
    expect(view.every((byte) => byte === 0xdd)).toBe(true);
    view[7] = 0x43;
    expect(mistake(() => heap.check()).message).toMatch(
      /0x43 after its block was freed, found by check/,
    );
    heap.check();
    view[99] = 0x44;
    let error: MemoryError | undefined;
    for (let i = 0; i < 200 && error === undefined; i++) {
      try {
        heap.free(heap.malloc(100));
      } catch (caught) {
        error = caught as MemoryError;
      }
    }
    expect(error?.kind).toBe("heap-use-after-free");
    expect(error?.address).toBe(a + 99);
    expect(error?.message).toMatch(/found when it was used again/);
  });

  it("fresh memory is not zero, unless calloc's", () => {
    const heap = createDebugHeapSync(options);
    expect(heap.u8(heap.malloc(100), 100).every((byte) => byte === 0xbe)).toBe(true);
    expect(heap.u8(heap.calloc(10, 10), 100).every((byte) => byte === 0)).toBe(true);
  });
});

describe("leaks", () => {
  it("at dispose, by where they came from", () => {
    const heap = createDebugHeapSync();
    for (let i = 0; i < 3; i++) allocateHere(heap, 10);
    heap.newCString("kept");
    heap.free(allocateHere(heap, 100));
    heap.ignoreLeak(heap.malloc(1000));
    let error: unknown;
    try {
      heap.dispose();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LeakError);
    const { message, leaks } = error as LeakError;
    expect(leaks.map(({ bytes, blocks }) => [bytes, blocks.length])).toEqual([
      [30, 3],
      [5, 1],
    ]);
    expect(message).toMatch(/^memory-leak of 35 bytes in 4 blocks\n/);
    expect(message).toMatch(
      /30 bytes in 3 blocks, allocated by malloc:\n.*malloc.*\n.*allocateHere/,
    );
    expect(message).toMatch(/newCString/);
    expect(() => heap.malloc(1)).toThrow(/disposed/);
    heap.dispose();
  });

  it("none: dispose is quiet; or a function is told", async () => {
    const clean = await createDebugHeap();
    clean.free(clean.malloc(10));
    clean.dispose();
    const told: LeakError[] = [];
    const heap = await createDebugHeap({ leaks: (error) => told.push(error) });
    heap.malloc(10);
    heap.dispose();
    expect(told).toHaveLength(1);
    const dead = createDebugHeapSync();
    dead.malloc(5);
    expect(() => dead.free(dead.mm.brk - 24)).toThrow(HeapAbort);
    dead.dispose();
    expect(() => dead.ignoreLeak(5)).toThrow(
      /ignoreLeak: address must be a tracked block's, got 5/,
    );
  });

  it("scopes leave none; handles that the collector found are named", async () => {
    const heap = createDebugHeapSync();
    {
      using scope = heap.scope();
      scope.malloc(10);
      scope.alloc(Uint8Array, 100);
      scope.new(heap.struct({ a: "u8" }));
    }
    expect(heap.leaks()).toEqual([]);
    (() => void heap.alloc(Uint8Array, 77))();
    await collectUntil(() => heap.leaks().some(({ blocks }) => blocks[0]!.isAbandoned));
    expect(heap.leakReport()).toMatch(/77 bytes.*\n[^]*handles of 1 were collected as garbage/);
  });
});
