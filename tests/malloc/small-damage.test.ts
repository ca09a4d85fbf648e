// A damaged heap of the profile "small": glibc's own words where free, malloc and realloc find it,
// and the whole-heap checker's, one mutation of a sound heap each. That damage of any kind never
// hangs is for tests/corruption.

import { describe, expect, it } from "vitest";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { Invariant } from "../../src/layout/generated.js";
import { HeapAbort } from "../../src/process/failures.js";
import { abis, chunkBytes, expectSound, many, start, type Checked } from "./throughput.js";

/** A heap with blocks in use and free ones, and ways to damage it. Chunks go by their blocks. */
class Scene {
  readonly process: Checked;
  readonly #word: number;
  /** Free blocks between blocks in use: of one size; of a size of its own, and large. */
  readonly free: number;
  readonly other: number;
  readonly large: number;
  /** In use: in front of `free`, and one with top behind it. */
  readonly before: number;
  readonly last: number;

  constructor(abi: Abi) {
    this.process = start(abi, { profile: "small" });
    this.#word = wordBytes(abi);
    const { process } = this;
    const blocks = many(process, 6, 200);
    [this.before, this.free, this.other] = [blocks[0]!, blocks[1]!, blocks[3]!];
    this.large = process.malloc(9000);
    this.last = process.malloc(300);
    for (const block of [this.free, this.other, this.large]) process.free(block);
  }

  read = (address: number): number => this.process.readWord(address);

  poke(address: number, value: number): void {
    const view = this.process.view();
    if (this.#word === 4) view.setUint32(address, value >>> 0, true);
    else view.setBigUint64(address, BigInt(value), true);
  }

  /** Changes a block's size word. */
  resize(block: number, change: (head: number) => number): void {
    this.poke(block - this.#word, change(this.read(block - this.#word)));
  }

  prevSizeAt = (block: number): number => block - 2 * this.#word;
  next = (block: number): number => block + chunkBytes(this.process, block);
  fdAt = (block: number): number => block;
  bkAt = (block: number): number => block + this.#word;
  top = (): number => this.next(this.last);

  /** Flips a bit of the map of bins. */
  flipMap(index: number): void {
    const { fields } = this.process.structs.MallocState;
    const at = (this.process.raw.main_arena() >>> 0) + fields.binmap.offset + (index >> 3);
    const u8 = this.process.u8();
    u8[at] = u8[at]! ^ (1 << (index & 7));
  }
}

type Damage = (scene: Scene) => void;

const CASES: [string, string, Damage][] = [
  ["free(): invalid pointer", "a block's middle", (s) => s.process.free(s.last + 4)],
  [
    "free(): invalid size",
    "less than the least",
    (s) => {
      s.resize(s.last, () => 8 | 1);
      s.process.free(s.last);
    },
  ],
  ["double free or corruption (!prev)", "a block in a bin", (s) => s.process.free(s.free)],
  [
    "double free or corruption (top)",
    "the last block",
    (s) => {
      s.process.free(s.last);
      // It has merged with the large one in front of it.
      s.process.free(s.large);
    },
  ],
  [
    "double free or corruption (out)",
    "a size beyond the end",
    (s) => {
      s.resize(s.last, (head) => head + 0x100_0000);
      s.process.free(s.last);
    },
  ],
  [
    "free(): invalid next size (normal)",
    "an overflow by a word",
    (s) => {
      const [block] = many(s.process, 2, 400);
      s.resize(s.next(block!), () => 1);
      s.process.free(block!);
    },
  ],
  [
    "corrupted size vs. prev_size while consolidating",
    "the chunk before has another size",
    (s) => {
      s.poke(s.prevSizeAt(s.next(s.free)), chunkBytes(s.process, s.free) - 32);
      s.process.free(s.next(s.free));
    },
  ],
  [
    "corrupted size vs. prev_size while consolidating",
    "when realloc grows down",
    (s) => {
      s.poke(s.prevSizeAt(s.last), 4096);
      s.process.realloc(s.last, 4000);
    },
  ],
  [
    "corrupted size vs. prev_size",
    "a free chunk's foot, when it is taken",
    (s) => {
      s.poke(s.prevSizeAt(s.last), 4096);
      s.process.malloc(9000);
    },
  ],
  [
    "corrupted double-linked list",
    "fd, when the chunk is taken",
    (s) => {
      s.poke(s.fdAt(s.large), s.prevSizeAt(s.last));
      s.process.malloc(9000);
    },
  ],
  [
    "corrupted double-linked list",
    "bk, when a neighbour is freed",
    (s) => {
      s.poke(s.bkAt(s.free), s.prevSizeAt(s.last));
      s.process.free(s.before);
    },
  ],
  [
    "malloc(): corrupted top size",
    "an overflow into top",
    (s) => {
      s.resize(s.top(), () => 0x7fff_fff1);
      s.process.malloc(20_000);
    },
  ],
  ["realloc(): invalid pointer", "a block's middle", (s) => s.process.realloc(s.last + 4, 100)],
  [
    "realloc(): invalid old size",
    "more than the heap",
    (s) => {
      s.resize(s.last, () => 0x1000_0001);
      s.process.realloc(s.last, 1000);
    },
  ],
  [
    "realloc(): invalid next size",
    "0 behind the block",
    (s) => {
      s.resize(s.top(), () => 1);
      s.process.realloc(s.last, 1000);
    },
  ],
  [
    "munmap_chunk(): invalid pointer",
    "a mapped block's middle",
    (s) => {
      const block = s.process.malloc(300_000);
      s.poke(block + 64 - wordBytes(s.process.abi), 4096 | 2);
      s.process.free(block + 64);
    },
  ],
];

const MUTATIONS: [keyof typeof Invariant, string, Damage][] = [
  ["BIN_LINKS", "fd", (s) => s.poke(s.fdAt(s.free), s.prevSizeAt(s.large))],
  ["BINMAP", "a bit of an empty list", (s) => s.flipMap(100)],
  ["FOOT", "the size at a free chunk's end", (s) => s.poke(s.prevSizeAt(s.last), 16)],
  ["CHUNK_FLAGS", "the A bit: there is one arena", (s) => s.resize(s.last, (head) => head | 4)],
  ["CHUNK_SIZE", "less than a chunk", (s) => s.resize(s.before, () => 1)],
  ["TOP_SIZE", "top that does not end at a page", (s) => s.resize(s.top(), (head) => head - 32)],
];

describe.each(abis)("a damaged heap in the profile small, %s", (abi) => {
  it.each(CASES)("%s: %s", (message, _, damage) => {
    const scene = new Scene(abi);
    expectSound(scene.process);
    let error: unknown;
    try {
      damage(scene);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(HeapAbort);
    expect((error as HeapAbort).abortMessage).toBe(message);
    expect((error as HeapAbort).address).toBeGreaterThan(0);
  });

  it.each(["free", "realloc"] as const)("a chunk of an arena that is nowhere, to %s", (call) => {
    const scene = new Scene(abi);
    scene.resize(scene.last, (head) => head | 4);
    expect(() => scene.process[call](scene.last, 1000)).toThrow(HeapAbort);
  });

  it.each(MUTATIONS)("the checker names %s: %s", (name, _, mutate) => {
    const scene = new Scene(abi);
    mutate(scene);
    const found = scene.process.raw.check_heap();
    expect(Object.entries(Invariant).find(([, value]) => value === found)?.[0]).toBe(name);
  });
});
