// The profile "throughput" and the kernel's memory: what is refused, what goes on after that, and
// what the cache gives back.

import { describe, expect, it } from "vitest";
import { wordBytes } from "../../src/layout/address.js";
import {
  Plan,
  abis,
  cachedBytes,
  chunkBytes,
  expectSound,
  fill,
  firstChanged,
  from,
  heldBy,
  peakOf,
  plainSize,
  start,
  sum,
  usableBytes,
} from "./throughput.js";

const ENOMEM = 12;
const EINVAL = 22;

describe.each(abis)("what cannot be served in the profile throughput, %s", (abi) => {
  it("is refused with ENOMEM: more than PTRDIFF_MAX", () => {
    const process = start(abi);
    const bits = BigInt(wordBytes(abi) * 8);
    const before = process.malloc(10);
    for (const bytes of [2n ** (bits - 1n), 2n ** (bits - 1n) + 5n, 2n ** bits - 1n]) {
      expect(process.malloc(bytes)).toBe(0);
      expect(process.errno).toBe(ENOMEM);
      expect(process.calloc(1, bytes)).toBe(0);
      expect(process.realloc(0, bytes)).toBe(0);
      expect(process.memalign(64, bytes)).toBe(0);
    }
    expect(process.posixMemalign(24, 8).error).toBe(EINVAL);
    expect(process.malloc(10)).toBeGreaterThan(before);
    expectSound(process);
  });

  // How small the memory may be: by the address space, and by the memory's own maximum.
  const limits = {
    "address space": { taskSize: 3 << 20, base: 65_536 },
    "memory's maximum": { maximumPages: 48 },
    "address space, compact": { taskSize: 3 << 20, layout: "compact" },
  } as const;
  it.each(Object.entries(limits))("goes on after the end of the %s", (_, options) => {
    const process = start(abi, options);
    const sizes = [250_000, 50_000, 5000, 1100, 500, 24];
    const counts: number[][] = [];
    for (let round = 0; round < 3; round++) {
      const blocks: number[] = [];
      const plan = new Plan();
      counts.push(
        sizes.map((bytes) => {
          const before = blocks.length;
          for (let block = process.malloc(bytes); block !== 0; block = process.malloc(bytes)) {
            expect(plan.take(block, usableBytes(process, block))).toBe(true);
            blocks.push(block);
          }
          expect(process.errno).toBe(ENOMEM);
          expectSound(process, `full of ${bytes}`);
          return blocks.length - before;
        }),
      );
      // What is there stays: a realloc that is refused does nothing.
      const [first] = blocks;
      fill(process, first!, 1000, round);
      expect(process.realloc(first!, 3 << 20)).toBe(0);
      expect(process.calloc(3, 1 << 20)).toBe(0);
      expect(firstChanged(process, first!, 1000, round)).toBe(-1);
      for (const block of blocks) process.free(block);
      expectSound(process, "all freed");
    }
    expect(counts[0]![0]).toBeGreaterThan(0);
    expect(sum(counts[0]!)).toBeGreaterThan(counts[0]![0]! + 10);
    // The cache is given back where the memory ends: about as many large blocks each time.
    for (const [large] of counts) expect(large).toBeGreaterThanOrEqual(counts[0]![0]! - 1);
  });
});

describe.each(abis)("a full memory in the profile throughput, %s", (abi) => {
  it("refuses nothing that the cache could be emptied for, however often", () => {
    const process = start(abi, { maximumPages: 64, layout: "compact" });
    for (let round = 0; round < 4; round++) {
      const blocks: number[] = [];
      let [bytes, block] = [16, process.malloc(16)];
      for (; block !== 0; block = process.malloc(bytes)) {
        blocks.push(block);
        bytes = 16 + ((bytes * 7) % 4001);
      }
      const rest = blocks.splice(0, blocks.length / 4);
      for (const block of blocks) process.free(block);
      expect(sum(cachedBytes(process))).toBeGreaterThan(1 << 20);
      // A quarter is in use: half of the memory is there.
      const large = process.malloc(2_000_000);
      expect(large, `round ${round}`).not.toBe(0);
      process.free(large);
      for (const block of rest) process.free(block);
      expectSound(process, `round ${round}`);
    }
  });
});

describe.each(abis)("giving back in the profile throughput, %s", (abi) => {
  it("malloc_trim empties the cache and lowers the break", () => {
    const process = start(abi);
    process.free(process.malloc(1));
    process.trim();
    const { uordblks, arena } = process.mallinfo2();
    const blocks = from(0, 3000).map((i) => process.malloc((i * 37) % 9000));
    const { brk } = process.mm();
    const rest = blocks.splice(0, blocks.length / 4);
    for (const block of blocks) process.free(block);
    expect(sum(cachedBytes(process))).toBeGreaterThan(1 << 20);
    expect(process.trim()).toBe(true);
    expect(sum(cachedBytes(process))).toBe(0);
    expect(process.mm().brk).toBeLessThan(brk);
    for (const block of rest) process.free(block);
    process.trim();
    expect(process.mallinfo2()).toMatchObject({ uordblks, arena });
    expectSound(process);
    expect(process.malloc(100)).not.toBe(0);
  });

  it("the cache is emptied before the heap grows", () => {
    const process = start(abi, { tunables: { mmap_max: 0 } });
    const blocks: number[] = [];
    for (let bytes = 0, i = 0; bytes < 10 << 20; bytes += usableBytes(process, blocks.at(-1)!))
      blocks.push(process.malloc(16 + ((i++ * 52) % 980)));
    // A quarter stays. Of the rest every other one first: what is not cached merges with nothing.
    blocks.splice(0, blocks.length / 4);
    for (const odd of [1, 0])
      for (const [i, block] of blocks.entries()) if (i % 2 === odd) process.free(block);
    const [peak, held] = [peakOf(process), sum(cachedBytes(process))];
    expect(held).toBeGreaterThan(3 << 20);
    let emptied = 0;
    for (let large = 0; large < 6 << 20;) {
      const before = sum(cachedBytes(process));
      large += usableBytes(process, process.malloc(150_000));
      if (sum(cachedBytes(process)) < before) emptied++;
    }
    expect(emptied).toBe(1);
    expect(peakOf(process)).toBeLessThan(peak * 1.15);
    expectSound(process);
  });

  it("mallinfo2's sums are the arenas'", () => {
    const process = start(abi);
    const blocks: number[] = [];
    for (let i = 0; i < 4000; i++) {
      blocks.push(process.malloc((i * 97) % 3000));
      if (i % 3 === 0) process.free(blocks.splice((i * 31) % blocks.length, 1)[0]!);
      if (i % 100 !== 0) continue;
      const info = process.mallinfo2();
      expect(info.uordblks + info.fordblks).toBe(info.arena);
      expect(info.arena).toBe(heldBy(process));
      expect(info).toMatchObject({ smblks: 0, fsmblks: 0, hblks: 0 });
      const live = sum(blocks.map((block) => chunkBytes(process, block)));
      // In use: blocks, what is cached, and the cache's own struct.
      const own = plainSize(abi, process.structs.ClassCache.size);
      const cached = sum(cachedBytes(process));
      // On ilp32 the heap begins 8 bytes before the first chunk.
      const slack = info.uordblks - (live + cached);
      expect(slack).toBeGreaterThanOrEqual(own);
      expect(slack).toBeLessThanOrEqual(own + 16);
    }
  });
});
