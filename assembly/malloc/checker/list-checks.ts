// The checker's walks over an arena's lists and the threads' tcaches. Checked builds only.

import { IS_CLASSED, IS_THROUGHPUT } from "../../abi/profile";
import { COUNTS_SLOTS } from "../../abi/version";
import { MALLOC_ALIGN_MASK, SIZE_SZ } from "../../abi/word";
import { arenaFor } from "../arena";
import { binAt, binIndex, binmapWord, isSmall } from "../bins";
import { Chunk, addressOf, isMisaligned, revealLink } from "../chunk";
import { fastbinAt, fastbinIndex, linkPlace } from "../fastbins";
import { binnedChunks, broken, countBinned, countFast, fastBytes, freeChunks } from "./findings";
import { classOfChunk, hasLarge, largeLists } from "../extensions/large-tcache";
import { MINSIZE } from "../sizes";
import { MallocState, libc, mp } from "../state";
import { Invariant } from "../system";
import { sortedIndex } from "../tcache-sorted";
import { TCACHE_MAX_BINS, countOf, keyOf, latestIn } from "../tcache-lists";
import { MOST_KEPT, latestOf, roomIn } from "../throughput/cache";
import { binOfClass } from "../classes/class-bins";
import { CACHED_SIZE, CACHE_CLASSES, cachedClassOf, classOf } from "../classes/classes";

/**
 * A bin's ring is whole, holds free chunks of its sizes, in order when large, and the binmap knows
 * of it.
 */
export function checkBin(arena: MallocState, index: u32): bool {
  const bin = binAt(arena, index);
  let larger: word = 0;
  for (let p = bin.bk; p != bin; p = p.bk) {
    if (!isInHeap(p) || !isInHeap(p.fd) || !isInHeap(p.bk))
      return broken(Invariant.BIN_LINKS, addressOf(p));
    const size = p.size;
    if (p.fd.bk != p || p.bk.fd != p) return broken(Invariant.BIN_LINKS, addressOf(p));
    if (!endsInHeap(p)) return broken(Invariant.BIN_SIZE, addressOf(p));
    if (p.inuse) return broken(Invariant.BIN_HOLDS_USED, addressOf(p));
    if (index > 1 && binFor(size) != index) return broken(Invariant.BIN_SIZE, addressOf(p));
    if (index > 1 && !IS_CLASSED && !isSmall(size)) {
      if (size < larger) return broken(Invariant.BIN_ORDER, addressOf(p));
      larger = size;
    }
    if (p.isNonMain) return broken(Invariant.CHUNK_FLAGS, addressOf(p));
    countBinned(size);
    if (binnedChunks > freeChunks) return broken(Invariant.FREE_NOT_BINNED, addressOf(p));
  }
  if (index == 1 || (bin.bk == bin && !IS_CLASSED)) return true;
  const isMarked = (load<u32>(binmapWord(arena, index >> 5)) >> (index & 31)) & 1;
  // Lists of classes know whether they are empty; glibc may be late with that.
  if (IS_CLASSED)
    return (isMarked != 0) == (bin.bk != bin) || broken(Invariant.BINMAP, addressOf(bin));
  if (!isMarked) return broken(Invariant.BINMAP, addressOf(bin));
  return isSmall(bin.bk.size) || checkSizes(bin);
}

/** The bin in which a free chunk of `size` bytes is to be. */
function binFor(size: word): u32 {
  return IS_CLASSED ? binOfClass(classOf(size)) : binIndex(size);
}

/** In a large bin the first chunk of each size, and no other, is in the ring of sizes. */
function checkSizes(bin: Chunk): bool {
  let previous = changetype<Chunk>(0);
  const first = bin.fd;
  for (let p = first; p != bin; p = p.fd) {
    const isFirst = p == first || p.fdNextsizeWord != 0;
    const isNewSize = p == first || p.size != p.bk.size;
    if (isFirst != isNewSize) return broken(Invariant.NEXTSIZE, addressOf(p));
    if (!isFirst) continue;
    if (p != first && (p.bkNextsize != previous || previous.fdNextsize != p)) {
      return broken(Invariant.NEXTSIZE, addressOf(p));
    }
    previous = p;
  }
  if (previous.fdNextsize != first || first.bkNextsize != previous)
    return broken(Invariant.NEXTSIZE, addressOf(first));
  return true;
}

/** A fast bin holds chunks of its size that look in use. */
export function checkFastbin(arena: MallocState, index: u32): bool {
  let p = changetype<Chunk>(<usize>load<word>(fastbinAt(arena, index)));
  if (addressOf(p) != 0 && !arena.haveFastchunks)
    return broken(Invariant.HAVE_FASTCHUNKS, addressOf(p));
  while (addressOf(p) != 0) {
    if (isMisaligned(p.mem) || !isInHeap(p)) return broken(Invariant.FASTBIN_LINK, addressOf(p));
    if (fastbinIndex(p.size) != index) return broken(Invariant.FASTBIN_SIZE, addressOf(p));
    if (!endsInHeap(p) || !p.inuse) return broken(Invariant.FASTBIN_FREE, addressOf(p));
    if (arenaFor(p) != arena) return broken(Invariant.CHUNK_FLAGS, addressOf(p));
    countFast(p.size);
    if (fastBytes > arena.systemMem) return broken(Invariant.FASTBIN_LINK, addressOf(p));
    p = changetype<Chunk>(revealLink(linkPlace(p)));
  }
  return true;
}

/** Whether a chunk lies in memory at all, so that it can be looked at. */
export function isInHeap(p: Chunk): bool {
  return (
    addressOf(p) > changetype<usize>(libc) &&
    <word>addressOf(p) <= ((<word>memory.size()) << 16) - MINSIZE
  );
}

/** Whether a struct of `bytes` bytes at `address` lies in memory, behind libc's first data. */
export function isInMemory(address: usize, bytes: usize): bool {
  return (
    address >= changetype<usize>(libc) &&
    (address & (SIZE_SZ - 1)) == 0 &&
    <u64>address + bytes <= (<u64>memory.size()) << 16
  );
}

/** Whether behind the chunk, which is in memory, there is room for the header of another. */
export function endsInHeap(p: Chunk): bool {
  const end = addressOf(p.at(p.size));
  return p.size <= (<word>memory.size()) << 16 && end > addressOf(p) && isInHeap(p.at(p.size));
}

/**
 * Each bin of a thread's tcache holds as many blocks as it counts, of its size, in use and with the
 * key.
 */
export function checkTcache(tcache: usize): bool {
  if (!isInHeap(Chunk.ofMem(tcache)) || !endsInHeap(Chunk.ofMem(tcache)))
    return broken(Invariant.TCACHE_LINK, tcache);
  if (IS_THROUGHPUT) return checkCache(tcache);
  return checkLists(tcache, false) && (!hasLarge() || checkLists(largeLists(tcache), true));
}

/** Each class holds blocks of its size, in use and with the key, and knows its room. */
function checkCache(cache: usize): bool {
  for (let index: u32 = 0; index < CACHE_CLASSES; index++) {
    let room = roomIn(cache, index);
    for (let mem = latestOf(cache, index); mem != 0; mem = revealLink(mem)) {
      const p = Chunk.ofMem(mem);
      if ((mem & MALLOC_ALIGN_MASK) != 0 || !isInHeap(p)) return broken(Invariant.TCACHE_LINK, mem);
      if (p.size > CACHED_SIZE || cachedClassOf(p.size) != index)
        return broken(Invariant.TCACHE_SIZE, mem);
      if (!endsInHeap(p) || !p.inuse) return broken(Invariant.TCACHE_FREE, mem);
      if (keyOf(mem) != libc.tcacheKey) return broken(Invariant.TCACHE_KEY, mem);
      room += <i32>p.size;
      if (room > MOST_KEPT) return broken(Invariant.TCACHE_COUNT, mem);
    }
    if (room != MOST_KEPT) return broken(Invariant.TCACHE_COUNT, cache + ((<usize>index) << 2));
  }
  return true;
}

function checkLists(lists: usize, areLarge: bool): bool {
  for (let index: u32 = 0; index < TCACHE_MAX_BINS; index++) {
    let mem = latestIn(lists, index);
    const count = <i32>countOf(lists, index);
    let left = COUNTS_SLOTS ? <i32>mp.tcacheCount - count : count;
    for (; mem != 0; mem = revealLink(mem)) {
      const p = Chunk.ofMem(mem);
      if (--left < 0) return broken(Invariant.TCACHE_COUNT, mem);
      if ((mem & MALLOC_ALIGN_MASK) != 0 || !isInHeap(p)) return broken(Invariant.TCACHE_LINK, mem);
      if ((areLarge ? classOfChunk(p.size) : sortedIndex(p.size)) != index)
        return broken(Invariant.TCACHE_SIZE, mem);
      if (!p.isMmapped && (!endsInHeap(p) || !p.inuse)) return broken(Invariant.TCACHE_FREE, mem);
      if (keyOf(mem) != libc.tcacheKey) return broken(Invariant.TCACHE_KEY, mem);
    }
    if (left != 0) return broken(Invariant.TCACHE_COUNT, lists + <usize>index * 2);
  }
  return true;
}
