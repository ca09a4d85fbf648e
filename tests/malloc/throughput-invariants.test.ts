// The whole-heap checker in the profile "throughput": what it claims of the cache and of the bins
// it finds broken, one mutation of a sound heap each. What both profiles have in common is for
// invariants.test.ts.

import { describe, expect, it } from "vitest";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { Invariant } from "../../src/layout/generated.js";
import { Prng } from "../support/prng.js";
import {
  MOST_KEPT,
  abis,
  cachedBytes,
  chunkBytes,
  expectSound,
  many,
  start,
  type Checked,
} from "./throughput.js";

/** A heap with something in the cache and in bins, and where to find it. */
class Scene {
  readonly process: Checked;
  readonly #word: number;
  /** The cache. */
  readonly cache: number;
  /** Blocks in the cache: the latest of its class, and one of a stepped class. */
  readonly cached: number;
  readonly stepped: number;
  /** A free block of 1000 bytes in a bin: the latest there. */
  readonly binned: number;
  /** The only block in its bin, of more than is cached. */
  readonly large: number;
  /** A block in use. */
  readonly used: number;

  constructor(abi: Abi) {
    this.process = start(abi);
    this.#word = wordBytes(abi);
    const { process } = this;
    const small = many(process, 8, 200);
    const stepped = many(process, 3, 5000);
    const full = many(process, 180, 1000);
    // So that nothing merges with it.
    process.malloc(30_000);
    const large = process.malloc(70_000);
    this.used = process.malloc(30_000);
    for (const block of [...small, ...stepped, large]) process.free(block);
    const odd = full.filter((_, i) => i % 2 === 1);
    for (const block of odd) process.free(block);
    this.cached = small.at(-1)!;
    this.stepped = stepped.at(-1)!;
    this.binned = odd.at(-1)!;
    this.large = large;
    this.cache = process.raw.tcache() >>> 0;
  }

  read = (address: number): number => this.process.readWord(address);

  poke(address: number, value: number): void {
    const view = this.process.view();
    if (this.#word === 4) view.setUint32(address, value >>> 0, true);
    else view.setBigUint64(address, BigInt(value), true);
  }

  /** The class of a block's chunk of up to 64 KiB. */
  classOf(block: number): number {
    const size = chunkBytes(this.process, block);
    if (size <= 1024) return size / 16 - 1;
    const bits = Math.floor(Math.log2(size));
    return 63 + (bits - 10) * 8 + (Math.floor(size / 2 ** (bits - 3)) % 8);
  }

  entryAt = (index: number): number => this.cache + index * this.#word;

  /** Changes how many bytes a class takes yet. */
  changeRoom(index: number, by: number): void {
    const at = this.cache + this.process.structs.ClassCache.fields.room.offset + index * 4;
    const view = this.process.view();
    view.setInt32(at, view.getInt32(at, true) + by, true);
  }

  fdAt = (chunk: number): number => chunk + 2 * this.#word;
  bkAt = (chunk: number): number => chunk + 3 * this.#word;
  chunkOf = (block: number): number => block - 2 * this.#word;

  /** The head of the bin that a free block is in. */
  binOf(block: number): number {
    let chunk = this.chunkOf(block);
    while (chunk >= this.process.startBrk) chunk = this.read(this.fdAt(chunk));
    return chunk;
  }

  /** Makes a bin's ring of the chunks given; of none: an empty one. */
  ring(bin: number, ...chunks: number[]): void {
    const all = [bin, ...chunks];
    all.forEach((chunk, i) => {
      const next = all[(i + 1) % all.length]!;
      this.poke(this.fdAt(chunk), next);
      this.poke(this.bkAt(next), chunk);
    });
  }

  /** Changes how many bytes main_arena's bins hold. */
  miscount(by: number): void {
    const { haveFastchunks } = this.process.structs.MallocState.fields;
    const at = (this.process.raw.main_arena() >>> 0) + haveFastchunks.offset;
    const view = this.process.view();
    view.setInt32(at, view.getInt32(at, true) + by, true);
  }

  /** Flips the bit of a bin, by its head, in the map of those that hold something. */
  flipMap(bin: number): void {
    const { fields } = this.process.structs.MallocState;
    const arena = this.process.raw.main_arena() >>> 0;
    // Bin 1 has its links where the bins begin.
    const first = arena + fields.bins.offset - 2 * this.#word;
    const index = (bin - first) / (2 * this.#word) + 1;
    const u8 = this.process.u8();
    const at = arena + fields.binmap.offset + (index >> 3);
    u8[at] = u8[at]! ^ (1 << (index & 7));
  }
}

type Mutation = (scene: Scene) => void;

const MUTATIONS: [keyof typeof Invariant, string, Mutation][] = [
  ["TCACHE_COUNT", "a class that takes more than it has room for", (s) => s.changeRoom(3, 16)],
  ["TCACHE_COUNT", "a class that takes less", (s) => s.changeRoom(s.classOf(s.cached), -16)],
  ["TCACHE_COUNT", "a list that is lost", (s) => s.poke(s.entryAt(s.classOf(s.cached)), 0)],
  ["TCACHE_COUNT", "a list that goes round", (s) => s.poke(s.cached, protect(s.cached, s.cached))],
  ["TCACHE_COUNT", "more than a class keeps", (s) => s.changeRoom(60, MOST_KEPT)],
  ["TCACHE_LINK", "a misaligned entry", (s) => s.poke(s.entryAt(5), s.used + 8)],
  ["TCACHE_LINK", "a misaligned link", (s) => s.poke(s.cached, protect(s.cached, s.used + 8))],
  ["TCACHE_LINK", "an entry outside the memory", (s) => s.poke(s.entryAt(5), 0xffff_fff0)],
  [
    "TCACHE_KEY",
    "a block without the key",
    (s) => s.process.u8().fill(0, s.cached + 4, s.cached + 16),
  ],
  ["TCACHE_KEY", "a block in use", (s) => s.poke(s.entryAt(s.classOf(s.used)), s.used)],
  [
    "TCACHE_SIZE",
    "a list of another class",
    (s) => {
      s.poke(s.entryAt(s.classOf(s.cached) + 1), s.cached);
      s.poke(s.entryAt(s.classOf(s.cached)), 0);
      s.changeRoom(s.classOf(s.cached), cachedBytes(s.process)[s.classOf(s.cached)]!);
    },
  ],
  [
    "TCACHE_SIZE",
    "a stepped block in the class before",
    (s) => s.poke(s.entryAt(s.classOf(s.stepped) - 1), s.stepped),
  ],
  ["TCACHE_FREE", "a block that is free", (s) => s.poke(s.entryAt(s.classOf(s.binned)), s.binned)],
  ["BIN_LINKS", "fd leads to another chunk", (s) => s.poke(s.binned, s.chunkOf(s.used))],
  ["BIN_LINKS", "bk leads nowhere", (s) => s.poke(s.bkAt(s.chunkOf(s.large)), 0xffff_fff0)],
  [
    "BIN_SIZE",
    "a chunk in the bin of another class",
    (s) => {
      const bin = s.binOf(s.large);
      s.ring(bin);
      s.flipMap(bin);
      const other = bin + 2 * (s.process.abi === "ilp32" ? 4 : 8);
      s.ring(other, s.chunkOf(s.large));
      s.flipMap(other);
    },
  ],
  [
    "BIN_HOLDS_USED",
    "a chunk in use",
    (s) => s.ring(s.binOf(s.large), s.chunkOf(s.large), s.chunkOf(s.used)),
  ],
  ["BINMAP", "a bin that counts as empty", (s) => s.flipMap(s.binOf(s.large))],
  [
    "BINMAP",
    "a bin that counts as full",
    (s) => s.flipMap(s.binOf(s.large) + 2 * (s.process.abi === "ilp32" ? 4 : 8)),
  ],
  [
    "FREE_NOT_BINNED",
    "a free chunk in no bin",
    (s) => {
      const bin = s.binOf(s.large);
      s.ring(bin);
      s.flipMap(bin);
    },
  ],
  ["FREE_NOT_BINNED", "the count of what is in bins", (s) => s.miscount(16)],
];

/** A link of the cache's lists as it is stored: exclusive-or'ed with the place's page. */
function protect(place: number, target: number): number {
  return (Math.floor(place / 4096) ^ target) >>> 0;
}

describe.each(abis)("the checker in the profile throughput, %s", (abi) => {
  it("finds nothing wrong with a sound heap", () => {
    const scene = new Scene(abi);
    expectSound(scene.process);
    expect(scene.binOf(scene.binned)).toBeLessThan(scene.process.startBrk);
    expect(scene.read(scene.entryAt(scene.classOf(scene.cached)))).toBe(scene.cached);
    expect(scene.read(scene.entryAt(scene.classOf(scene.stepped)))).toBe(scene.stepped);
  });

  it.each(MUTATIONS)("names %s: %s", (name, _, mutate) => {
    const scene = new Scene(abi);
    mutate(scene);
    const found = scene.process.raw.check_heap();
    expect(Object.entries(Invariant).find(([, value]) => value === found)?.[0]).toBe(name);
  });

  it("follows no link out of the memory, whatever one word of the cache says", () => {
    const scene = new Scene(abi);
    const { process, cache } = scene;
    const random = new Prng(2037);
    const words = process.structs.ClassCache.size / 4;
    const end = process.memory.buffer.byteLength;
    let found = 0;
    for (let round = 0; round < 3000; round++) {
      const address = cache + random.int(0, words - 1) * 4;
      const view = process.view();
      const before = view.getUint32(address, true);
      const values = [0, 1, 8, 0xffff_fff0, end - 16, end, process.startBrk + 8, before ^ 16];
      view.setUint32(address, random.chance(0.5) ? random.pick(values) : random.next(), true);
      if (process.raw.check_heap() !== Invariant.HOLDS) found++;
      view.setUint32(address, before, true);
    }
    expect(found).toBeGreaterThan(1000);
    expectSound(process);
  });
});
