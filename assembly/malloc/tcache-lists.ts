// The lists of a tcache: the struct that each thread has, the links in its blocks, and the steps by
// which a block comes and goes. Whose tcache it is, the caller says: the short ways of malloc and
// free read V8's globals once, as V8 reads a global anew after every store, and whoever buries a
// thread goes through the dead one's.

import { COUNTS_SLOTS, TCACHE_LARGE_BINS, TCACHE_SMALL_BINS } from "../abi/version";
import { SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { isMisaligned, protectLink, revealLink } from "./chunk";

/** What tcache keeps in a block of its own (struct tcache_entry). */
@unmanaged
export class TcacheEntry {
  next: word; // next, protected
  key: word; // key
}

/** A thread's tcache (struct tcache_perthread_struct). */
@unmanaged
export class TcachePerthreadStruct {
  @until(42) @count(64) counts: u16; // counts: blocks by size
  @since(42) @count(76) numSlots: u16; // num_slots: how many blocks each bin may yet take
  @count(64) @since(42, 76) entries: word; // entries: the latest block of each size
}

/** Where a cached block has its key, and tcache the heads of its lists: offsets, bytes. */
const KEY: usize = offsetof<TcacheEntry>("key");
const ENTRIES: usize = offsetof<TcachePerthreadStruct>("entries");

/** How many sizes tcache can hold (TCACHE_MAX_BINS). */
export const TCACHE_MAX_BINS: u32 = TCACHE_SMALL_BINS + TCACHE_LARGE_BINS;

/** What `cache` counts for bin `index`: the blocks in it, or the slots left. */
export function countOf(cache: usize, index: u32): u32 {
  return <u32>load<u16>(cache + ((<usize>index) << 1));
}

/** The count of a bin that has `count` when a block comes (1) or goes (-1). */
function counted(count: u32, change: i32): u32 {
  return count + (COUNTS_SLOTS ? -change : change);
}

/** Whether a bin of `cache` whose count is `count` holds a block. */
export function holdsBlock(cache: usize, index: u32, count: u32): bool {
  return COUNTS_SLOTS ? latestIn(cache, index) != 0 : count != 0;
}

/** Where `cache` has the link to the latest block of bin `index`. */
export function entryPlace(cache: usize, index: u32): usize {
  return cache + ENTRIES + <usize>index * SIZE_SZ;
}

/** Counts one block more (1) or less (-1) in bin `index` of `cache`. */
export function setCount(cache: usize, index: u32, change: i32): void {
  store<u16>(cache + ((<usize>index) << 1), counted(countOf(cache, index), change));
}

/** Writes the key's word of a block. */
export function setKey(mem: usize, mark: word): void {
  store<word>(mem, mark, KEY);
}

/** The latest block of bin `index` of `cache`. */
export function latestIn(cache: usize, index: u32): usize {
  return <usize>load<word>(cache + <usize>index * SIZE_SZ, ENTRIES);
}

/** Takes `mem`, the latest block of bin `index`, whose count is `count`, out of `cache`. */
export function popEntry(cache: usize, index: u32, mem: usize, count: u32): void {
  store<u16>(cache + ((<usize>index) << 1), counted(count, -1));
  store<word>(cache + <usize>index * SIZE_SZ, <word>revealLink(mem), ENTRIES);
  store<word>(mem, 0, KEY);
}

/**
 * Puts the block `mem` in front of those in bin `index` of `cache`, whose count is `count`, and the
 * key `mark` into it.
 */
export function pushEntry(cache: usize, index: u32, mem: usize, count: u32, mark: word): void {
  const head = cache + <usize>index * SIZE_SZ;
  store<word>(mem, mark, KEY);
  store<word>(mem, <word>protectLink(mem, <usize>load<word>(head, ENTRIES)));
  store<word>(head, <word>mem, ENTRIES);
  store<u16>(cache + ((<usize>index) << 1), counted(count, 1));
}

/** Takes the latest block of bin `index` of `cache`, or 0 when it is empty (tcache_get). @inline */
export function takeEntry(cache: usize, index: u32): usize {
  const count = countOf(cache, index);
  if (!holdsBlock(cache, index, count)) return 0;
  const mem = latestIn(cache, index);
  if (isMisaligned(mem)) corrupted(Failure.TCACHE_UNALIGNED, mem);
  popEntry(cache, index, mem, count);
  return mem;
}

/**
 * Makes `mem`, or 0, the latest block of bin `index` of a dead thread's `cache`, whose counts may
 * be wrong.
 */
export function setLatest(cache: usize, index: u32, mem: usize): void {
  store<word>(cache + <usize>index * SIZE_SZ, <word>mem, ENTRIES);
}

/** The key's word of a block that may be in tcache. */
export function keyOf(mem: usize): word {
  return load<word>(mem, KEY);
}

/**
 * Looks whether a block that holds the key really is among the `most` blocks of bin `index` of
 * `cache` at most: then it is freed twice.
 */
export function findTwice(cache: usize, mem: usize, index: u32, most: u32): void {
  let seen: u32 = 0;
  let entry = <usize>load<word>(cache + <usize>index * SIZE_SZ, ENTRIES);
  while (entry != 0) {
    if (seen >= most) corrupted(Failure.FREE_TCACHE_COUNT, entry);
    if (isMisaligned(entry)) corrupted(Failure.FREE_TCACHE_UNALIGNED, entry);
    if (entry == mem) corrupted(Failure.FREE_TCACHE_DOUBLE, entry);
    entry = revealLink(entry);
    seen++;
  }
}

if (offsetof<TcachePerthreadStruct>() != <usize>TCACHE_MAX_BINS * (2 + SIZE_SZ))
  ERROR("tcache_perthread_struct differs from glibc's");
