// The lists that free chunks are in: bins, fast bins, and what threads cache. A walk is bounded: a
// link that leads nowhere, back, or to what cannot be in the list ends it, and is told.

import { memOf, wordBytes, type Abi } from "../layout/address.js";
import { PAGE_SHIFT } from "../layout/generated.js";
import { MOST_THREADS } from "../process/threads/registry.js";
import type { StructLayout } from "../layout/struct.js";
import { readMallocPar, type Arena } from "./arenas.js";
import { damage, type Damage } from "./damage.js";
import { hex, hexWord, isInside, readHead, type HeapSource } from "./source.js";
import { alignmentOf } from "./words.js";

/** A chunk in a list. */
export interface Entry {
  /** Absent: see {@link isDamage}. */
  readonly corrupt?: never;
  /** The chunk's address. */
  readonly chunk: number;
  /** Its block's. */
  readonly mem: number;
  /** Its bytes, without flags. */
  readonly size: number;
}

/** @returns the chunk at an address, as an entry of a list */
function entryAt(source: HeapSource, chunk: number): Entry {
  const { mchunkSize } = source.structs.Chunk.fields;
  const { size } = readHead(source, chunk + mchunkSize.offset);
  return { chunk, mem: memOf(chunk, source.abi), size };
}

/** @returns whether a chunk's links lie in the memory */
function isReachable(source: HeapSource, chunk: number): boolean {
  return isInside(source, chunk, 4 * wordBytes(source.abi));
}

/**
 * What is wrong with a link, if anything.
 * @param holder the field's address
 * @param seen the chunks of the list so far
 */
function badLink(
  source: HeapSource,
  holder: number,
  to: number,
  seen: ReadonlySet<number>,
): string | undefined {
  const said = `the link at ${hex(holder)} leads to ${hex(to)}`;
  if (!isReachable(source, to)) return `${said}: outside the memory`;
  if (memOf(to, source.abi) % alignmentOf(source) !== 0) return `${said}: no chunk begins there`;
  return seen.has(to) ? `${said}: round in a circle` : undefined;
}

/** The first large bin: bins 2 to 63 hold one size each (NSMALLBINS). */
const FIRST_LARGE_BIN = 64;

/** @returns what kind of bin has a number */
export function binKind(index: number): "unsorted" | "smallbin" | "largebin" {
  if (index === 1) return "unsorted";
  return index < FIRST_LARGE_BIN ? "smallbin" : "largebin";
}

/** @returns the head of bin `index` (1 is the unsorted one), placed as a chunk (bin_at) */
export function binHead(source: HeapSource, arena: number, index: number): number {
  const { bins } = source.structs.MallocState.fields;
  const { fd } = source.structs.Chunk.fields;
  return arena + bins.offset + (index - 1) * 2 * bins.size - fd.offset;
}

/** Bins of an arena, the unused number 0 among them (NBINS). */
export function binCount(source: HeapSource): number {
  return source.structs.MallocState.fields.bins.count / 2 + 1;
}

/**
 * Walks a bin from its newest chunk on (by fd), and looks whether each chunk's bk says the same.
 * @param index 1 is the unsorted bin
 */
export function* walkBin(
  source: HeapSource,
  arena: number,
  index: number,
): Generator<Entry | Damage, void, undefined> {
  const { fd, bk } = source.structs.Chunk.fields;
  const head = binHead(source, arena, index);
  const seen = new Set<number>();
  for (let from = head; ;) {
    const to = source.readWord(from + fd.offset);
    if (to !== head) {
      const bad = badLink(source, from + fd.offset, to, seen);
      if (bad !== undefined) return yield damage(from + fd.offset, `bin ${index}: fd: ${bad}`);
    }
    const back = source.readWord(to + bk.offset);
    if (back !== from) {
      const why = `bin ${index}: bk of ${hex(to)} is ${hex(back)}, and fd of ${hex(from)} leads there`;
      yield damage(to + bk.offset, why);
    }
    if (to === head) return;
    seen.add(to);
    yield entryAt(source, to);
    from = to;
  }
}

/** @returns where a protected link leads (safe-linking): the word at its place, exclusive or'ed */
export function revealed(source: HeapSource, place: number): number {
  const view = source.view();
  const low = (view.getUint32(place, true) ^ (place >>> PAGE_SHIFT)) >>> 0;
  if (wordBytes(source.abi) === 4) return low;
  return view.getUint32(place + 4, true) * 2 ** 32 + low;
}

/** @returns whether a heap has fast bins: glibc's has none from 2.43 on */
export function hasFastbins({ structs }: HeapSource): boolean {
  return "fastbinsY" in structs.MallocState.fields;
}

/** @returns the heads of an arena's fast bins: chunks, or 0; none from glibc 2.43 on */
export function fastbinsOf({ state }: Arena): readonly number[] {
  return state.fastbinsY ?? [];
}

/** Walks a fast bin, the newest chunk first. @param index from 0, as in fastbinsY */
export function* walkFastbin(
  source: HeapSource,
  arena: Arena,
  index: number,
): Generator<Entry | Damage, void, undefined> {
  const { fastbinsY } = source.structs.MallocState.fields;
  let chunk = fastbinsOf(arena)[index] ?? 0;
  if (chunk === 0) return;
  let holder = arena.address + fastbinsY.offset + index * fastbinsY.size;
  const seen = new Set<number>();
  while (chunk !== 0) {
    const bad = badLink(source, holder, chunk, seen);
    if (bad !== undefined) return yield damage(holder, `fast bin ${index}: ${bad}`);
    seen.add(chunk);
    const entry = entryAt(source, chunk);
    yield entry;
    holder = entry.mem;
    chunk = revealed(source, holder);
  }
}

/** @returns how a thread's cache is laid out: each profile has one kind */
export function cacheStruct({ structs, profile }: HeapSource): StructLayout {
  return profile === "throughput" ? structs.ClassCache : structs.TcachePerthreadStruct;
}

/**
 * The first bin of tcache that has all sizes of a doubling, from 1 KiB on (TCACHE_SMALL_BINS); from
 * glibc 2.42 on.
 */
export const FIRST_LARGE_CACHE = 64;
const LEAST_LARGE_CACHED = 1024;

/** The least size of a chunk, and what tcache's bins of one size are apart, bytes. */
const MINSIZE: Readonly<Record<Abi, number>> = { ilp32: 16, lp64: 32 };
const TCACHE_STEP = 16;

/** @returns the least and the greatest size of chunks that a tcache bin holds, bytes */
export function cachedSizes(bin: number, abi: Abi): readonly [least: number, most: number] {
  if (bin < FIRST_LARGE_CACHE) {
    const size = MINSIZE[abi] + bin * TCACHE_STEP;
    return [size, size];
  }
  const least = LEAST_LARGE_CACHED * 2 ** (bin - FIRST_LARGE_CACHE);
  return [least, 2 * least - 1];
}

/** A list of a thread's cache. */
export interface CacheList {
  /** Its number: 0 has the smallest blocks. */
  readonly index: number;
  /** How many blocks it says that it has; undefined where it keeps no count. */
  readonly count: number | undefined;
  /** Its blocks, the newest first; from `FIRST_LARGE_CACHE` on the smallest first. */
  readonly walk: Iterable<Entry | Damage>;
}

/**
 * The lists of a thread's cache that hold anything: tcache_perthread_struct, or what the profile
 * "throughput" has in its place.
 * @param address where the struct lies
 */
export function* cacheLists(source: HeapSource, address: number): Generator<CacheList> {
  const cache = cacheStruct(source);
  if (!isInside(source, address, cache.size)) return;
  const { entries } = cache.fields;
  const countOf = counterOf(source, address);
  for (let index = 0; index < entries!.count!; index++) {
    const holder = address + entries!.offset + index * entries!.size;
    const count = countOf(index);
    if (source.readWord(holder) === 0 && !count) continue;
    yield { index, count, walk: walkCache(source, index, holder, count) };
  }
}

/**
 * How the cache at `address` counts: the blocks of a bin, or (from glibc 2.42 on) how many more it
 * may take of tcache_count. What a damaged count says may be less than none.
 * @returns how many blocks bin `index` says that it has
 */
function counterOf(source: HeapSource, address: number): (index: number) => number | undefined {
  const { counts, numSlots } = cacheStruct(source).fields;
  const view = source.view();
  if (numSlots !== undefined) {
    const { tcacheCount } = readMallocPar(source);
    return (index) => tcacheCount - view.getUint16(address + numSlots.offset + 2 * index, true);
  }
  return (index) => counts && view.getUint16(address + counts.offset + 2 * index, true);
}

function* walkCache(
  source: HeapSource,
  index: number,
  head: number,
  count: number | undefined,
): Generator<Entry | Damage, void, undefined> {
  let holder = head;
  let mem = source.readWord(head);
  const seen = new Set<number>();
  while (mem !== 0) {
    // Not chunkOf, which cuts to 32 bits: a damaged link may have 64.
    const chunk = mem - 2 * wordBytes(source.abi);
    const bad = badLink(source, holder, chunk, seen);
    if (bad !== undefined) return yield damage(holder, `tcache bin ${index}: ${bad}`);
    seen.add(chunk);
    yield entryAt(source, chunk);
    holder = mem;
    mem = revealed(source, mem);
  }
  if (count !== undefined && count !== seen.size) {
    const why = `tcache bin ${index}: its count says ${count}, and it holds ${seen.size}`;
    yield damage(head, why);
  }
}

/** A thread of a process, as its `ThreadData` has it. */
export interface ThreadView {
  /** 0 is the one that the process began with. */
  readonly number: number;
  /** The arena that it allocates from; 0 before its first allocation. */
  readonly arena: number;
  /** Its tcache_perthread_struct; 0 where it has none. */
  readonly tcache: number;
  /** Its errno. */
  readonly errno: number;
}

/** @returns the threads that live */
export function readThreads(source: HeapSource): ThreadView[] {
  const { size, fields } = source.structs.ThreadData;
  const view = source.view();
  const threads: ThreadView[] = [];
  for (let number = 0; number < MOST_THREADS; number++) {
    const at = source.places.threads + number * size;
    if (view.getInt32(at + fields.isAlive.offset, true) === 0) continue;
    threads.push({
      number,
      arena: view.getUint32(at + fields.arena.offset, true),
      tcache: view.getUint32(at + fields.tcache.offset, true),
      errno: view.getInt32(at + fields.errno.offset, true),
    });
  }
  return threads;
}

/** @returns a chunk's size field as it stands, for a message */
export function sizeText(source: HeapSource, chunk: number): string {
  return hexWord(source, chunk + source.structs.Chunk.fields.mchunkSize.offset);
}
