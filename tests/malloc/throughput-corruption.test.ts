// A damaged heap of the profile "throughput" ends in glibc's own words: what free, malloc, realloc
// and malloc_trim can find there. That damage of any kind never hangs is for tests/corruption.

import { describe, expect, it } from "vitest";
import { wordBytes } from "../../src/layout/address.js";
import { HeapAbort } from "../../src/process/failures.js";
import {
  abis,
  cachedBytes,
  chunkBytes,
  expectSound,
  heldBy,
  many,
  start,
  type Checked,
} from "./throughput.js";

/** A process, and ways to damage it. Chunks are named by their blocks. */
class Scene {
  readonly process: Checked;
  readonly #word: number;

  constructor(abi: "ilp32" | "lp64") {
    this.process = start(abi);
    this.#word = wordBytes(abi);
  }

  malloc = (bytes: number): number => this.process.malloc(bytes);
  free = (block: number): void => this.process.free(block);

  /** A block that is too large to be cached, and cannot merge with what is allocated later. */
  large(bytes = 70_000): number {
    const block = this.malloc(bytes);
    this.malloc(10);
    return block;
  }

  /** A chunk that is free and in a bin, with a block in use before and behind it. */
  binned(bytes = 70_000): number {
    this.malloc(10);
    const block = this.large(bytes);
    this.free(block);
    return block;
  }

  poke(address: number, value: number): void {
    const view = this.process.view();
    if (this.#word === 4) view.setUint32(address, value >>> 0, true);
    else view.setBigUint64(address, BigInt(value), true);
  }

  /** Changes a block's size word. */
  resize(block: number, change: (head: number) => number): void {
    const at = block - this.#word;
    this.poke(at, change(this.process.readWord(at)));
  }

  /** The word in front of the size word: the size of the chunk before, if that is free. */
  prevSizeAt(block: number): number {
    return block - 2 * this.#word;
  }

  /** The block behind. */
  next(block: number): number {
    return block + chunkBytes(this.process, block);
  }

  fdAt = (block: number): number => block;
  bkAt = (block: number): number => block + this.#word;

  /** Makes a cached block the one in front of `target`, as its list has it: protected. */
  link(block: number, target: number): void {
    this.poke(block, (Math.floor(block / 4096) ^ target) >>> 0);
  }

  /** Writes a cached block's key into another one. */
  copyKey(from: number, to: number): void {
    this.process.u8().copyWithin(this.bkAt(to), this.bkAt(from), this.bkAt(from) + this.#word);
  }

  /** The block that top would be. */
  top(): number {
    const { process } = this;
    const field = process.structs.MallocState.fields.top;
    const top = process.readWord((process.raw.main_arena() >>> 0) + field.offset);
    return top + 2 * this.#word;
  }

  /** Where the cache has the latest block of a size below 1 KiB. */
  entryAt(block: number): number {
    const index = chunkBytes(this.process, block) / 16 - 1;
    return (this.process.raw.tcache() >>> 0) + index * this.#word;
  }
}

/** Damage, and the calls that find it. */
type Damage = (scene: Scene) => void;

/** By glibc's message: each way to it. */
const CASES: Record<string, Record<string, Damage>> = {
  "free(): invalid pointer": {
    "a block's middle": (s) => s.free(s.malloc(40) + 8),
    "a word behind a block": (s) => s.free(s.malloc(40) + 4),
    "a size that wraps around": (s) => {
      const block = s.malloc(100);
      s.resize(block, () => (s.process.abi === "ilp32" ? 0xffff_fff1 : 2 ** 63 + 2 ** 62));
      if (s.process.abi === "lp64") s.process.view().setBigInt64(block - 8, -15n, true);
      s.free(block);
    },
    "a size of 0": (s) => {
      const block = s.malloc(40);
      s.resize(block, () => 1);
      s.free(block);
    },
    "a large block's middle": (s) => s.free(s.large() + 8),
  },
  "free(): invalid size": {
    "a size that is no multiple of 16": (s) => {
      const block = s.malloc(40);
      s.resize(block, (head) => head | 8);
      s.free(block);
    },
    "a large block's": (s) => {
      const block = s.large();
      s.resize(block, (head) => head | 8);
      s.free(block);
    },
  },
  "free(): double free detected in tcache 2": {
    "the latest block": (s) => {
      const block = s.malloc(40);
      s.free(block);
      s.free(block);
    },
    "an earlier block": (s) => {
      const blocks = many(s.process, 20, 300);
      blocks.forEach(s.free);
      s.free(blocks[3]!);
    },
    "a block of a stepped class": (s) => {
      const block = s.malloc(20_000);
      s.free(block);
      s.free(block);
    },
    "of a class that is full": (s) => {
      const blocks = many(s.process, 100, 1000);
      blocks.forEach(s.free);
      s.free(blocks[0]!);
    },
    "of calloc and realloc": (s) => {
      const block = s.process.realloc(s.process.calloc(1, 200), 150);
      s.free(block);
      s.free(block);
    },
  },
  "free(): unaligned chunk detected in tcache 2": {
    "a link that is misaligned": (s) => {
      const blocks = many(s.process, 3, 40);
      blocks.slice(0, 2).forEach(s.free);
      // A live block that holds the key: the list is gone through.
      s.copyKey(blocks[0]!, blocks[2]!);
      s.link(blocks[1]!, blocks[0]! + 8);
      s.free(blocks[2]!);
    },
  },
  "malloc(): unaligned tcache chunk detected": {
    "a list that begins misaligned": (s) => {
      const block = s.malloc(40);
      s.free(block);
      s.poke(s.entryAt(block), block + 8);
      s.malloc(40);
    },
    "a use after free, for a small block": (s) => {
      const blocks = many(s.process, 30, 300);
      blocks.slice(0, 2).forEach(s.free);
      s.link(blocks[1]!, blocks[0]! + 8);
      for (let i = 0; i < 3; i++) s.malloc(300);
    },
    "for a block of a stepped class": (s) => {
      const blocks = many(s.process, 3, 30_000);
      blocks.slice(0, 2).forEach(s.free);
      s.link(blocks[1]!, blocks[0]! + 8);
      for (let i = 0; i < 3; i++) s.malloc(30_000);
    },
    "when malloc_trim empties the cache": (s) => {
      const block = s.malloc(40);
      s.free(block);
      s.link(block, block + 8);
      s.process.trim();
    },
    "when the thread ends": (s) => {
      const block = s.malloc(40);
      s.free(block);
      s.link(block, block + 8);
      s.process.exitThread();
    },
  },
  "malloc(): corrupted top size": {
    "an overflow into top": (s) => {
      s.malloc(70_000);
      s.resize(s.top(), () => 0x7fff_fff1);
      s.malloc(70_000);
    },
    "for a run of small blocks": (s) => {
      s.malloc(24);
      s.resize(s.top(), () => 0x7fff_fff1);
      for (let i = 0; i < 300; i++) s.malloc(24);
    },
  },
  "double free or corruption (top)": {
    "the last block, which has become top": (s) => {
      const block = s.malloc(70_000);
      s.free(block);
      // On ilp32 top ends at a page, and its size is no multiple of 16.
      s.resize(block, (head) => head - (head % 16) + 1);
      s.free(block);
    },
  },
  "double free or corruption (out)": {
    "a size beyond the heap's end": (s) => {
      const block = s.large(80_000);
      s.resize(block, (head) => head + 0x100_0000);
      s.free(block);
    },
  },
  "double free or corruption (!prev)": {
    "a block in a bin": (s) => s.free(s.binned()),
    "a small block in a bin": (s) => {
      // More than a class keeps: the last ones go to bins.
      const blocks = many(s.process, 200, 1000);
      blocks.filter((_, i) => i % 2 === 0).forEach(s.free);
      const last = blocks[198]!;
      s.free(last);
    },
    "a size that leads into the block's middle": (s) => {
      const block = s.large(100_000);
      s.process.u8().fill(0, block, block + 100_000);
      s.resize(block, (head) => head - 16_000);
      s.free(block);
    },
  },
  "free(): invalid next size (normal)": {
    "an overflow by a word: 0": (s) => {
      const block = s.large();
      s.resize(s.next(block), () => 1);
      s.free(block);
    },
    "an overflow by a word: more than the heap": (s) => {
      const block = s.large();
      s.resize(s.next(block), () => 0x7fff_fff1);
      s.free(block);
    },
  },
  "corrupted size vs. prev_size while consolidating": {
    "the chunk before has another size": (s) => {
      const block = s.malloc(70_000);
      const next = s.large();
      s.free(block);
      s.poke(s.prevSizeAt(next), chunkBytes(s.process, block) - 32);
      s.resize(block + 32, () => 48);
      s.free(next);
    },
  },
  "corrupted size vs. prev_size": {
    "a free chunk's foot, when it is taken": (s) => {
      const block = s.binned();
      s.poke(s.prevSizeAt(s.next(block)), 0x4141_4140);
      s.malloc(60_000);
    },
    "a free chunk's size, when it is taken": (s) => {
      const block = s.binned();
      s.resize(block, (head) => head + 16);
      s.malloc(66_000);
    },
    "when its neighbour is freed": (s) => {
      const before = s.malloc(70_000);
      const block = s.large();
      s.free(block);
      s.poke(s.prevSizeAt(s.next(block)), 0x4141_4140);
      s.free(before);
    },
    "when realloc grows into it": (s) => {
      const before = s.malloc(70_000);
      const block = s.large();
      s.free(block);
      s.poke(s.prevSizeAt(s.next(block)), 0x4141_4140);
      s.process.realloc(before, 90_000);
    },
  },
  "corrupted double-linked list": {
    "fd, when the chunk is taken": (s) => {
      const other = s.malloc(200);
      const block = s.binned();
      s.poke(s.fdAt(block), other);
      s.malloc(60_000);
    },
    "bk, when the chunk is taken": (s) => {
      const other = s.malloc(200);
      const block = s.binned();
      s.poke(s.bkAt(block), other);
      s.malloc(60_000);
    },
    "when a neighbour is freed": (s) => {
      const before = s.malloc(70_000);
      const block = s.large();
      s.free(block);
      s.poke(s.fdAt(block), before);
      s.free(before);
    },
    "of an exact class": (s) => {
      const blocks = many(s.process, 300, 1000);
      blocks.filter((_, i) => i % 2 === 1).forEach(s.free);
      const binned = blocks[299 - 20]!;
      s.poke(s.fdAt(binned), blocks[0]!);
      for (let i = 0; i < 200; i++) s.malloc(1000);
    },
  },
  "realloc(): invalid pointer": {
    "a block's middle": (s) => s.process.realloc(s.malloc(40) + 8, 100),
  },
  "realloc(): invalid old size": {
    "more than the heap": (s) => {
      const block = s.large();
      s.resize(block, () => 0x1000_0001);
      s.process.realloc(block, 100_000);
    },
  },
  "realloc(): invalid next size": {
    "0 behind the block": (s) => {
      const block = s.large();
      s.resize(s.next(block), () => 1);
      s.process.realloc(block, 100_000);
    },
  },
  "munmap_chunk(): invalid pointer": {
    "a mapped block's middle": (s) => {
      const block = s.malloc(300_000);
      s.poke(block + 64 - wordBytes(s.process.abi), 4096 | 2);
      s.free(block + 64);
    },
  },
};

const all = Object.entries(CASES).flatMap(([message, ways]) =>
  Object.entries(ways).map(([way, damage]) => [message, way, damage] as const),
);

describe.each(abis)("a damaged heap in the profile throughput, %s", (abi) => {
  it.each(all)("%s: %s", (message, _, damage) => {
    const scene = new Scene(abi);
    // Something of every kind, so that there is a cache and there are bins.
    for (const block of many(scene.process, 3, 500)) scene.free(block);
    let error: unknown;
    try {
      damage(scene);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(HeapAbort);
    expect((error as HeapAbort).abortMessage).toBe(message);
    expect((error as HeapAbort).address).toBeGreaterThan(0);
    expect(scene.process.aborted).toBeDefined();
  });

  it("what is in order passes: nothing of the above happens by itself", () => {
    const scene = new Scene(abi);
    const { process } = scene;
    const blocks = many(process, 300, 1000);
    blocks.forEach(scene.free);
    expect(Math.max(...cachedBytes(process))).toBeGreaterThan(0);
    // A live block whose bytes are the key by chance, and freed once.
    const [live, freed] = [scene.malloc(40), scene.malloc(40)];
    scene.free(freed);
    scene.copyKey(freed, live);
    scene.free(live);
    process.free(0);
    expectSound(process);
    expect(heldBy(process)).toBeGreaterThan(0);
    expect(process.aborted).toBeUndefined();
  });
});
