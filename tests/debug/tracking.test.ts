// What a tracking heap knows, against a model; who owns an address; stale views; guests.

import { describe, expect, it } from "vitest";
import { createDebugHeapSync } from "../../src/debug/create.js";
import type { MemoryError } from "../../src/debug/errors.js";
import { createHeapSync } from "../../src/heap/create.js";
import { ShadowMemory } from "../../src/debug/shadow.js";
import { Prng } from "../support/prng.js";

describe.each(["ilp32", "lp64"] as const)("random operations against a model, %s", (abi) => {
  it.each([1, 2])("seed %i", (seed) => {
    const prng = new Prng(seed);
    const errors: MemoryError[] = [];
    const heap = createDebugHeapSync({
      ...{ abi, quarantine: 20_000, redzone: prng.pick([16, 32, 64]), stackDepth: 0 },
      ...{ onError: (error: MemoryError) => errors.push(error), leaks: "ignore" as const },
    });
    const model = new Map<number, { size: number; fill: number }>();
    const pickLive = () => prng.pick([...model.keys()]);
    const add = (mem: number, size: number) => {
      expect(mem).not.toBe(0);
      for (const [other, { size: otherSize }] of model)
        expect(mem + size <= other || mem >= other + otherSize, `seed ${seed}`).toBe(true);
      const fill = prng.int(0, 255);
      heap.u8(mem, size).fill(fill);
      model.set(mem, { size, fill });
    };
    for (let step = 0; step < 800; step++) {
      const kind = prng.int(0, 9);
      const size = prng.chance(0.05) ? prng.int(0, 200_000) : prng.int(0, 300);
      if (kind < 4 || model.size === 0) add(heap.malloc(size), size);
      else if (kind === 4) {
        const alignment = 2 ** prng.int(0, 12);
        const mem = heap.memalign(alignment, size);
        expect(mem % alignment).toBe(0);
        add(mem, size);
      } else if (kind === 5) {
        const old = pickLive();
        const before = model.get(old)!;
        const mem = heap.realloc(old, size + 1);
        model.delete(old);
        const same = Math.min(before.size, size + 1);
        expect(heap.u8(mem, same).every((byte) => byte === before.fill)).toBe(true);
        add(mem, size + 1);
      } else {
        const mem = pickLive();
        const { size: known, fill } = model.get(mem)!;
        expect(heap.u8(mem, known).every((byte) => byte === fill)).toBe(true);
        expect(heap.usableSize(mem)).toBe(known);
        heap.free(mem);
        model.delete(mem);
      }
    }
    heap.check();
    expect(errors).toEqual([]);
    const { blocks, bytes, quarantinedBytes } = heap.tracked;
    expect(blocks).toBe(model.size);
    expect(bytes).toBe([...model.values()].reduce((sum, { size }) => sum + size, 0));
    expect(quarantinedBytes).toBeLessThanOrEqual(20_000);
    for (const [mem, { size }] of model)
      for (const offset of [-1, 0, size - 1, size]) {
        const owner = heap.whoOwns(mem + offset);
        expect(owner.block?.address).toBe(mem);
        expect(owner.offset).toBe(offset);
        const inside = offset >= 0 && offset < size;
        expect(owner.where).toBe(
          inside ? "live-block" : offset < 0 ? "left-redzone" : "right-redzone",
        );
      }
    for (const mem of model.keys()) heap.free(mem);
    expect(errors).toEqual([]);
  });
});

it("the shadow against a model of bytes", () => {
  const prng = new Prng(5);
  const shadow = new ShadowMemory();
  const model = new Uint8Array(0x30000);
  for (let round = 0; round < 500; round++) {
    const start = prng.int(0, 0x2000) * 16;
    const size = prng.int(0, 0x1000);
    const end = Math.min(model.length, Math.ceil((start + size) / 16) * 16);
    if (prng.chance(0.5)) {
      shadow.fill(start, start + size, 0xfd);
      model.fill(0, start, end);
    } else {
      shadow.allow(start, size);
      model.fill(0, start, end);
      model.fill(1, start, start + size);
    }
    const at = prng.int(0, 0x2f000);
    const length = prng.int(0, 0x800);
    const bad = model.subarray(at, at + length).indexOf(0);
    expect(shadow.firstBad(at, length)).toBe(at + (bad < 0 ? length : bad));
  }
});

describe("whoOwns", () => {
  it.each(["ilp32", "lp64"] as const)("every byte of a small heap, %s", (abi) => {
    const heap = createDebugHeapSync({ abi, redzone: 16 });
    const header = abi === "ilp32" ? 8 : 16;
    const [live, freed] = [heap.malloc(50), heap.malloc(50)];
    const raw = heap.process.malloc(100);
    const rawFreed = heap.process.malloc(2000);
    heap.process.malloc(1);
    heap.free(freed);
    heap.process.free(rawFreed);
    const where = (address: number) => heap.whoOwns(address).where;
    expect([0, 49].map((i) => where(live + i))).toEqual(["live-block", "live-block"]);
    expect([-16, -1].map((i) => where(live + i))).toEqual(["left-redzone", "left-redzone"]);
    expect([50, 65].map((i) => where(live + i))).toEqual(["right-redzone", "right-redzone"]);
    expect(where(freed + 49)).toBe("freed-block");
    const end = heap.process.usableSize(raw);
    expect([0, end - 1].map((i) => where(raw + i))).toEqual(["in-use-chunk", "in-use-chunk"]);
    expect(where(raw - 1)).toBe("chunk-header");
    expect(where(raw + end)).toBe("chunk-header");
    expect(where(rawFreed + 500)).toBe("free-chunk");
    expect(where(heap.mm.brk - 1)).toBe("top");
    expect(where(heap.mm.startBrk - 1)).toBe("libc");
    expect(where(heap.process.base - 1)).toBe("not-heap");
    expect(where(heap.memory.buffer.byteLength)).toBe("outside");
    expect(where(0)).toBe("null");
    expect(where(heap.mm.startBrk + header - 1)).toBe("chunk-header");
    expect(heap.whoOwns(freed).text).toMatch(/0 bytes into a freed block of 50 bytes[^]*freed by/);
    expect(heap.whoOwns(raw).text).toMatch(/without this heap's tracking/);
  });
});

describe("stale views", () => {
  it("detached by growth, or of a freed block; not those that are good", () => {
    const heap = createDebugHeapSync();
    const a = heap.malloc(100);
    const b = heap.malloc(100);
    const good = heap.u8(a, 100);
    const freed = heap.u16(b, 50);
    expect(heap.staleViews()).toEqual([]);
    heap.free(b);
    expect(heap.staleViews()).toMatchObject([{ reason: "freed", type: "Uint16Array", address: b }]);
    heap.malloc(heap.memory.buffer.byteLength);
    const stale = heap.staleViews();
    expect(stale.map(({ reason, type }) => `${reason} ${type}`).sort()).toEqual([
      "detached Uint16Array",
      "detached Uint8Array",
    ]);
    expect(String(stale[0]!.stack)).toMatch(/tracking\.test/);
    expect(good.length + freed.length).toBe(0);
  });

  it("typed blocks make theirs anew", () => {
    const heap = createDebugHeapSync();
    using block = heap.alloc(Uint8Array, 10);
    heap.malloc(heap.memory.buffer.byteLength);
    expect(block.view.length).toBe(10);
    expect(heap.staleViews()).toEqual([]);
  });
});

describe("guests", () => {
  it.each(["ilp32", "lp64"] as const)("C's functions are tracked, %s", (abi) => {
    const heap = createDebugHeapSync({ abi });
    const c = heap.cFunctions();
    const word = (value: number) => heap.process.toWord(value);
    const number = (value: number | bigint) => heap.process.fromWord(value);
    const a = number(c.malloc(word(100)));
    expect(heap.whoOwns(a).where).toBe("live-block");
    const b = number(c.realloc(word(a), word(200)));
    expect(number(c.malloc_usable_size(word(b)))).toBe(200);
    const out = heap.malloc(8);
    expect(c.posix_memalign(word(out), word(64), word(10))).toBe(0);
    const aligned = heap.process.readWord(out);
    expect(aligned % 64).toBe(0);
    expect(c.posix_memalign(word(out), word(3), word(10))).toBe(22);
    expect(number(c.calloc(word(2 ** 31), word(2 ** 31)))).toBe(0);
    expect(() => c.free(word(b + 16))).toThrow(/invalid-free/);
    expect(() => c.free(word(a))).toThrow(/double-free/);
    for (const mem of [b, out, aligned]) c.free(word(mem));
    heap.dispose();
  });
});

describe("options", () => {
  it("memory that is short is taken from the quarantine", () => {
    const heap = createDebugHeapSync({ maximumPages: 64, quarantine: 2 ** 30 });
    for (let i = 0; i < 200; i++) {
      const a = heap.malloc(500_000);
      expect(a).not.toBe(0);
      heap.free(a);
    }
    expect(heap.malloc(2 ** 31 + 5)).toBe(0);
    heap.dispose();
  });

  it("onError: the program goes on", () => {
    const errors: MemoryError[] = [];
    const heap = createDebugHeapSync({ onError: (error) => errors.push(error) });
    const a = heap.malloc(4);
    heap.store("u32", a + 4, 5);
    expect(heap.load("u32", a + 4)).toBe(5);
    heap.free(a);
    heap.free(a);
    expect(errors.map(({ kind }) => kind)).toEqual([
      ...["heap-buffer-overflow", "heap-buffer-overflow", "heap-buffer-overflow", "double-free"],
    ]);
    heap.dispose();
  });

  it.each<[object, RegExp]>([
    [{ redzone: 8 }, /option "redzone" must be from 16 to/],
    [{ redzone: 24 }, /option "redzone" must be a multiple of 16, got 24/],
    [{ quarantine: -1 }, /option "quarantine" must be from 0/],
    [{ stackDepth: 1.5 }, /option "stackDepth" must be an integer/],
    [{ onError: "ignore" }, /option "onError" must be "throw" or a function, got "ignore"/],
    [{ leaks: 5 }, /option "leaks" must be "throw", "ignore" or a function, got 5/],
    [{ threads: true }, /option "threads": a tracking heap is for one thread/],
    [{ outOfMemory: "x" }, /"outOfMemory" must be one of/],
  ])("%o is refused", (options, expected) => {
    expect(() => createDebugHeapSync(options as never)).toThrow(expected);
  });
});

describe("errno", () => {
  it.each(["ilp32", "lp64"] as const)("is as in the plain heap: %s", (abi) => {
    const heaps = [
      createHeapSync({ abi, outOfMemory: "null" }),
      createDebugHeapSync({ abi, leaks: "ignore" }),
    ];
    const most = abi === "ilp32" ? 0xfffffff0 : Number.MAX_SAFE_INTEGER;
    const said = heaps.map((heap) => {
      const { raw } = heap.process;
      const clear = () =>
        heap.process.view().setInt32(heap.process.fromWord(raw.__errno_location()), 0, true);
      const own = heap.malloc(8);
      const calls: readonly (() => number)[] = [
        () => heap.malloc(most),
        () => heap.calloc(2 ** 26, 2 ** 26),
        () => heap.memalign(64, most),
        () => heap.alignedAlloc(64, most),
        () => heap.realloc(own, most),
        () => heap.reallocarray(own, 2 ** 26, 2 ** 26),
        () => Number(heap.malloc(8) > 0),
      ];
      return calls.map((call) => {
        clear();
        return [call(), heap.errno];
      });
    });
    expect(said[1]).toEqual(said[0]);
    expect(said[1]!.slice(0, -1)).toEqual(Array(6).fill([0, 12]));
  });
});

it("C's functions for guests are all there, and all watched", () => {
  const heap = createDebugHeapSync({ leaks: "ignore" });
  const { malloc, valloc, pvalloc, posix_memalign, calloc, free } = heap.cFunctions();
  const out = malloc(4) >>> 0;
  expect(posix_memalign(out, 64, 10)).toBe(0);
  const blocks = [valloc(10), pvalloc(10), calloc(2, 5), heap.load("u32", out)] as const;
  expect(blocks.map((block) => (block >>> 0) % 4096).slice(0, 2)).toEqual([0, 0]);
  expect(heap.tracked.blocks).toBe(5);
  expect(heap.whoOwns((blocks[1] >>> 0) + 4095).where).toBe("live-block");
  expect(heap.whoOwns((blocks[0] >>> 0) + 10).where).toBe("right-redzone");
  for (const block of blocks) free(block);
  expect(() => free(blocks[0])).toThrow(/double-free/);
});
