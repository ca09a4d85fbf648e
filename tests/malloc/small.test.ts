// C's functions in the profile "small": what a block takes, how it grows and shrinks where it is,
// what goes back to the kernel, what threads share. Recorded programs are in small-recordings,
// damage in small-damage.

import { describe, expect, it } from "vitest";
import { mallocInfo, mallocStats } from "../../src/inspect.js";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { Prng } from "../support/prng.js";
import {
  abis,
  attach,
  chunkBytes,
  expectSound,
  fill,
  firstChanged,
  heldBy,
  isMapped,
  many,
  minSize,
  peakOf,
  start as startAny,
  type Checked,
} from "./throughput.js";

type Options = Parameters<typeof startAny>[1];
const start = (abi: Abi, options: Options = {}): Checked =>
  startAny(abi, { ...options, profile: "small" });

describe.each(abis)("blocks in the profile small, %s", (abi) => {
  const step = 2 * wordBytes(abi);
  const sizeFor = (bytes: number): number =>
    Math.max(minSize(abi), Math.ceil((bytes + step / 2) / step) * step);

  it("take the request, a word, and no more than is needed to align the next", () => {
    const process = start(abi);
    for (let bytes = 0; bytes < 3000; bytes += 7) {
      const block = process.malloc(bytes);
      expect(block % step).toBe(0);
      expect(chunkBytes(process, block)).toBe(sizeFor(bytes));
    }
    expectSound(process);
  });

  it("of calloc are zero, wherever they come from", () => {
    const process = start(abi);
    const blocks = many(process, 200, 300);
    blocks.forEach((block, i) => fill(process, block, 300, i));
    blocks.filter((_, i) => i % 2 === 0).forEach((block) => process.free(block));
    for (const bytes of [8, 100, 300, 5000, 200_000]) {
      const block = process.calloc(1, bytes);
      expect(
        process
          .u8()
          .subarray(block, block + bytes)
          .some((byte) => byte !== 0),
      ).toBe(false);
    }
    expectSound(process);
  });

  it("the chunk that fits best is taken, of those the lowest", () => {
    const process = start(abi);
    const sizes = [4000, 2100, 2048, 2500, 2048];
    const blocks = sizes.map((bytes) => {
      const block = process.malloc(bytes);
      process.malloc(10);
      return block;
    });
    blocks.forEach((block) => process.free(block));
    expect(process.malloc(2048)).toBe(blocks[2]);
    expect(process.malloc(2048)).toBe(blocks[4]);
    expect(process.malloc(2100)).toBe(blocks[1]);
    expectSound(process);
  });

  it("a free block merges at once, and the heap goes back from its end", () => {
    const process = start(abi);
    const blocks = many(process, 1000, 100);
    const before = heldBy(process);
    blocks.forEach((block) => process.free(block));
    expect(process.mallinfo2()).toMatchObject({ ordblks: 1, uordblks: 0, smblks: 0 });
    expect(heldBy(process)).toBeLessThan(before / 4);
    process.trim();
    expect(heldBy(process)).toBeLessThanOrEqual(4096);
    expectSound(process);
  });
});

describe.each(abis)("realloc in the profile small, %s", (abi) => {
  it("shrinks where it is, and gives the end back", () => {
    const process = start(abi);
    const block = process.malloc(5000);
    process.malloc(10);
    expect(process.realloc(block, 100)).toBe(block);
    expect(chunkBytes(process, block)).toBeLessThan(120);
    expect(process.malloc(4000)).toBeLessThan(block + 5000);
    expectSound(process);
  });

  it("the last block grows with the heap, and is never there twice", () => {
    const process = start(abi);
    process.malloc(100);
    let block = process.malloc(1000);
    fill(process, block, 1000, 7);
    for (let bytes = 2000; bytes < 100_000; bytes *= 2) {
      const grown = process.realloc(block, bytes);
      expect(grown).toBe(block);
      block = grown;
    }
    expect(firstChanged(process, block, 1000, 7)).toBe(-1);
    expect(peakOf(process)).toBeLessThan(64_000 + 10_000);
    expectSound(process);
  });

  it.each([
    ["down into a free chunk", false],
    ["down and up", true],
  ])("a block grows %s", (_, hasRoomBehind) => {
    const process = start(abi);
    const [before, block, behind] = many(process, 3, 2000);
    process.malloc(10);
    fill(process, block!, 2000, 3);
    process.free(before!);
    if (hasRoomBehind) process.free(behind!);
    const grown = process.realloc(block!, hasRoomBehind ? 5500 : 3500);
    expect(grown).toBe(before);
    expect(firstChanged(process, grown, 2000, 3)).toBe(-1);
    expectSound(process);
  });

  it("a block in front of top moves down where both have room", () => {
    const process = start(abi);
    const [before, block] = many(process, 2, 6000);
    fill(process, block!, 6000, 5);
    process.free(before!);
    const grown = process.realloc(block!, 11_000);
    expect(grown).toBe(before);
    expect(firstChanged(process, grown, 6000, 5)).toBe(-1);
    expectSound(process);
    // calloc knows that what is top now has been used.
    const zeros = process.calloc(1, 6000);
    expect(
      process
        .u8()
        .subarray(zeros, zeros + 6000)
        .some((byte) => byte !== 0),
    ).toBe(false);
  });

  it("grows where somebody else has moved the break", () => {
    const process = start(abi);
    const block = process.malloc(3000);
    fill(process, block, 3000, 1);
    process.raw.sbrk(process.toWord(4096));
    const grown = process.realloc(block, 20_000);
    expect(firstChanged(process, grown, 3000, 1)).toBe(-1);
    expectSound(process);
    process.free(grown);
    expectSound(process);
  });

  it("fails where there is no memory, and leaves the block alone", () => {
    const process = start(abi);
    const block = process.malloc(3000);
    fill(process, block, 3000, 9);
    process.raw.refuse_growth(1, 1);
    const most = 2 ** 30;
    expect(process.realloc(block, most)).toBe(0);
    expect(firstChanged(process, block, 3000, 9)).toBe(-1);
    expectSound(process);
  });
});

describe.each(abis)("the rest of the family in the profile small, %s", (abi) => {
  it("memalign gives back what it does not need, before and behind", () => {
    const process = start(abi);
    process.malloc(10);
    for (const alignment of [16, 64, 4096, 65_536]) {
      const block = process.memalign(alignment, 500);
      expect(block % alignment).toBe(0);
      expect(chunkBytes(process, block)).toBeLessThanOrEqual(500 + 2 * minSize(abi));
    }
    expectSound(process);
  });

  it("large blocks are mapped, and go back whole", () => {
    const process = start(abi);
    const block = process.malloc(300_000);
    expect(isMapped(process, block)).toBe(true);
    const grown = process.realloc(block, 900_000);
    expect(isMapped(process, grown)).toBe(true);
    process.free(grown);
    expect(process.mallinfo2().hblkhd).toBe(0);
    // What was freed makes no difference to the next one.
    expect(isMapped(process, process.malloc(300_000))).toBe(true);
  });

  it("tunables and mallopt do what they can still mean", () => {
    const process = start(abi, { tunables: { mmap_threshold: 5000, top_pad: 65_536 } });
    expect(isMapped(process, process.malloc(6000))).toBe(true);
    process.malloc(10);
    expect(heldBy(process)).toBeGreaterThanOrEqual(65_536);
    const filled = start(abi, { tunables: { perturb: 0x5a, tcache_count: 100 } });
    const block = filled.malloc(100);
    expect(filled.u8()[block]).toBe(0xa5);
    const kept = filled.malloc(100);
    filled.malloc(10);
    filled.free(kept);
    expect(filled.u8()[kept + 40]).toBe(0x5a);
  });

  it("malloc_info and malloc_stats read it", () => {
    const process = start(abi);
    const blocks = many(process, 100, 500);
    blocks.filter((_, i) => i % 2 === 0).forEach((block) => process.free(block));
    const { fordblks, arena } = process.mallinfo2();
    expect(mallocInfo(process)).toContain(`<system type="current" size="${arena}"/>`);
    expect(mallocStats(process)).toContain(`${arena - fordblks}`);
  });

  it("threads have main_arena in common", () => {
    const process = start(abi);
    const threads = [process, attach(process), attach(process)];
    const random = new Prng(2041);
    const blocks: { block: number; bytes: number; seed: number }[] = [];
    for (let op = 0; op < 6000; op++) {
      const thread = random.pick(threads);
      if (blocks.length > 0 && random.chance(0.49)) {
        const [one] = blocks.splice(random.int(0, blocks.length - 1), 1);
        expect(firstChanged(process, one!.block, one!.bytes, one!.seed)).toBe(-1);
        thread.free(one!.block);
      } else {
        const bytes = random.power(0, 12);
        const block = thread.malloc(bytes);
        fill(process, block, bytes, op);
        blocks.push({ block, bytes, seed: op });
      }
      if (op % 500 === 0) expectSound(process, `after ${op}`);
    }
    threads[2]!.exitThread();
    expectSound(process, "after a thread's end");
    const again = attach(process);
    blocks.forEach(({ block }) => again.free(block));
    expectSound(process);
    expect(process.mallinfo2().uordblks).toBe(0);
  });
});
