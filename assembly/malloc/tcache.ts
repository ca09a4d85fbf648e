// tcache: each thread's own small stacks of blocks, one a size, in front of everything else. A
// block in it counts as in use for its neighbours. Its second word holds a key, by which free
// recognises a block that is already there; its first links to the next one, protected (see
// chunk.ts). The struct is the first block that the thread allocates.

import { IS_THREADED } from "../sync/tier";
import { IS_CLASSED, IS_THROUGHPUT } from "../abi/profile";
import { ILP32, MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK, SIZE_SZ } from "../abi/word";
import { Chunk, isMisaligned } from "./chunk";
import { bindLarge, forgetLarge, resetLarge, tcacheBytes } from "./extensions/large-tcache";
import { MINSIZE, requestToSize } from "./sizes";
import { libc, mp, thread } from "./state";
import { blocksIn, findTwice, keyOf, pushEntry, takeEntry } from "./tcache-lists";
import { ClassCache, bindCache, forgetCache, initCache } from "./throughput/cache";

/** How many sizes tcache can hold (TCACHE_MAX_BINS). */
export const TCACHE_MAX_BINS: u32 = 64;

/** Default blocks per size (TCACHE_FILL_COUNT) and the most that can be set (MAX_TCACHE_COUNT). */
export const TCACHE_FILL_COUNT: word = 7;
export const MAX_TCACHE_COUNT: word = 65535;

// The thread's own variables. Until its tcache is made, the limits are 0: nothing fits, and the
// slow path makes it.
export let tcache: usize = 0;
let bins: u32 = 0; // mp_.tcache_bins
let requestLimit: word = 0; // requests below it have a bin
let fillCount: u32 = 0; // mp_.tcache_count
let key: word = 0; // tcache_key

/** This thread has no tcache, as at its start. */
export function resetTcache(): void {
  forgetTcache();
  thread.tcache = 0;
}

function forgetTcache(): void {
  if (IS_THROUGHPUT) forgetCache();
  tcache = 0;
  bins = 0;
  requestLimit = 0;
  if (IS_THREADED) forgetLarge();
}

/** How many bytes this thread's tcache needs (sizeof (tcache_perthread_struct)). */
export function bytesOfTcache(): word {
  return <word>(IS_THROUGHPUT ? offsetof<ClassCache>() : tcacheBytes());
}

/** Begins to use the block at `mem`, of `bytesOfTcache`, as this thread's tcache (tcache_init). */
export function adoptTcache(mem: usize): void {
  memory.fill(mem, 0, <usize>bytesOfTcache());
  if (IS_THROUGHPUT) initCache(mem);
  if (IS_THREADED) resetLarge();
  bindTcache(mem);
}

/** Makes the tcache at `mem`, with what is in it, this thread's. */
export function bindTcache(mem: usize): void {
  tcache = mem;
  if (IS_THROUGHPUT) {
    bindCache(mem, libc.tcacheKey);
    thread.tcache = <u32>mem;
    return;
  }
  bins = <u32>mp.tcacheBins;
  // The largest request of the last bin, plus one (tidx2usize).
  requestLimit = <word>(bins - 1) * <word>MALLOC_ALIGNMENT + MINSIZE - SIZE_SZ + 1;
  fillCount = <u32>mp.tcacheCount;
  key = libc.tcacheKey;
  if (IS_THREADED) bindLarge(mem, key);
  thread.tcache = <u32>mem;
}

/**
 * Takes this thread's tcache from it, at its exit. Until another is made nothing is cached. What it
 * was, or 0. In the threaded build ThreadData goes on to name it: should the thread die before it
 * is empty, whoever buries it finds the rest.
 */
export function surrenderTcache(): usize {
  const cache = tcache;
  if (IS_THREADED) forgetTcache();
  else resetTcache();
  return cache;
}

/** Whether a request of `bytes` has a tcache bin, and this thread a tcache. */
export function isCacheable(bytes: word): bool {
  return !IS_CLASSED && bytes < requestLimit;
}

/**
 * The tcache bin of a chunk's size, flags or not (csize2tidx). Sizes below MINSIZE give a number
 * beyond every bin.
 */
export function tcacheIndex(size: word): u32 {
  const index = (size - MINSIZE) >> 4;
  // Truncating a word of 64 bits must not make a wild size look small.
  return sizeof<word>() == 4 ? <u32>index : index > 0xffff_ffff ? <u32>-1 : <u32>index;
}

/** The tcache bin of a request (usize2tidx of a size that `isCacheable`). */
export function requestIndex(bytes: word): u32 {
  // On ilp32 rounding up and the division cancel out.
  if (ILP32) return <u32>((bytes + (SIZE_SZ + MALLOC_ALIGN_MASK) - MINSIZE) >> 4);
  return <u32>((requestToSize(bytes) - MINSIZE) >> 4);
}

/** Whether chunks of bin `index` are cached at all. */
export function hasBin(index: u32): bool {
  return !IS_CLASSED && index < bins;
}

/** Whether bin `index` takes one more block; only with `hasBin`. */
export function hasRoom(index: u32): bool {
  return isBelowFill(blocksIn(tcache, index));
}

/** Whether the word where a cached block has its key holds the key. */
export function hasKey(mem: usize): bool {
  return keyOf(mem) == key;
}

/** Puts the block `mem` into bin `index` (tcache_put). */
export function tcachePut(mem: usize, index: u32): void {
  pushEntry(tcache, index, mem, blocksIn(tcache, index), key);
}

/** Takes the latest block of bin `index`, or 0 when it is empty (tcache_get). @inline */
export function tcacheTake(index: u32): usize {
  return takeEntry(tcache, index);
}

/**
 * Whether an aligned block in memory looks like one of bin `index`: used when a thread died with
 * it.
 */
export function isCachedBlock(mem: usize, index: u32): bool {
  return (
    !isMisaligned(mem) && tcacheIndex(Chunk.ofMem(mem).size) == index && Chunk.ofMem(mem).inuse
  );
}

/** What marks a block of this thread's as being in tcache. */
export function tcacheKey(): word {
  return key;
}

/** Whether a bin of `count` blocks takes one more. */
export function isBelowFill(count: u32): bool {
  return count < fillCount;
}

/** Looks whether a block that holds the key really is in bin `index`: then it is freed twice. */
export function findDoubleFree(mem: usize, index: u32): void {
  findTwice(tcache, mem, index, fillCount);
}
