// tcache: each thread's own small stacks of blocks, one a size, in front of everything else. A
// block in it counts as in use for its neighbours. Its second word holds a key, by which free
// recognises a block that is already there; its first links to the next one, protected (see
// chunk.ts). The struct is the first block that the thread allocates, or, from 2.42 on, is
// allocated when tcache first could take a block.

import { IS_THREADED } from "../sync/tier";
import { IS_CLASSED, IS_THROUGHPUT } from "../abi/profile";
import { COUNTS_SLOTS, MAKES_TCACHE_LATE, TCACHE_SMALL_BINS } from "../abi/version";
import { ILP32, MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK, SIZE_SZ } from "../abi/word";
import { Chunk, isMisaligned } from "./chunk";
import { bindLarge, forgetLarge, resetLarge, tcacheBytes } from "./extensions/large-tcache";
import { MINSIZE, requestToSize } from "./sizes";
import { libc, mp, thread } from "./state";
import { TCACHE_MAX_BINS, countOf, findTwice, keyOf, pushEntry, takeEntry } from "./tcache-lists";
import { ClassCache, bindCache, forgetCache, initCache } from "./throughput/cache";

/** The most blocks per bin that can be set (MAX_TCACHE_COUNT). @host */
export const MAX_TCACHE_COUNT: word = 65535;

/** The largest chunk of a bin of one size, bytes (MAX_TCACHE_SMALL_SIZE). */
export const MAX_SMALL_SIZE: word =
  <word>((TCACHE_SMALL_BINS - 1) * <u32>MALLOC_ALIGNMENT) + MINSIZE;

// The thread's own variables. Until its tcache is made, the limits are 0: nothing fits, and the
// slow path makes it.
export let tcache: usize = 0;
let bins: u32 = 0; // mp_.tcache_bins
let requestLimit: word = 0; // requests below it have a bin
let fillCount: u32 = 0; // mp_.tcache_count
let key: word = 0; // tcache_key

/**
 * Whether this thread is to have no tcache any more: its tcache is being made, could not be made,
 * or is gone (the second of glibc's dummies).
 */
let isOff: bool = false;

/** This thread has no tcache, as at its start. */
export function resetTcache(): void {
  forgetTcache();
  if (MAKES_TCACHE_LATE) isOff = false;
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

/**
 * Begins to use the block at `mem`, of `bytesOfTcache`, as this thread's tcache (tcache_init).
 * @noinline
 */
export function adoptTcache(mem: usize): void {
  memory.fill(mem, 0, <usize>bytesOfTcache());
  if (COUNTS_SLOTS) fillSlots(mem, <u16>mp.tcacheCount);
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
  if (MAKES_TCACHE_LATE) isOff = false;
  bins = usedBins();
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
  if (MAKES_TCACHE_LATE) isOff = true;
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
  return hasSlot(countOf(tcache, index));
}

/** Whether the word where a cached block has its key holds the key. */
export function hasKey(mem: usize): bool {
  return keyOf(mem) == key;
}

/** Puts the block `mem` into bin `index` (tcache_put). */
export function tcachePut(mem: usize, index: u32): void {
  pushEntry(tcache, index, mem, countOf(tcache, index), key);
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

/** Whether a bin whose count is `count` takes one more block. */
export function hasSlot(count: u32): bool {
  return COUNTS_SLOTS ? count != 0 : count < fillCount;
}

/** How many blocks bin `index` holds. */
export function blocksIn(index: u32): u32 {
  const count = countOf(tcache, index);
  return COUNTS_SLOTS ? fillCount - count : count;
}

/**
 * Looks whether a block that holds the key really is in bin `index`, or, with slots, in any: then
 * it is freed twice.
 */
export function findDoubleFree(mem: usize, index: u32): void {
  if (!COUNTS_SLOTS) {
    findTwice(tcache, mem, index, fillCount);
    return;
  }
  for (let any: u32 = 0; any < TCACHE_MAX_BINS; any++) findTwice(tcache, mem, any, fillCount);
}

// From here on: what differs where the tcache is made late.

/** How many bins of one size are used (tcache_bins, tcache_small_bins). */
export function usedBins(): u32 {
  return <u32>(COUNTS_SLOTS ? mp.tcacheSmallBins : mp.tcacheBins);
}

/** Whether this thread has no tcache yet, and may have one. */
export function isInactive(): bool {
  return tcache == 0 && !isOff;
}

/**
 * Begins to make the tcache: until `adoptTcache`, and for good where there is no memory for it,
 * this thread has none. Whether one is to be had.
 */
export function startTcache(): bool {
  isOff = true;
  return mp.tcacheCount != 0;
}

/** All bins may take `slots` blocks. */
function fillSlots(cache: usize, slots: u16): void {
  for (let index: u32 = 0; index < TCACHE_MAX_BINS; index++)
    store<u16>(cache + ((<usize>index) << 1), slots);
}
