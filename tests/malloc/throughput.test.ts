// C's functions in the profile "throughput", one by one: sizes, calloc, realloc, memalign, and
// many at once.

import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { firstOther } from "../support/bytes.js";
import {
  MOST_KEPT,
  Plan,
  abis,
  cachedBytes,
  chunkBytes,
  expectSound,
  fill,
  firstChanged,
  from,
  many,
  plainSize,
  start,
  steppedSize,
  usableBytes,
  type Checked,
} from "./throughput.js";

const ENOMEM = 12;

const around = (size: number): number[] => from(size - 40, size + 40);

/** Requests at the borders of classes: of small ones, of those of an eighth, of what is cached. */
const BORDERS = [
  0, 1, 11, 12, 13, 24, 25, 28, 29, 40, 100, 124, 125, 128, 129, 136, 137, 256, 500, 504, 505, 996,
  1004, 1005, 1016, 1017, 1020, 1021, 1148, 1149, 2000, 4000, 8184, 65_520, 65_528, 65_529, 65_532,
  65_533, 100_000, 140_000,
];

describe.each(abis)("sizes in the profile throughput, %s", (abi) => {
  it("are glibc's below 1 KiB, and at most an eighth larger up to 64 KiB", () => {
    const process = start(abi);
    for (const bytes of [...from(0, 1100), ...from(1, 1300).map((i) => i * 61)]) {
      const block = process.malloc(bytes);
      const plain = plainSize(abi, bytes);
      const isStepped = plain > 1024 && plain <= 65_536;
      const size = isStepped ? steppedSize(plain) : plain;
      const rest = abi === "ilp32" ? 0 : 16;
      expect(block % 16).toBe(0);
      expect(chunkBytes(process, block)).toBeGreaterThanOrEqual(size);
      expect(chunkBytes(process, block)).toBeLessThanOrEqual(size + (bytes > 65_536 ? 4096 : rest));
      expect(process.usableSize(block)).toBe(usableBytes(process, block));
      if (bytes > 0 && bytes <= 65_536)
        expect(process.usableSize(block) - bytes).toBeLessThanOrEqual(bytes / 8 + 32);
      if (bytes % 3 === 0) process.free(block);
    }
    expectSound(process);
  });

  it("a cached block of a stepped class may have all that the class has", () => {
    const process = start(abi);
    // realloc cuts to the size, without classes: the last chunk of class 1152.
    const most = 1264 - wordBytes(abi);
    const block = process.realloc(process.malloc(5000), most);
    expect(chunkBytes(process, block)).toBe(1264);
    process.free(block);
    expect(process.malloc(1040)).toBe(block);
    expect(process.usableSize(block)).toBe(most);
  });

  it("the cache gives the latest block first, and a class keeps 64 KiB", () => {
    const process = start(abi);
    const blocks = many(process, 2000, 100);
    for (const block of blocks.slice(500)) process.free(block);
    const held = cachedBytes(process);
    expect(Math.max(...held)).toBeGreaterThan(MOST_KEPT - 112);
    expect(Math.max(...held)).toBeLessThanOrEqual(MOST_KEPT);
    const kept = Math.floor(MOST_KEPT / plainSize(abi, 100));
    const again = many(process, kept, 100);
    // A run of blocks, cut when the last was asked for, may lie under those that were freed.
    expect(again.filter((block) => blocks.includes(block)).length).toBeGreaterThan(kept - 16);
    const last = process.malloc(1000);
    process.free(last);
    expect(process.malloc(990)).toBe(last);
    expectSound(process);
  });
});

describe.each(abis)("a fall in the profile throughput, %s", (abi) => {
  const sizes = from(1, 600).map((i) => (i * 7919) % 20_000);
  const total = (held: number[]): number => held.reduce((sum, bytes) => sum + bytes, 0);

  /** Allocates a round's blocks. */
  const round = (process: Checked): number[] => sizes.map((bytes) => process.malloc(bytes));

  it("rounds have their blocks in the same places, and leave nothing in the cache", () => {
    const process = start(abi);
    const first = process.malloc(1);
    process.free(first);
    const rounds = from(0, 4).map(() => {
      const blocks = round(process);
      for (const block of blocks) process.free(block);
      expect(total(cachedBytes(process))).toBe(0);
      return blocks;
    });
    expect(rounds[2]).toEqual(rounds[1]);
    expect(rounds[3]).toEqual(rounds[1]);
    expectSound(process);
  });

  it("a program keeps its cache as long as much is in use", () => {
    const process = start(abi);
    const blocks = round(process);
    for (const block of blocks.slice(sizes.length / 4)) process.free(block);
    const held = total(cachedBytes(process));
    expect(held).toBeGreaterThan(500_000);
    for (const block of blocks.slice(0, sizes.length / 4)) process.free(block);
    expect(total(cachedBytes(process))).toBe(0);
    expectSound(process);
  });

  it("what fits into the cache stays there", () => {
    const process = start(abi);
    const blocks = many(process, 500, 100);
    const bytes = blocks.reduce((sum, block) => sum + chunkBytes(process, block), 0);
    for (let i = 0; i < 3; i++) {
      for (const block of many(process, 500, 100)) process.free(block);
      expect(total(cachedBytes(process))).toBeGreaterThanOrEqual(bytes);
    }
  });

  it("errno stays as it is", () => {
    const process = start(abi);
    const blocks = round(process);
    expect(process.malloc(0xffff_fff0)).toBe(0);
    for (const block of blocks) process.free(block);
    expect(process.errno).toBe(ENOMEM);
  });
});

describe.each(abis)("calloc in the profile throughput, %s", (abi) => {
  const sizes = [...from(0, 300), ...around(1024), ...around(65_536), ...around(131_072)];

  it("clears dirty memory, and nothing else", () => {
    const process = start(abi);
    let reused = 0;
    for (const bytes of sizes) {
      const blocks = many(process, 3, bytes);
      for (const block of blocks)
        process.u8().fill(0xa5, block, block + usableBytes(process, block));
      process.free(blocks[1]!);
      const cleared = process.calloc(1, bytes);
      if (cleared === blocks[1]) reused++;
      expect(firstOther(process.u8().subarray(cleared, cleared + bytes), 0), `${bytes}`).toBe(-1);
      for (const block of [blocks[0]!, blocks[2]!]) {
        const own = process.u8().subarray(block, block + usableBytes(process, block));
        expect(firstOther(own, 0xa5), `beside ${bytes}`).toBe(-1);
        process.free(block);
      }
      process.u8().fill(0x5a, cleared, cleared + bytes);
      process.free(cleared);
    }
    // Most of the blocks were dirty: else nothing would have been cleared.
    expect(reused).toBeGreaterThan(sizes.length / 2);
    expectSound(process);
  });

  it("clears what the cache gave back before the heap grew", () => {
    const process = start(abi, { layout: "compact" });
    const blocks = many(process, 4000, 500).concat(many(process, 400, 5000));
    for (const block of blocks) process.u8().fill(0xa5, block, block + usableBytes(process, block));
    for (const block of blocks) process.free(block);
    for (let bytes = 70_000; bytes < 2_000_000; bytes = Math.floor(bytes * 1.3)) {
      const block = process.calloc(7, Math.ceil(bytes / 7));
      expect(firstOther(process.u8().subarray(block, block + bytes), 0), `${bytes}`).toBe(-1);
    }
    expectSound(process);
  });

  it("multiplies, and notices an overflow", () => {
    const process = start(abi);
    expect(process.usableSize(process.calloc(10, 30))).toBeGreaterThanOrEqual(300);
    const half = 2n ** BigInt(wordBytes(abi) * 4);
    const before = process.mallinfo2();
    expect(process.calloc(half, half)).toBe(0);
    expect(process.errno).toBe(ENOMEM);
    expect(process.calloc(half, half + 1n)).toBe(0);
    expect(process.mallinfo2()).toEqual(before);
    expectSound(process);
  });
});

describe.each(abis)("realloc in the profile throughput, %s", (abi) => {
  it("keeps the bytes, and those beside it, from every size to every other", () => {
    const process = start(abi);
    const [low, high] = [process.malloc(40), process.malloc(40)];
    for (const [i, bytes] of BORDERS.entries()) {
      for (const [j, next] of BORDERS.entries()) {
        if (next === 0) continue;
        const seed = i * 41 + j;
        const old = process.malloc(bytes);
        const fence = process.malloc(24);
        fill(process, fence, 24, seed + 1);
        fill(process, old, bytes, seed);
        const block = process.realloc(old, next);
        const what = `${bytes} to ${next}`;
        expect(block % 16, what).toBe(0);
        expect(usableBytes(process, block), what).toBeGreaterThanOrEqual(next);
        expect(firstChanged(process, block, Math.min(bytes, next), seed), what).toBe(-1);
        expect(firstChanged(process, fence, 24, seed + 1), what).toBe(-1);
        process.free(block);
        process.free(fence);
      }
      expectSound(process, `after ${bytes}`);
    }
    process.free(low);
    process.free(high);
  });

  it("stays in place where a small block is at least half full, and moves where it is not", () => {
    const process = start(abi);
    for (const bytes of from(1, 62).map((i) => i * 16)) {
      const block = process.malloc(bytes);
      const most = usableBytes(process, block);
      for (const fits of [most, Math.floor(most / 2) + 1])
        expect(process.realloc(block, fits), `${most} to ${fits}`).toBe(block);
      expect(process.realloc(block, most)).toBe(block);
      // The smallest block has nothing smaller to move to, and moves all the same.
      const moved = process.realloc(block, Math.floor(most / 2));
      expect(moved, `${most}`).not.toBe(block);
      expect(chunkBytes(process, moved)).toBe(plainSize(abi, Math.floor(most / 2)));
      expect(process.realloc(moved, most + 1)).not.toBe(moved);
    }
    expectSound(process);
  });

  it("takes NULL for a new block, and 0 bytes for a free", () => {
    const process = start(abi);
    for (const bytes of [0, 1, 100, 1004, 5000, 65_528, 70_000, 200_000]) {
      const block = process.realloc(0, bytes);
      expect(block).not.toBe(0);
      expect(process.realloc(block, 0)).toBe(0);
      if (bytes <= 65_528) expect(process.malloc(bytes), `${bytes}`).toBe(block);
    }
    expect(process.realloc(0, 0)).not.toBe(0);
    expectSound(process);
  });

  it("leaves the block alone where there can be no larger one", () => {
    const process = start(abi);
    const most = 2n ** BigInt(wordBytes(abi) * 8 - 1);
    for (const bytes of [24, 500, 3000, 70_000, 300_000]) {
      const block = process.malloc(bytes);
      fill(process, block, bytes, 5);
      expect(process.realloc(block, most)).toBe(0);
      expect(process.errno).toBe(ENOMEM);
      expect(process.reallocarray(block, most, 4)).toBe(0);
      expect(firstChanged(process, block, bytes, 5)).toBe(-1);
    }
    expectSound(process);
  });
});

describe.each(abis)("alignment and many at once in the profile throughput, %s", (abi) => {
  it("memalign gives every power of two up to 64 KiB", () => {
    const process = start(abi);
    const plan = new Plan();
    const blocks: [number, number, number][] = [];
    for (let round = 0; round < 3; round++) {
      for (let alignment = 1; alignment <= 65_536; alignment *= 2) {
        for (const bytes of [0, 1, 60, 1000, 1100, 5000, 70_000]) {
          const block = process.memalign(alignment, bytes);
          expect(block % Math.max(16, alignment), `${alignment}, ${bytes}`).toBe(0);
          const usable = usableBytes(process, block);
          expect(usable).toBeGreaterThanOrEqual(bytes);
          expect(plan.take(block, usable)).toBe(true);
          fill(process, block, bytes, alignment);
          blocks.push([block, bytes, alignment]);
        }
      }
      expectSound(process, `round ${round}`);
      for (const [block, bytes, seed] of blocks.splice(0)) {
        expect(firstChanged(process, block, bytes, seed)).toBe(-1);
        plan.give(block, usableBytes(process, block));
        process.free(block);
      }
      expectSound(process, `round ${round}, freed`);
    }
    expect(process.posixMemalign(256, 100).address % 256).toBe(0);
    expect(process.valloc(100) % 4096).toBe(0);
    expect(process.pvalloc(5000) % 4096).toBe(0);
    expect(process.alignedAlloc(512, 100) % 512).toBe(0);
    expectSound(process);
  });

  it("mallocMany and freeMany do what as many calls do", () => {
    const heapOf = () =>
      createHeapSync<Abi, "checked">({ abi, build: "checked", profile: "throughput" });
    const [heap, other] = [heapOf(), heapOf()];
    heap.raw.verify_calls(0);
    other.raw.verify_calls(0);
    const sizes = from(0, 1500).map((i) => (i * 71) % 5000);
    for (let round = 0; round < 3; round++) {
      const blocks = heap.mallocMany(sizes);
      expect([...blocks]).toEqual(sizes.map((bytes) => other.malloc(bytes)));
      const freed = blocks.filter((_, i) => i % 3 !== round);
      heap.freeMany(freed);
      for (const block of freed) other.free(block);
      expect(heap.stats()).toEqual(other.stats());
      expectSound(heap.process, `round ${round}`);
    }
  });
});
