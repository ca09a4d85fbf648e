// The lists of a tcache: the struct that each thread has, the links in its blocks, and the steps by
// which a block comes and goes. Whose tcache it is, the caller says: the short ways of malloc and
// free read V8's globals once, as V8 reads a global anew after every store, and whoever buries a
// thread goes through the dead one's.

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
  @count(64) counts: u16; // counts: blocks by size
  @count(64) entries: word; // entries: the latest block of each size
}

/** Where a cached block has its key, and tcache the heads of its lists: offsets, bytes. */
const KEY: usize = offsetof<TcacheEntry>("key");
const ENTRIES: usize = offsetof<TcachePerthreadStruct>("entries");

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

/**
 * Puts the block `mem` in front of the `count` blocks of bin `index` of `cache`, and the key `mark`
 * into it.
 */
export function pushEntry(cache: usize, index: u32, mem: usize, count: u32, mark: word): void {
  const head = cache + <usize>index * SIZE_SZ;
  store<word>(mem, mark, KEY);
  store<word>(mem, <word>protectLink(mem, <usize>load<word>(head, ENTRIES)));
  store<word>(head, <word>mem, ENTRIES);
  store<u16>(cache + ((<usize>index) << 1), count + 1);
}

/** Takes the latest block of bin `index` of `cache`, or 0 when it is empty (tcache_get). @inline */
export function takeEntry(cache: usize, index: u32): usize {
  const left = blocksIn(cache, index);
  if (left == 0) return 0;
  const mem = latestIn(cache, index);
  if (isMisaligned(mem)) corrupted(Failure.TCACHE_UNALIGNED, mem);
  popEntry(cache, index, mem, left);
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

if (offsetof<TcachePerthreadStruct>() != 64 * 2 + 64 * SIZE_SZ)
  ERROR("tcache_perthread_struct differs from glibc's");
