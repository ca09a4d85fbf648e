// The cache in front of the arenas, in tcache's place: each thread's own stacks of blocks, one for
// each class. A block in it counts as in use, is linked and marked as those in tcache are, and
// merges with nothing. A class keeps 64 KiB; what is freed beyond goes to its arena.

import { MALLOC_ALIGNMENT, SIZE_SZ } from "../../abi/word";
import { KIB, MIB } from "../../base/align";
import { Failure, corrupted } from "../../base/failure";
import { Chunk, SIZE_BITS, isMisaligned, isPlain, protectLink, revealLink } from "../chunk";
import { followAside, mostChunks } from "../links";
import { MINSIZE, requestToSize } from "../sizes";
import { TcacheEntry, keyOf } from "../tcache-lists";
import {
  CACHED_SIZE,
  CACHE_CLASSES,
  EXACT_SIZE,
  cachedClassOf,
  exactClass,
} from "../classes/classes";

/** A thread's cache: its first block, as its tcache is in the profile "glibc". */
@unmanaged
export class ClassCache {
  @count(112) entries: word; // the latest block of each class, or 0
  @count(112) room: i32; // how many bytes of chunks each class takes yet
  @count(112) run: u8; // how many blocks each class got at once the last time
  flushedAt: u32; // system_mem from which on the cache may be emptied again, bytes
}

const KEY: usize = offsetof<TcacheEntry>("key");
const ROOM: usize = offsetof<ClassCache>("room");
const RUN: usize = offsetof<ClassCache>("run");

/** What `setLimit` takes for none: more than the cache can hold. */
export const NO_LIMIT: i32 = 1 << 30;

/**
 * What a class keeps at most, bytes of chunks. A collector frees in bursts, and asks for as much
 * afterwards: all of it stays, until the heap would have to grow.
 */
export const MOST_KEPT: i32 = COLLECTED ? <i32>(KIB * MIB) : 64 * <i32>KIB;

// The thread's own variables: all 0 while it has no cache, so that nothing fits.
let cache: usize = 0; // its ClassCache
let requestLimit: word = 0; // requests below it are small
let span: word = 0; // how many sizes from MINSIZE on there are that can be kept
let key: word = 0; // tcache_key
let limit: i32 = 0; // bytes that the cache may hold until a fall is looked for
// How many more may be freed until that can be so: what malloc takes meanwhile is not counted.
let slack: i32 = 0;

/** Makes the zeroed ClassCache at `mem` an empty cache. */
export function initCache(mem: usize): void {
  for (let index: u32 = 0; index < CACHE_CLASSES; index++)
    store<i32>(mem + ((<usize>index) << 2), MOST_KEPT, ROOM);
}

/** Makes the cache at `mem`, with what is in it, this thread's. */
export function bindCache(mem: usize, mark: word): void {
  cache = mem;
  // Chunks of EXACT_SIZE have their list in common with larger ones.
  requestLimit = EXACT_SIZE - MALLOC_ALIGNMENT - SIZE_SZ + 1;
  span = CACHED_SIZE - MINSIZE + 1;
  key = mark;
  limit = NO_LIMIT;
  slack = NO_LIMIT;
}

/** This thread has no cache any more. */
export function forgetCache(): void {
  cache = 0;
  closeCache();
}

/** Nothing comes into this thread's cache, or small out of it, any more. */
export function closeCache(): void {
  requestLimit = 0;
  span = 0;
}

/** Whether this thread has a cache. */
export function hasCache(): bool {
  return cache != 0;
}

/** This thread's cache. */
export function classCache(): ClassCache {
  return changetype<ClassCache>(cache);
}

/** A block for a small request of `bytes`, if the cache has one, or 0. @inline */
export function takeSmall(bytes: word): usize {
  // One way through, here and in `keep`: that is what compilers inline.
  if (bytes < requestLimit) {
    const size = requestToSize(bytes);
    const index = exactClass(size);
    const list = listOf(index);
    const mem = <usize>load<word>(list);
    if (mem != 0 && !isMisaligned(mem)) {
      pop(list, mem);
      giveRoom(index, <i32>size);
      return mem;
    }
  }
  return 0;
}

/** The latest block of class `index`, or 0. */
export function take(index: u32): usize {
  const list = listOf(index);
  const mem = <usize>load<word>(list);
  if (mem == 0) return 0;
  if (isMisaligned(mem)) corrupted(Failure.TCACHE_UNALIGNED, mem);
  pop(list, mem);
  giveRoom(index, <i32>Chunk.ofMem(mem).size);
  return mem;
}

/** The latest block of class `index`, or 0. */
export function latest(index: u32): usize {
  return <usize>load<word>(listOf(index));
}

/** Keeps the block at `mem`, if nothing argues against it. Whether it did. @inline */
export function keep(mem: usize): bool {
  const head = Chunk.ofMem(mem).mchunkSize;
  const size = head & ~SIZE_BITS;
  if (size - MINSIZE < span) {
    if (isPlain(mem, head)) {
      if (keyOf(mem) != key) {
        const index = cachedClassOf(size);
        const place = cache + ((<usize>index) << 2);
        const room = load<i32>(place, ROOM) - <i32>size;
        if (room >= 0) {
          store<i32>(place, room, ROOM);
          push(listOf(index), mem);
          slack -= <i32>size;
          return true;
        }
      }
    }
  }
  return false;
}

/**
 * The class of the chunk `p`, if it has one that takes no more: else a number beyond all.
 */
export function fullClassOf(p: Chunk): u32 {
  const size = p.size;
  if (size - MINSIZE >= span || !isPlain(p.mem, p.mchunkSize)) return CACHE_CLASSES;
  const index = cachedClassOf(size);
  return roomOf(index) < <i32>size ? index : CACHE_CLASSES;
}

/** Puts the block at `mem`, of a chunk of `size` bytes, into class `index`, whatever it holds. */
export function put(index: u32, mem: usize, size: word): void {
  giveRoom(index, -(<i32>size));
  slack -= <i32>size;
  push(listOf(index), mem);
}

/** Looks whether a block that holds the key is in the cache: then it is freed twice. */
export function findTwice(mem: usize): void {
  const size = Chunk.ofMem(mem).size;
  if (keyOf(mem) != key || size - MINSIZE >= span) return;
  let left = mostChunks();
  let entry = <usize>load<word>(listOf(cachedClassOf(size)));
  while (entry != 0) {
    if (isMisaligned(entry)) corrupted(Failure.FREE_TCACHE_UNALIGNED, entry);
    if (entry == mem) corrupted(Failure.FREE_TCACHE_DOUBLE, entry);
    left = followAside(Chunk.ofMem(entry), Chunk.ofMem(entry), left, Failure.SEGV_TCACHE);
    entry = revealLink(entry);
  }
}

/** How many blocks class `index` is to get at once: twice as many as the last time. */
export function nextRun(index: u32, most: u32): u32 {
  const place = cache + <usize>index;
  const run = min(most, max(1, (<u32>load<u8>(place, RUN)) << 1));
  store<u8>(place, run, RUN);
  return run;
}

/** All classes are to get single blocks at first again. */
export function forgetRuns(): void {
  memory.fill(cache + RUN, 0, CACHE_CLASSES);
}

/** Bytes of chunks in the cache: it takes a look at each class. */
export function heldBytes(): word {
  let held: i32 = 0;
  for (let index: u32 = 0; index < CACHE_CLASSES; index++) held += MOST_KEPT - roomIn(cache, index);
  return <word>held;
}

/** Sets how many bytes the cache may hold until `mayBeAtLimit`. */
export function setLimit(bytes: i32): void {
  slack += bytes - limit;
  limit = bytes;
}

/** Whether so much was freed that the cache may hold more than the limit. */
export function mayBeAtLimit(): bool {
  return slack < 0;
}

/**
 * Whether the `held` bytes of the cache are more than the limit. If not, nobody need look again
 * before `least` bytes are freed.
 */
export function isAtLimit(held: word, least: i32): bool {
  const left = limit - <i32>held;
  slack = max(left, least);
  return left < 0;
}

/** The block behind the cached one at `mem`, or 0. */
export function nextOf(mem: usize): usize {
  if (isMisaligned(mem)) corrupted(Failure.TCACHE_UNALIGNED, mem);
  return revealLink(mem);
}

/** Takes the block at `mem` out of class `index`: the latest, or the one behind `before`. */
export function takeBehind(index: u32, before: usize, mem: usize): void {
  const next = revealLink(mem);
  if (before == 0) store<word>(listOf(index), <word>next);
  else store<word>(before, <word>protectLink(before, next));
  store<word>(mem, 0, KEY);
  giveRoom(index, <i32>Chunk.ofMem(mem).size);
}

/** How many bytes of chunks class `index` takes yet. */
export function roomOf(index: u32): i32 {
  return roomIn(cache, index);
}

/** The latest block of class `index` of the cache at `mem`, any thread's, or 0. */
export function latestOf(mem: usize, index: u32): usize {
  return <usize>load<word>(mem + <usize>index * SIZE_SZ);
}

/** How many bytes of chunks class `index` of the cache at `mem` takes yet: below 0 after a run. */
export function roomIn(mem: usize, index: u32): i32 {
  return load<i32>(mem + ((<usize>index) << 2), ROOM);
}

/** Makes `to`, or 0, the latest block of class `index` of the cache at `mem`, a dead thread's. */
export function setLatestOf(mem: usize, index: u32, to: usize): void {
  store<word>(mem + <usize>index * SIZE_SZ, <word>to);
}

/**
 * Whether an aligned block in memory looks like one of class `index`: used when a thread died with
 * it.
 */
export function isClassBlock(mem: usize, index: u32): bool {
  const p = Chunk.ofMem(mem);
  const size = p.size;
  return !isMisaligned(mem) && size <= CACHED_SIZE && cachedClassOf(size) == index && p.inuse;
}

function listOf(index: u32): usize {
  return cache + <usize>index * SIZE_SZ;
}

function giveRoom(index: u32, bytes: i32): void {
  const place = cache + ((<usize>index) << 2);
  store<i32>(place, load<i32>(place, ROOM) + bytes, ROOM);
}

function pop(list: usize, mem: usize): void {
  store<word>(list, <word>revealLink(mem));
  store<word>(mem, 0, KEY);
}

function push(list: usize, mem: usize): void {
  store<word>(mem, key, KEY);
  store<word>(mem, <word>protectLink(mem, <usize>load<word>(list)));
  store<word>(list, <word>mem);
}
