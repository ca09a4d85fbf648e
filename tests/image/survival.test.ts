// A heap that was closed, or left, and opened again is the same heap: its blocks, and everything
// that decides where the next ones go.

import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { HeapDeadError } from "../../src/heap/errors.js";
import { MemoryFile, openHeapImage, openHeapImageSync } from "../../src/image.js";
import type { HeapImageOptions } from "../../src/image.js";
import type { Abi } from "../../src/layout/address.js";
import { Workload, blocksOf, damagedBlocks } from "../support/image-workload.mjs";
import { Prng } from "../support/prng.js";
import { Reference, SEED, abis, fileWith, open, tableOf } from "./support.js";

const PAGE = 4096;

/** How a heap goes from one process to the next. */
const ways: Record<string, { options: HeapImageOptions; isClosed: boolean }> = {
  closed: { options: {}, isClosed: true },
  "left after msync": { options: {}, isClosed: false },
  "left, without a journal": { options: { journal: false }, isClosed: false },
  "left, without waiting for the disk": { options: { sync: "none" }, isClosed: false },
};

describe.each(abis)("%s", (abi) => {
  it.each(Object.entries(ways))("every block is where it was: %s", (_, { options, isClosed }) => {
    const reference = new Reference({ abi });
    const file = new MemoryFile();
    let most = 0;
    let shrunk = 0;
    for (let ops = 150; ops <= 1800; ops += 150) {
      const { heap, work } = open(file, { abi, ...options });
      work.runTo(ops);
      if (isClosed) heap.close();
      else heap.msync();
      const next = openHeapImageSync(file, { abi, ...options });
      expect(tableOf(next)).toEqual(reference.tableAt(ops));
      expect(damagedBlocks(next.heap, reference.tableAt(ops))).toEqual([]);
      const { brk, startBrk } = next.heap.mm;
      if (brk - startBrk < most) shrunk++;
      most = Math.max(most, brk - startBrk);
    }
    // The heap was larger, then smaller, and grew again between msyncs.
    expect(shrunk).toBeGreaterThan(0);
  });

  const serving = {
    compact: {},
    linux: { layout: "linux", tunables: { mmap_max: 0 } },
    "linux with mappings that come and go": { layout: "linux" },
    "other tunables": { tunables: { tcache_count: 2, mxfast: 0, perturb: 3, mmap_max: 0 } },
  } as const;
  it.each(Object.entries(serving))("it serves requests as if never closed: %s", (_, options) => {
    const file = new MemoryFile();
    const reference = createHeapSync({ abi, ...options });
    let heap = openHeapImageSync(file, { abi, ...options });
    const random = new Prng(SEED);
    let blocks: number[] = [];
    for (let round = 0; round < 12; round++) {
      for (let op = 0; op < 300; op++) {
        const victim = blocks.length > 0 && random.chance(0.45) ? random.pick(blocks) : 0;
        if (victim !== 0) {
          blocks = blocks.filter((block) => block !== victim);
          reference.free(victim);
          heap.heap.free(victim);
          continue;
        }
        const bytes = random.power(0, random.chance(0.05) ? 17 : 11);
        const expected = reference.malloc(bytes);
        expect(heap.heap.malloc(bytes)).toBe(expected);
        blocks.push(expected);
      }
      // Mappings are not part of an image; blocks of this size have one only in the layout that
      // allows it.
      const [big, other] = [reference.malloc(3_000_000), heap.heap.malloc(3_000_000)];
      if (options === serving.compact) expect(other).toBe(big);
      reference.free(big);
      heap.heap.free(other);
      for (const block of blocks.filter((block) => block >= reference.mm.brk)) {
        reference.free(block);
        heap.heap.free(block);
      }
      blocks = blocks.filter((block) => block < reference.mm.brk);
      heap.msync();
      heap = openHeapImageSync(file, { abi });
      expect(heap.heap.stats()).toEqual(reference.stats());
    }
  });

  it("the memory is no larger than the heap needs, and the program's brk goes on", () => {
    const file = fileWith(900, { abi });
    const { heap, root } = openHeapImageSync(file, { abi });
    const { brk } = heap.mm;
    expect(heap.memory.buffer.byteLength).toBe(Math.ceil(brk / 65536) * 65536);
    expect(heap.mm.totalVm).toBe((brk - heap.mm.startBrk) / PAGE);
    const at = heap.process.fromWord(heap.raw.sbrk(heap.process.toWord(PAGE)));
    expect(at).toBe(brk);
    expect(heap.u8(at, PAGE).every((byte) => byte === 0)).toBe(true);
    expect(root).not.toBe(0);
  });

  it("in the caller's memory, at the caller's base, what lies below stays", () => {
    const file = new MemoryFile();
    const make = () => {
      const memory = new WebAssembly.Memory({ initial: 4, maximum: 256 });
      new Uint8Array(memory.buffer, 0, 0x20000).fill(0xaa);
      return memory;
    };
    const options = { abi, base: 0x20000, taskSize: 256 * 65536 };
    const first = open(file, { ...options, memory: make() });
    first.work.runTo(600);
    first.heap.close();
    const memory = make();
    const next = openHeapImageSync(file, { ...options, memory });
    expect(next.heap.memory).toBe(memory);
    expect(new Uint8Array(memory.buffer, 0, 0x20000).every((byte) => byte === 0xaa)).toBe(true);
    expect(damagedBlocks(next.heap, tableOf(next))).toEqual([]);
  });

  it("without waiting and with waiting for the binary", async () => {
    const file = new MemoryFile();
    const heap = await openHeapImage(file, { abi });
    heap.root = heap.heap.malloc(8);
    heap.close();
    expect((await openHeapImage(file, { abi })).root).toBe(heap.root);
  });
});

describe("msync", () => {
  const abi: Abi = "ilp32";

  it("writes what changed, and says how much", () => {
    const { heap } = open(new MemoryFile(), { abi });
    const block = heap.heap.malloc(100 * PAGE);
    const first = heap.msync();
    expect(first.pages).toBe((heap.heap.mm.brk - heap.heap.process.base) / PAGE);
    expect(heap.msync()).toEqual({ pages: 0, bytes: 0 });
    expect(heap.generation).toBe(1);
    for (const page of [3, 4, 50]) heap.heap.u8(block, 100 * PAGE)[page * PAGE] = 1;
    // The checksums, the journal's index, three pages there, the header, three pages in place.
    expect(heap.msync()).toEqual({ pages: 3, bytes: 9 * PAGE });
    expect(heap.generation).toBe(2);
    heap.heap.u8(block, 1)[0] = 0;
    expect(heap.msync()).toEqual({ pages: 0, bytes: 0 });
    heap.root = block;
    expect(heap.msync()).toEqual({ pages: 0, bytes: PAGE });
  });

  it("after a heap that shrank and grew again the pages are written anew", () => {
    const file = new MemoryFile();
    const { heap } = open(file, { abi });
    const fill = (value: number): number => {
      const block = heap.heap.malloc(400_000);
      heap.heap.u8(block, 400_000).fill(value);
      heap.msync();
      return block;
    };
    const first = fill(1);
    heap.heap.free(first);
    heap.msync();
    const again = fill(1);
    expect(again).toBe(first);
    heap.root = again;
    heap.close();
    const { heap: next, root } = openHeapImageSync(file, { abi });
    expect(next.u8(root, 400_000).every((byte) => byte === 1)).toBe(true);
  });

  it("the file stays small: journals take turns, and closing gives them up", () => {
    const file = new MemoryFile();
    const { heap, work } = open(file, { abi });
    let most = 0;
    for (let ops = 10; ops <= 3000; ops += 10) {
      work.runTo(ops);
      heap.msync();
      most = Math.max(most, file.size());
    }
    const largest = 4_000_000;
    expect(most).toBeLessThan(3 * largest);
    const bytes = heap.heap.mm.brk - heap.heap.process.base;
    heap.close();
    const table = Math.ceil(((bytes / PAGE) * 8) / PAGE) * PAGE;
    expect(file.size()).toBe(8192 + bytes + table);
  });

  it("a file that fails keeps its state, and the next msync mends it", () => {
    const file = new MemoryFile();
    let countdown = 0;
    const failing = new Proxy(file, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          if ((name === "write" || name === "sync") && --countdown === 0) {
            throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
          }
          return value.apply(target, args) as unknown;
        };
      },
    });
    const reference = new Reference({ abi });
    const { heap, work } = open(failing, { abi });
    let failures = 0;
    for (let step = 1; step <= 16; step++) {
      work.runTo(step * 20);
      countdown = step;
      try {
        heap.msync();
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOSPC" });
        failures++;
      }
      const copy = new MemoryFile(file.bytes());
      const seen = openHeapImageSync(copy, { abi });
      if (seen.root !== 0) expect(damagedBlocks(seen.heap, tableOf(seen))).toEqual([]);
      countdown = 0;
      heap.msync();
      const now = openHeapImageSync(new MemoryFile(file.bytes()), { abi });
      expect(damagedBlocks(now.heap, reference.tableAt(step * 20))).toEqual([]);
      expect(tableOf(now)).toEqual(reference.tableAt(step * 20));
    }
    expect(failures).toBeGreaterThan(10);
  });
});

describe("closing", () => {
  it("brings the last changes to the file; a second time it does nothing", () => {
    const file = new MemoryFile();
    {
      using heap = openHeapImageSync(file);
      heap.root = heap.heap.malloc(10);
    }
    const heap = openHeapImageSync(file);
    expect(heap.root).not.toBe(0);
    heap.heap.malloc(100_000);
    heap.discard();
    heap.close();
    expect(() => heap.msync()).toThrow(HeapDeadError);
    expect(() => heap.heap.malloc(1)).toThrow(HeapDeadError);
    expect(openHeapImageSync(file).heap.stats().uordblks).toBeLessThan(50_000);
  });

  it("an aborted heap is not written", () => {
    const file = new MemoryFile();
    const heap = openHeapImageSync(file);
    const block = heap.heap.malloc(10);
    heap.root = block;
    heap.msync();
    heap.heap.u32(block - 4, 1)[0] = 0xfffffff1;
    expect(() => heap.heap.free(block)).toThrow("free(): invalid pointer");
    expect(() => heap.msync()).toThrow(HeapDeadError);
    heap.close();
    const next = openHeapImageSync(file);
    next.heap.free(next.root);
    expect(next.check()).toBeUndefined();
  });

  it("check says what is wrong, and where", () => {
    const heap = openHeapImageSync(new MemoryFile());
    const block = heap.heap.malloc(10);
    heap.heap.malloc(10);
    expect(heap.check()).toBeUndefined();
    heap.heap.u32(block - 4, 1)[0] = 9;
    expect(heap.check()).toMatchObject({ invariant: "FENCEPOST", address: block - 8 });
  });
});

it("the program of these tests does all that it should", () => {
  const heap = createHeapSync();
  const work = new Workload(heap, 0, SEED);
  work.runTo(1500);
  const blocks = blocksOf(work.words());
  expect(blocks.length).toBeGreaterThan(30);
  expect(damagedBlocks(heap, work.words())).toEqual([]);
  heap.u32(blocks[3]!.address, 1)[0]! ^= 1;
  expect(damagedBlocks(heap, work.words())).toEqual([blocks[3]!.address]);
});
