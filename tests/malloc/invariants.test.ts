// The whole-heap checker catches what it claims to: for every invariant, one mutation of a sound
// heap, named.

import { describe, expect, it } from "vitest";
import { Invariant, layouts } from "../../src/layout/generated.js";
import { type Process, startProcess } from "../../src/process/process.js";
import { Prng } from "../support/prng.js";

type Checked = Process<"ilp32", "checked">;
const { Chunk, HeapInfo, LibcData, MallocPar, MallocState, MmStruct } = layouts.ilp32;
const { TcachePerthreadStruct, Vma } = layouts.ilp32;
const HEADER = 8;

/** A heap with something in every kind of list, and where to find it. */
interface Scene {
  process: Checked;
  /** A chunk in use in the middle of the heap, between others in use. */
  used: number;
  cached: number;
  fast: number;
  small: number;
  /** Four chunks of one large bin: two sizes, two of the larger. */
  large: number[];
  arena: number;
  top: number;
  /** The heap of another thread's arena. */
  heap: number;
  /** A chunk with a mapping of its own. */
  mapped: number;
}

/** A word of the heap. */
const word = (scene: Scene, address: number): number =>
  scene.process.view().getUint32(address, true);
const poke = (scene: Scene, address: number, value: number): void =>
  scene.process.view().setUint32(address, value >>> 0, true);
const sizeAt = (chunk: number): number => chunk + Chunk.fields.mchunkSize.offset;
const fdAt = (chunk: number): number => chunk + Chunk.fields.fd.offset;
const bkAt = (chunk: number): number => chunk + Chunk.fields.bk.offset;

async function scene(): Promise<Scene> {
  const process = await startProcess({ build: "checked" });
  const many = (count: number, bytes: number): number[] =>
    Array.from({ length: count }, () => process.malloc(bytes));
  const small = many(8, 200);
  const fence = [process.malloc(24)];
  const large = [3100, 3300, 3300, 3100].map((bytes) => {
    const block = process.malloc(bytes);
    fence.push(process.malloc(24));
    return block;
  });
  const fast = many(9, 40);
  const used = many(3, 100);
  const mapped = process.malloc(200_000);
  for (const block of [...small, ...large]) process.free(block);
  // Sorts the unsorted bin.
  process.malloc(5000);
  for (const block of fast) process.free(block);
  const arena = process.raw.main_arena() >>> 0;
  const other = (await process.attachThread()).malloc(100);
  return {
    heap: other - (other % 2 ** 20),
    mapped: mapped - HEADER,
    process,
    arena,
    used: used[1]! - HEADER,
    cached: fast[0]!,
    fast: fast[8]! - HEADER,
    small: small[7]! - HEADER,
    large: large.map((block) => block - HEADER),
    top: process.view().getUint32(arena + MallocState.fields.top.offset, true),
  };
}

/** A mutation that breaks exactly one thing, as far as one word can. */
type Mutation = (scene: Scene) => void;

const binmapAt = (s: Scene, bin: number): number =>
  s.arena + MallocState.fields.binmap.offset + (bin >> 5) * 4;
const countsAt = (s: Scene, index: number): number => (s.process.raw.tcache() >>> 0) + index * 2;
const entryAt = (s: Scene, index: number): number =>
  (s.process.raw.tcache() >>> 0) + TcachePerthreadStruct.fields.entries.offset + index * 4;
const mmAt = (s: Scene, field: keyof typeof MmStruct.fields): number =>
  (s.process.raw.mm_struct() >>> 0) + MmStruct.fields[field].offset;
const mpAt = (s: Scene, field: keyof typeof MallocPar.fields): number =>
  (s.process.raw.malloc_par() >>> 0) + MallocPar.fields[field].offset;
const arenaAt = (s: Scene, field: keyof typeof MallocState.fields): number =>
  s.arena + MallocState.fields[field].offset;
const heapAt = (s: Scene, field: keyof typeof HeapInfo.fields): number =>
  s.heap + HeapInfo.fields[field].offset;
const libcAt = (s: Scene, field: keyof typeof LibcData.fields): number =>
  (s.process.raw.scratch() >>> 0) - LibcData.fields.scratch.offset + LibcData.fields[field].offset;
/** The root of the region table. */
const rootVma = (s: Scene): number => word(s, mmAt(s, "vmaRoot"));
const flip = (s: Scene, address: number, bits: number): void =>
  poke(s, address, word(s, address) ^ bits);

const mutations: Record<Exclude<keyof typeof Invariant, "HOLDS">, Mutation> = {
  BREAK: (s) => poke(s, mmAt(s, "brk"), s.process.startBrk - 4096),
  REGION_ORDER: (s) => poke(s, rootVma(s) + Vma.fields.vmEnd.offset, 1),
  TOTAL_VM: (s) => poke(s, mmAt(s, "totalVm"), word(s, mmAt(s, "totalVm")) + 1),
  HEAP_MAPPED: (s) => poke(s, mmAt(s, "brk"), s.process.mm().brk + 4096),
  TREE: (s) => flip(s, rootVma(s) + Vma.fields.subGap.offset, 4096),
  MAP_COUNT: (s) => flip(s, mmAt(s, "mapCount"), 1),
  FREE_NODES: (s) => flip(s, mmAt(s, "freeVmas"), 1),
  MAPPED_CHUNK: (s) => flip(s, sizeAt(s.mapped), 1 << 12),
  CHUNK_SIZE: (s) => poke(s, sizeAt(s.used), 24 | 1),
  CHUNK_FLAGS: (s) => flip(s, sizeAt(s.used), 4),
  PREV_INUSE: (s) => flip(s, sizeAt(s.process.startBrk + 8), 1),
  ADJACENT_FREE: (s) => {
    // Pretend that the chunk behind the free one is free, too: the P bit of the one after that says
    // so.
    const next = s.small + (word(s, sizeAt(s.small)) & ~7);
    const afterNext = next + (word(s, sizeAt(next)) & ~7);
    flip(s, sizeAt(afterNext), 1);
  },
  FOOT: (s) => poke(s, s.small + (word(s, sizeAt(s.small)) & ~7), 16),
  FENCEPOST: (s) => poke(s, sizeAt(s.used), 8 | 1),
  TOP_MISSING: (s) => {
    // Two fenceposts, but no segment after them.
    poke(s, sizeAt(s.used), 8 | 1);
    poke(s, sizeAt(s.used + 8), 8 | 1);
  },
  TOP_FLAGS: (s) => flip(s, sizeAt(s.top), 2),
  TOP_SIZE: (s) => poke(s, sizeAt(s.top), word(s, sizeAt(s.top)) - 16),
  BIN_LINKS: (s) => poke(s, fdAt(s.large[0]!), s.small),
  BIN_HOLDS_USED: (s) => {
    // A ring of one chunk that is in use.
    const bin = word(s, fdAt(s.small));
    poke(s, bkAt(bin), s.used);
    poke(s, fdAt(bin), s.used);
    poke(s, fdAt(s.used), bin);
    poke(s, bkAt(s.used), bin);
  },
  BIN_SIZE: (s) => {
    // The small chunk's ring, hung into the bin before.
    const bin = word(s, fdAt(s.small));
    const other = bin - 8;
    poke(s, bkAt(bin), bin);
    poke(s, fdAt(bin), bin);
    poke(s, bkAt(other), s.small);
    poke(s, fdAt(other), s.small);
    poke(s, fdAt(s.small), other);
    poke(s, bkAt(s.small), other);
  },
  BIN_ORDER: (s) => {
    // Swap the two ends of the large bin: smallest first.
    const ring = ringOf(s, s.large[0]!);
    const [bin, ...chunks] = ring;
    link(s, [bin!, ...chunks.reverse()]);
  },
  NEXTSIZE: (s) => poke(s, s.large[0]! + Chunk.fields.fdNextsize.offset, s.large[0]!),
  BINMAP: (s) => {
    const size = word(s, sizeAt(s.small)) & ~7;
    const bin = (size >> 4) + 1;
    flip(s, binmapAt(s, bin), 1 << (bin & 31));
  },
  FREE_NOT_BINNED: (s) => {
    const bin = word(s, fdAt(s.small));
    poke(s, bkAt(bin), bin);
    poke(s, fdAt(bin), bin);
  },
  HAVE_FASTCHUNKS: (s) => poke(s, arenaAt(s, "haveFastchunks"), 0),
  FASTBIN_LINK: (s) => poke(s, fdAt(s.fast), 3),
  FASTBIN_SIZE: (s) => {
    // Move the whole list to another size's bin.
    const bins = arenaAt(s, "fastbinsY");
    poke(s, bins + 2 * 4, word(s, bins + 4 * 4));
    poke(s, bins + 4 * 4, 0);
  },
  FASTBIN_FREE: (s) => {
    // A chunk that really is free and in a small bin, entered into the fast bin of its size, cannot
    // be made with one size; so a free chunk of fast size: split off, binned by hand.
    makeFastFree(s);
  },
  TCACHE_COUNT: (s) => s.process.view().setUint16(countsAt(s, 2), 3, true),
  TCACHE_LINK: (s) => poke(s, entryAt(s, 2), 4),
  TCACHE_SIZE: (s) => {
    poke(s, entryAt(s, 3), word(s, entryAt(s, 2)));
    poke(s, entryAt(s, 2), 0);
    s.process.view().setUint16(countsAt(s, 3), 7, true);
    s.process.view().setUint16(countsAt(s, 2), 0, true);
  },
  TCACHE_FREE: (s) => {
    // The small free chunk, entered into the tcache bin of its size, which is full of others:
    // replaces them all.
    const index = ((word(s, sizeAt(s.small)) & ~7) - 16) >> 4;
    const mem = s.small + HEADER;
    poke(s, entryAt(s, index), mem);
    s.process.view().setUint16(countsAt(s, index), 1, true);
  },
  TCACHE_KEY: (s) => poke(s, s.cached + 4, 0),
  SYSTEM_MEM: (s) => poke(s, arenaAt(s, "maxSystemMem"), word(s, arenaAt(s, "systemMem")) - 4096),
  MMAP_COUNT: (s) => poke(s, mpAt(s, "nMmaps"), -1),
  MMAPPED_MEM: (s) => poke(s, mpAt(s, "mmappedMem"), 1),
  MALLINFO: (s) => {
    for (const field of ["systemMem", "maxSystemMem"] as const)
      poke(s, arenaAt(s, field), word(s, arenaAt(s, field)) + 4096);
  },
  ARENA_RING: (s) => poke(s, arenaAt(s, "next"), s.arena),
  ARENA_THREADS: (s) => poke(s, arenaAt(s, "attachedThreads"), 2),
  ARENA_FREE_LIST: (s) => poke(s, libcAt(s, "freeList"), word(s, heapAt(s, "arPtr"))),
  HEAP_ARENA: (s) => poke(s, heapAt(s, "arPtr"), s.arena),
  HEAP_SIZE: (s) => poke(s, heapAt(s, "mprotectSize"), 4096),
};

/** A bin's ring from its head on. */
function ringOf(s: Scene, chunk: number): number[] {
  const ring: number[] = [];
  for (let at = chunk; !ring.includes(at); at = word(s, fdAt(at))) ring.push(at);
  const head = ring.find((at) => at < s.process.startBrk)!;
  const start = ring.indexOf(head);
  return [...ring.slice(start), ...ring.slice(0, start)];
}

/** Links a ring anew, in the order given. */
function link(s: Scene, ring: number[]): void {
  ring.forEach((at, index) => {
    const next = ring[(index + 1) % ring.length]!;
    poke(s, fdAt(at), next);
    poke(s, bkAt(next), at);
  });
}

/**
 * Makes the fast bin's head a chunk that is free by the flags, and bins it, so that only the fast
 * bin is wrong.
 */
function makeFastFree(s: Scene): void {
  const size = word(s, sizeAt(s.fast)) & ~7;
  const next = s.fast + size;
  flip(s, sizeAt(next), 1);
  poke(s, next, size);
  const bin = s.arena + MallocState.fields.bins.offset + (size >> 4) * 8 - HEADER;
  // Its first word is the protected link of the fast bin: empty, and the ring's fd at the same
  // time, cannot both be; the checker looks at rings first, so give it a ring and let the fast
  // bin's walk begin at this chunk.
  link(s, [bin, s.fast]);
  const index = (size >> 4) + 1;
  flip(s, binmapAt(s, index), 1 << (index & 31));
}

describe("the whole-heap checker", () => {
  it("finds nothing wrong with a sound heap", async () => {
    const { process } = await scene();
    expect(process.raw.check_heap()).toBe(Invariant.HOLDS);
  });

  const names = Object.keys(mutations) as (keyof typeof mutations)[];
  it.each(names)("names %s", async (name) => {
    const s = await scene();
    mutations[name](s);
    const found = s.process.raw.check_heap();
    const foundName = Object.entries(Invariant).find(([, value]) => value === found)?.[0];
    expect(foundName).toBe(name);
  });

  it("follows no link out of the memory, whatever one word says", async () => {
    const s = await scene();
    const { process } = s;
    const random = new Prng(2036);
    const end = process.memory.buffer.byteLength;
    const { brk, startBrk } = process.mm();
    let found = 0;
    for (let round = 0; round < 4000; round++) {
      const [low, high] = random.pick([
        [s.arena, s.arena + MallocState.size],
        [process.raw.malloc_par() >>> 0, s.arena],
        // The list of segments, behind the arena.
        [s.arena + MallocState.size, s.arena + MallocState.size + 16],
        // The kernel: mm_struct, and the nodes of the region table.
        [process.base, process.base + 0x800],
        [startBrk, startBrk + 0x2000],
        [s.top - 0x800, brk],
      ] as const);
      const address = random.int(low / 4, high / 4 - 1) * 4;
      const before = word(s, address);
      const values = [0, 1, 8, 0xfffffff9, 0xffffffff, end - 8, end, startBrk, before ^ 16];
      poke(s, address, random.chance(0.5) ? random.pick(values) : random.next());
      if (process.raw.check_heap() !== Invariant.HOLDS) found++;
      poke(s, address, before);
    }
    expect(found).toBeGreaterThan(500);
    expect(process.raw.check_heap()).toBe(Invariant.HOLDS);
  });

  it("has a mutation for every invariant", () => {
    const all = Object.keys(Invariant).filter((name) => name !== "HOLDS");
    expect(Object.keys(mutations).sort()).toEqual(all.sort());
  });
});
