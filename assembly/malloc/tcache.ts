// tcache: each thread's own small stacks of blocks, one a size, in front of everything else. A block in it counts as in use for its
// neighbours. Its second word holds a key, by which free recognises a block that is already there; its first links to
// the next one, protected (see chunk.ts). The struct is the first block that the thread allocates.

import { IS_THREADED } from "../sync/tier";
import { ILP32, MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK, SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { Chunk, IS_MMAPPED, SIZE_BITS, isMisaligned, protectLink, revealLink } from "./chunk";
import { MINSIZE, requestToSize } from "./sizes";
import { libc, mp, thread } from "./state";

/** How many sizes tcache can hold (TCACHE_MAX_BINS). */
export const TCACHE_MAX_BINS: u32 = 64;

/** Default blocks per size (TCACHE_FILL_COUNT) and the most that can be set (MAX_TCACHE_COUNT). */
export const TCACHE_FILL_COUNT: word = 7;
export const MAX_TCACHE_COUNT: word = 65535;

/** What tcache keeps in a block of its own (struct tcache_entry). */
@unmanaged
export class TcacheEntry {
  next: word; // next, protected
  key: word; // key
}

/** A thread's tcache (struct tcache_perthread_struct). */
@unmanaged
export class TcachePerthreadStruct {
  @count(64) counts: u16; // counts: blocks by size
  @count(64) entries: word; // entries: the latest block of each size
}

/** Where a cached block has its key, and tcache the heads of its lists: offsets, bytes. */
const KEY: usize = offsetof<TcacheEntry>("key");
const ENTRIES: usize = offsetof<TcachePerthreadStruct>("entries");

// The thread's own variables. Until its tcache is made, the limits are 0: nothing fits, and the slow path makes it.
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
  tcache = 0;
  bins = 0;
  requestLimit = 0;
}

/** Begins to use the block at `mem`, of sizeof (TcachePerthreadStruct) bytes, as this thread's tcache (tcache_init). */
export function adoptTcache(mem: usize): void {
  memory.fill(mem, 0, offsetof<TcachePerthreadStruct>());
  bindTcache(mem);
}

/** Makes the tcache at `mem`, with what is in it, this thread's. */
export function bindTcache(mem: usize): void {
  tcache = mem;
  bins = <u32>mp.tcacheBins;
  // The largest request of the last bin, plus one (tidx2usize).
  requestLimit = <word>(bins - 1) * <word>MALLOC_ALIGNMENT + MINSIZE - SIZE_SZ + 1;
  fillCount = <u32>mp.tcacheCount;
  key = libc.tcacheKey;
  thread.tcache = <u32>mem;
}

/**
 * Takes this thread's tcache from it, at its exit. Until another is made nothing is cached. What it was, or 0. In the threaded build ThreadData
 * goes on to name it: should the thread die before it is empty, whoever buries it finds the rest.
 */
export function surrenderTcache(): usize {
  const cache = tcache;
  if (IS_THREADED) forgetTcache();
  else resetTcache();
  return cache;
}

/** Whether a request of `bytes` has a tcache bin, and this thread a tcache. */
export function isCacheable(bytes: word): bool {
  return bytes < requestLimit;
}

/** The tcache bin of a chunk's size, flags or not (csize2tidx). Sizes below MINSIZE give a number beyond every bin. */
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
  return index < bins;
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

/** Takes the latest block of bin `index`, or 0 when it is empty (tcache_get). */
export function tcacheTake(index: u32): usize {
  const left = blocksIn(tcache, index);
  if (left == 0) return 0;
  const mem = latestIn(tcache, index);
  if (isMisaligned(mem)) corrupted(Failure.TCACHE_UNALIGNED, mem);
  popEntry(tcache, index, mem, left);
  return mem;
}

// The steps of both, for the short ways of malloc and free. They take the tcache and the key as arguments because V8 reads a
// global anew after every store: the short ways read each once.

/** How many blocks bin `index` of `cache` says that it holds. */
export function blocksIn(cache: usize, index: u32): u32 {
  return <u32>load<u16>(cache + ((<usize>index) << 1));
}

/** The latest block of bin `index` of `cache`. */
export function latestIn(cache: usize, index: u32): usize {
  return <usize>load<word>(cache + <usize>index * SIZE_SZ, ENTRIES);
}

/** Takes `mem`, the latest of the `left` blocks of bin `index`, out of `cache`. */
export function popEntry(cache: usize, index: u32, mem: usize, left: u32): void {
  store<u16>(cache + ((<usize>index) << 1), left - 1);
  store<word>(cache + <usize>index * SIZE_SZ, <word>revealLink(mem), ENTRIES);
  store<word>(mem, 0, KEY);
}

/** Puts the block `mem` in front of the `count` blocks of bin `index` of `cache`, and the key `mark` into it. */
export function pushEntry(cache: usize, index: u32, mem: usize, count: u32, mark: word): void {
  const head = cache + <usize>index * SIZE_SZ;
  store<word>(mem, mark, KEY);
  store<word>(mem, <word>protectLink(mem, <usize>load<word>(head, ENTRIES)));
  store<word>(head, <word>mem, ENTRIES);
  store<u16>(cache + ((<usize>index) << 1), count + 1);
}

/** Whether an aligned block in memory looks like one of bin `index`: used when a thread died with it. */
export function isCachedBlock(mem: usize, index: u32): bool {
  return (
    !isMisaligned(mem) && tcacheIndex(Chunk.ofMem(mem).size) == index && Chunk.ofMem(mem).inuse
  );
}

/** Makes `mem`, or 0, the latest block of bin `index` of a dead thread's `cache`, whose counts may be wrong. */
export function setLatest(cache: usize, index: u32, mem: usize): void {
  store<word>(cache + <usize>index * SIZE_SZ, <word>mem, ENTRIES);
}

/** What marks a block of this thread's as being in tcache. */
export function tcacheKey(): word {
  return key;
}

/** The key's word of a block that may be in tcache. */
export function keyOf(mem: usize): word {
  return load<word>(mem, KEY);
}

/** Whether a bin of `count` blocks takes one more. */
export function isBelowFill(count: u32): bool {
  return count < fillCount;
}

/** Whether an aligned block of an aligned size, not mmapped, is at `mem`, `head` being its size word: three tests in one. */
export function isPlain(mem: usize, head: word): bool {
  return (
    ((mem & MALLOC_ALIGN_MASK) | ((<usize>head) & (MALLOC_ALIGNMENT / 2 + <usize>IS_MMAPPED))) == 0
  );
}

/** Looks whether a block that holds the key really is in bin `index`: then it is freed twice. */
export function findDoubleFree(mem: usize, index: u32): void {
  let seen: u32 = 0;
  let entry = <usize>load<word>(tcache + <usize>index * SIZE_SZ, ENTRIES);
  while (entry != 0) {
    if (seen >= fillCount) corrupted(Failure.FREE_TCACHE_COUNT, entry);
    if (isMisaligned(entry)) corrupted(Failure.FREE_TCACHE_UNALIGNED, entry);
    if (entry == mem) corrupted(Failure.FREE_TCACHE_DOUBLE, entry);
    entry = revealLink(entry);
    seen++;
  }
}

if (SIZE_BITS >= MALLOC_ALIGNMENT / 2) ERROR("the size's odd bit must lie above the flags");
if (offsetof<TcachePerthreadStruct>() != 64 * 2 + 64 * SIZE_SZ)
  ERROR("tcache_perthread_struct differs from glibc's");
