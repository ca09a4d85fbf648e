// The free chunks of an arena, list by list.

import type { Arena } from "./arenas.js";
import { sizeAt, type HeapSource } from "./source.js";
import type { FailureName } from "../process/failures.js";
import { memOf } from "../layout/address.js";
import { Walk } from "./links.js";
import { fastbinsOf } from "./lists.js";
import { asSize } from "./words.js";
import { MALLOC_ALIGNMENT, PAGE_SHIFT, SIZE_BITS } from "../layout/generated.js";

/** The chunks of one list. All 0 when there are none. */
export interface ChunkSizes<N extends number | bigint = number> {
  /** Bytes of the smallest. */
  readonly from: N;
  /** Bytes of the greatest. */
  readonly to: N;
  /** Bytes of all. */
  readonly total: N;
  /** How many there are. */
  readonly count: N;
}

/** What an arena has free. */
export interface FreeChunks<N extends number | bigint = number> {
  /**
   * The fast bins, of which glibc has none from 2.43 on. As glibc says it, sizes run from 15 bytes
   * below the chunks' own.
   */
  readonly fast: readonly ChunkSizes<N>[];
  /** The unsorted bin; sizes with flag bits, as in the next. */
  readonly unsorted: ChunkSizes<N>;
  /** Small and large bins. */
  readonly binned: readonly ChunkSizes<N>[];
  /** Bytes of top. */
  readonly top: N;
  /** Bytes of all free chunks, without flag bits. */
  readonly free: N;
}

/** A function of glibc's that walks along bins: by which link, and what it dies of. */
interface Walker {
  readonly link: "fd" | "bk";
  readonly unaligned: FailureName;
  readonly bin: FailureName;
  readonly fastbin: FailureName;
}

/** malloc_info. */
export const MALLOC_INFO: Walker = {
  link: "fd",
  unaligned: "MALLOC_INFO_UNALIGNED",
  bin: "SEGV_MALLOC_INFO_BIN",
  fastbin: "SEGV_MALLOC_INFO_FASTBIN",
};

/** int_mallinfo, for malloc_stats. */
export const MALLINFO: Walker = {
  link: "bk",
  unaligned: "MALLINFO_UNALIGNED",
  bin: "SEGV_INFO_BIN",
  fastbin: "SEGV_INFO_FASTBIN",
};

const NONE: ChunkSizes<bigint> = { from: 0n, to: 0n, total: 0n, count: 0n };

/** A size word without its flag bits. */
function plain(word: bigint): bigint {
  return word & ~BigInt(SIZE_BITS);
}

/**
 * The free chunks of an arena, list by list; tcache's are in use, as for glibc.
 * @param process `heap.process`, or what `startProcess` gave
 * @param arena one of `readArenas`
 * @returns sizes above 2^53, which only damage makes, are rounded
 * @throws HeapAbort where malloc_info would abort, or follow a link to nowhere or round in a circle
 */
export function chunkSizes(process: HeapSource, arena: Arena): FreeChunks {
  const { fast, unsorted, binned, top, free } = exactSizes(process, arena, MALLOC_INFO);
  const rounded = (sizes: ChunkSizes<bigint>): ChunkSizes => ({
    from: Number(sizes.from),
    to: Number(sizes.to),
    total: Number(sizes.total),
    count: Number(sizes.count),
  });
  return {
    fast: fast.map(rounded),
    unsorted: rounded(unsorted),
    binned: binned.map(rounded),
    top: Number(top),
    free: Number(free),
  };
}

/** The chunks of one list, and their bytes without flag bits. */
interface Tally extends ChunkSizes<bigint> {
  readonly plain: bigint;
}

/**
 * As `chunkSizes`, as the function `walker` of glibc's sees it, in C's size_t.
 * @throws HeapAbort
 */
export function exactSizes(process: HeapSource, arena: Arena, walker: Walker): FreeChunks<bigint> {
  const { address, state } = arena;
  const { mchunkSize } = process.structs.Chunk.fields;
  const { fastbinsY } = process.structs.MallocState.fields;
  const fast = fastbinsOf(arena).map((first, i) =>
    fastList(process, address + fastbinsY.offset + i * fastbinsY.size, first, walker),
  );
  const lists = binHeads(process, address).map((head) => ring(process, head, walker));
  const [unsorted = { ...NONE, plain: 0n }, ...binned] = lists;
  const chunk = new Walk(process, "SEGV_TOP").follow(address, state.top);
  const top = plain(sizeAt(process, chunk + mchunkSize.offset));
  const inBins = lists.reduce((sum, list) => sum + list.plain, 0n);
  const inFast = fast.reduce((sum, { total }) => sum + total, 0n);
  return { fast, unsorted, binned, top, free: asSize(process, top + inBins + inFast) };
}

/** The heads of bins 1 to 127, each where its fd and bk would be a chunk's. */
function binHeads(process: HeapSource, arena: number): number[] {
  const { bins } = process.structs.MallocState.fields;
  const first = arena + bins.offset - process.structs.Chunk.fields.fd.offset;
  return Array.from({ length: bins.count / 2 }, (_, i) => first + i * 2 * bins.size);
}

/** The chunks in a bin, by their size words. @throws HeapAbort */
function ring(process: HeapSource, head: number, { link, bin }: Walker): Tally {
  const { fields } = process.structs.Chunk;
  const walk = new Walk(process, bin);
  const all = { ...NONE, plain: 0n };
  for (let from = head; ; all.count++) {
    const at = process.readWord(from + fields[link].offset);
    if (at === head) return { ...all, total: asSize(process, all.total) };
    from = walk.follow(from, at);
    const word = sizeAt(process, at + fields.mchunkSize.offset);
    if (all.count === 0n || word < all.from) all.from = word;
    if (word > all.to) all.to = word;
    all.total += word;
    all.plain += plain(word);
  }
}

/** A fast bin, of which all chunks count as large as the first. @throws HeapAbort */
function fastList(
  process: HeapSource,
  bin: number,
  first: number,
  { unaligned, fastbin }: Walker,
): ChunkSizes<bigint> {
  if (first === 0) return NONE;
  const walk = new Walk(process, fastbin);
  let count = 0n;
  let from = bin;
  for (let at = first; at !== 0; count++) {
    const mem = memOf(at, process.abi);
    if (mem % MALLOC_ALIGNMENT !== 0) process.abort(unaligned, at);
    from = walk.follow(from, at);
    // The link is protected by the page number of its own place.
    at = Number(BigInt.asUintN(32, sizeAt(process, mem)) ^ BigInt(mem >>> PAGE_SHIFT));
  }
  const { mchunkSize } = process.structs.Chunk.fields;
  const to = plain(sizeAt(process, first + mchunkSize.offset));
  const least = asSize(process, to - BigInt(MALLOC_ALIGNMENT - 1));
  return { from: least, to, total: asSize(process, to * count), count };
}
