// Bins: 126 doubly-linked rings of free chunks. Bin 1 is the unsorted bin, where freed chunks wait
// for the next malloc; small bins hold one size each, first in first out; large bins hold a range
// of sizes, largest first, the first chunk of each size linked to the next size's by fd_nextsize
// and bk_nextsize. The binmap has a bit for each bin that may hold a chunk.
//
// A bin's head lies in malloc_state as if it were a chunk's fd and bk, so that no list ever ends in
// null.

import { IS_CLASSED } from "../abi/profile";
import { CHECKS_SMALLEST } from "../abi/version";
import { ILP32, MALLOC_ALIGNMENT, SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { Chunk, addressOf } from "./chunk";
import { follow, mostChunks } from "./links";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { MallocState } from "./state";

const NSMALLBINS: u32 = 64;

/**
 * On i386 chunks are aligned to twice their header, which shifts small bins by one
 * (SMALLBIN_CORRECTION).
 */
const SMALLBIN_CORRECTION: u32 = MALLOC_ALIGNMENT > <usize>CHUNK_HDR_SZ ? 1 : 0;

/** The smallest chunk of a large bin, bytes (MIN_LARGE_SIZE). */
export const MIN_LARGE_SIZE: word = <word>(
  ((NSMALLBINS - SMALLBIN_CORRECTION) * <u32>MALLOC_ALIGNMENT)
);

/** Whether chunks of `size` bytes live in a bin of their own (in_smallbin_range). */
export function isSmall(size: word): bool {
  return size < MIN_LARGE_SIZE;
}

/** The bin of a small chunk (smallbin_index). */
export function smallbinIndex(size: word): u32 {
  return <u32>(size >> 4) + SMALLBIN_CORRECTION;
}

/**
 * The bin of a large chunk: ranges of 64, 512, 4096, 32768 and 262144 bytes, then one for the rest
 * (largebin_index).
 */
export function largebinIndex(size: word): u32 {
  if (size >> 6 <= (ILP32 ? 45 : 48)) return <u32>(size >> 6) + (ILP32 ? 49 : 48);
  if (size >> 9 <= 20) return <u32>(size >> 9) + 91;
  if (size >> 12 <= 10) return <u32>(size >> 12) + 110;
  if (size >> 15 <= 4) return <u32>(size >> 15) + 119;
  if (size >> 18 <= 2) return <u32>(size >> 18) + 124;
  return 126;
}

/** The bin of a chunk (bin_index). */
export function binIndex(size: word): u32 {
  return isSmall(size) ? smallbinIndex(size) : largebinIndex(size);
}

/** The head of bin `index` (1 … 126), seen as a chunk (bin_at). */
export function binAt(arena: MallocState, index: u32): Chunk {
  return changetype<Chunk>(
    changetype<usize>(arena) +
      (offsetof<MallocState>("bins") - 2 * SIZE_SZ - <usize>CHUNK_HDR_SZ) +
      <usize>index * (2 * SIZE_SZ),
  );
}

/**
 * The head of the unsorted bin (unsorted_chunks). It overlays top and last_remainder, and is top
 * before the heap begins.
 */
export function unsortedBin(arena: MallocState): Chunk {
  return binAt(arena, 1);
}

/** The address of the binmap's word number `block`. */
export function binmapWord(arena: MallocState, block: u32): usize {
  return changetype<usize>(arena) + offsetof<MallocState>("binmap") + <usize>block * 4;
}

/** Notes that bin `index` holds a chunk (mark_bin). */
export function markBin(arena: MallocState, index: u32): void {
  const place = binmapWord(arena, index >> 5);
  store<u32>(place, load<u32>(place) | ((<u32>1) << (index & 31)));
}

/** Takes a free chunk out of the list that it is in (unlink_chunk). @inline */
export function unlink(p: Chunk): void {
  const fd = takeOut(p, p.size);
  if (!isSmall(p.mchunkSize) && p.fdNextsizeWord != 0) unlinkSize(p, fd);
}

/** Takes a free chunk of `size` bytes out of its ring. What came behind it. @inline */
export function takeOut(p: Chunk, size: word): Chunk {
  if (size != p.at(size).mchunkPrevSize) corrupted(Failure.UNLINK_SIZE, addressOf(p));
  const fd = p.fd;
  const bk = p.bk;
  if (fd.bk != p || bk.fd != p) corrupted(Failure.UNLINK_LIST, addressOf(p));
  fd.bk = bk;
  bk.fd = fd;
  return fd;
}

/**
 * Takes a large chunk that stands for its size out of the list of sizes; the next chunk of the same
 * size, if any, takes its place.
 * @noinline
 */
function unlinkSize(p: Chunk, fd: Chunk): void {
  const smaller = p.fdNextsize;
  const larger = p.bkNextsize;
  if (smaller.bkNextsize != p || larger.fdNextsize != p)
    corrupted(Failure.UNLINK_NEXTSIZE, addressOf(p));
  if (fd.fdNextsizeWord != 0) {
    smaller.bkNextsize = larger;
    larger.fdNextsize = smaller;
  } else if (smaller == p) {
    fd.fdNextsize = fd;
    fd.bkNextsize = fd;
  } else {
    fd.fdNextsize = smaller;
    fd.bkNextsize = larger;
    smaller.bkNextsize = fd;
    larger.fdNextsize = fd;
  }
}

/**
 * Puts the free chunk `p` of `size` bytes between the unsorted bin's head and its first chunk
 * `first`, and writes its tags.
 */
export function insertUnsorted(bin: Chunk, first: Chunk, p: Chunk, size: word): void {
  p.fd = first;
  p.bk = bin;
  if (!isSmall(size)) clearSizeLinks(p);
  bin.fd = p;
  first.bk = p;
}

/** Marks a large chunk as not standing for its size. */
export function clearSizeLinks(p: Chunk): void {
  p.fdNextsizeWord = 0;
  p.bkNextsizeWord = 0;
}

/**
 * Sorts the free chunk `victim` of `size` bytes into its bin: at the front of a small bin, in order
 * of size in a large one.
 * @inline
 */
export function insertSorted(arena: MallocState, victim: Chunk, size: word): void {
  let index: u32;
  let bck: Chunk;
  let fwd: Chunk;
  if (isSmall(size)) {
    index = smallbinIndex(size);
    bck = binAt(arena, index);
    fwd = bck.fd;
  } else {
    index = largebinIndex(size);
    fwd = largePlace(binAt(arena, index), victim, size);
    bck = placedBehind;
  }
  markBin(arena, index);
  victim.bk = bck;
  victim.fd = fwd;
  fwd.bk = victim;
  bck.fd = victim;
}

/** `largePlace`'s second result: the chunk that the new one comes behind. */
let placedBehind: Chunk = changetype<Chunk>(0);

/**
 * Finds the chunk that `victim` goes in front of in a large bin, and enters `victim` into the list
 * of sizes if its size is new.
 */
function largePlace(bin: Chunk, victim: Chunk, plainSize: word): Chunk {
  let fwd = bin.fd;
  if (fwd == bin) {
    victim.fdNextsize = victim;
    victim.bkNextsize = victim;
    placedBehind = bin;
    return fwd;
  }
  // All chunks in bins have the P bit set: with it here, size words compare as they are.
  const size = plainSize | 1;
  const smallest = bin.bk;
  if (smallest.isNonMain) corrupted(Failure.ASSERT_LARGEBIN_BK_ARENA, addressOf(smallest));
  if (size < smallest.mchunkSize) {
    const largest = fwd;
    if (CHECKS_SMALLEST && largest.bkNextsize.fdNextsize != largest)
      corrupted(Failure.LARGEBIN_NEXTSIZE, addressOf(largest));
    victim.fdNextsize = largest;
    victim.bkNextsize = largest.bkNextsize;
    largest.bkNextsize = victim;
    victim.bkNextsize.fdNextsize = victim;
    placedBehind = smallest;
    return bin;
  }
  if (fwd.isNonMain) corrupted(Failure.ASSERT_LARGEBIN_FWD_ARENA, addressOf(fwd));
  let left = mostChunks();
  while (size < fwd.mchunkSize) {
    const larger = fwd;
    fwd = fwd.fdNextsize;
    left = follow(larger, fwd, left, Failure.SEGV_LARGEBIN_SORT);
    if (fwd.isNonMain) corrupted(Failure.ASSERT_LARGEBIN_FWD_ARENA_2, addressOf(fwd));
  }
  if (size == fwd.mchunkSize) {
    // Second of its size: the list of sizes stays as it is.
    fwd = fwd.fd;
  } else {
    victim.fdNextsize = fwd;
    victim.bkNextsize = fwd.bkNextsize;
    if (fwd.bkNextsize.fdNextsize != fwd) corrupted(Failure.LARGEBIN_NEXTSIZE, addressOf(fwd));
    fwd.bkNextsize = victim;
    victim.bkNextsize.fdNextsize = victim;
  }
  const behind = fwd.bk;
  if (behind.fd != fwd) corrupted(Failure.LARGEBIN_BK, addressOf(fwd));
  placedBehind = behind;
  return fwd;
}

if (!IS_CLASSED && MIN_LARGE_SIZE != (ILP32 ? 1008 : 1024))
  ERROR("MIN_LARGE_SIZE differs from glibc's");
if (MINSIZE <= 2 * SIZE_SZ) ERROR("a free chunk must hold two links");
