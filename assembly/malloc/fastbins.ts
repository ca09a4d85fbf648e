// Fast bins: singly-linked stacks of small freed chunks, one size each, protected links. Chunks in
// them keep their neighbours' P bit, so nothing merges with them until `consolidate` empties them
// all into the unsorted bin.

import { IS_CLASSED } from "../abi/profile";
import { FREES_SMALL_TO_BIN, HAS_FASTBINS } from "../abi/version";
import { ILP32, SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { Chunk, PREV_INUSE, addressOf, isMisaligned, revealLink } from "./chunk";
import {
  binAt,
  insertUnsorted,
  isSmall,
  markBin,
  smallbinIndex,
  unlink,
  unsortedBin,
} from "./bins";
import { putFree, remove } from "./classes/class-bins";
import { follow, mostChunks, refuse } from "./links";
import { MallocState, NFASTBINS } from "./state";
import { Step, TELLS, note } from "./steps";
import { lowerTop } from "./top";

/** The fast bin of a chunk's size (fastbin_index). On ilp32 only every other one is used. */
export function fastbinIndex(size: word): u32 {
  return <u32>(size >> (ILP32 ? 3 : 4)) - 2;
}

/** The address of the head of fast bin `index` (fastbin). */
export function fastbinAt(arena: MallocState, index: u32): usize {
  return changetype<usize>(arena) + offsetof<MallocState>("fastbinsY") + <usize>index * SIZE_SZ;
}

/** The address at which a chunk's protected fd stands. */
export function linkPlace(p: Chunk): usize {
  return p.mem;
}

/**
 * Merges every chunk of the fast bins with its free neighbours and moves it to the unsorted bin or
 * into top (malloc_consolidate).
 */
export function consolidate(arena: MallocState): void {
  if (!HAS_FASTBINS) return;
  arena.haveFastchunks = 0;
  note(Step.CONSOLIDATE, changetype<usize>(arena), 0);
  for (let index: u32 = 0; index < NFASTBINS; index++) {
    const bin = fastbinAt(arena, index);
    let p = changetype<Chunk>(<usize>load<word>(bin));
    if (addressOf(p) == 0) continue;
    let left = mostChunks();
    do {
      if (isMisaligned(p.mem)) corrupted(Failure.FASTBINS_UNALIGNED, addressOf(p));
      left = follow(p, p, left, Failure.SEGV_FASTBINS);
      if (fastbinIndex(p.size) != index) refuse(Failure.FASTBINS_SIZE, addressOf(p));
      const next = changetype<Chunk>(revealLink(linkPlace(p)));
      // One at a time: whoever dies here loses no more than this one.
      store<word>(bin, <word>addressOf(next));
      if (TELLS) note(Step.CONSOLIDATED, p.size, addressOf(p));
      mergeChunk(arena, p, p.size, true);
      p = next;
    } while (addressOf(p) != 0);
  }
}

/**
 * Merges a chunk of `chunkSize` bytes that is not in use any more with its free neighbours, and
 * puts the result into the unsorted bin or makes it part of top. What glibc checks on the way
 * depends on whether the chunk comes from a fast bin or from its user. The result's size.
 * @shared @inline
 */
export function mergeChunk(
  arena: MallocState,
  chunk: Chunk,
  chunkSize: word,
  isFromFastbin: bool,
): word {
  let p = chunk;
  let size = chunkSize;
  const next = p.at(size);
  if (!p.prevInuse) {
    const previousSize = p.mchunkPrevSize;
    size += previousSize;
    p = p.before(previousSize);
    if (p.size != previousSize) {
      corrupted(
        isFromFastbin ? Failure.FASTBINS_PREV_SIZE : Failure.CONSOLIDATE_PREV_SIZE,
        addressOf(p),
      );
    }
    note(Step.MERGE_BACK, previousSize, addressOf(p));
    if (IS_CLASSED) remove(arena, p, previousSize);
    else unlink(p);
  }
  return mergeOnward(arena, p, size, next, isFromFastbin);
}

/**
 * The second half: merges the chunk `p` of `chunkSize` bytes with `next` behind it, and puts the
 * result where it belongs (_int_free_create_chunk). The result's size.
 */
export function mergeOnward(
  arena: MallocState,
  p: Chunk,
  chunkSize: word,
  next: Chunk,
  isFromFastbin: bool,
): word {
  let size = chunkSize;
  const nextSize = next.size;
  if (next == arena.top) {
    size += nextSize;
    note(Step.MERGE_TOP, size, addressOf(p));
    lowerTop(arena, p, size);
    return size;
  }
  if (next.at(nextSize).prevInuse) {
    next.mchunkSize &= ~PREV_INUSE;
  } else {
    note(Step.MERGE_NEXT, nextSize, addressOf(next));
    if (IS_CLASSED) remove(arena, next, nextSize);
    else unlink(next);
    size += nextSize;
  }
  if (IS_CLASSED) {
    putFree(arena, p, size);
    return size;
  }
  if (FREES_SMALL_TO_BIN && !isFromFastbin && isSmall(size)) {
    putSmall(arena, p, size);
    return size;
  }
  const bin = unsortedBin(arena);
  const first = bin.fd;
  if (!isFromFastbin && first.bk != bin) corrupted(Failure.FREE_UNSORTED_LIST, addressOf(first));
  // Before its links, which may lie where a chunk that is part of it now had its header: the chunks
  // can be walked after each store (repair.ts).
  p.setHead(size, PREV_INUSE);
  insertUnsorted(bin, first, p, size);
  p.setFoot(size);
  note(Step.UNSORTED_PUT, size, addressOf(p));
  return size;
}

/** Puts the small free chunk `p` of `size` bytes in front of its small bin. */
function putSmall(arena: MallocState, p: Chunk, size: word): void {
  const index = smallbinIndex(size);
  const bin = binAt(arena, index);
  const first = bin.fd;
  if (first.bk != bin) corrupted(Failure.FREE_SMALLBIN_LIST, addressOf(first));
  markBin(arena, index);
  p.setHead(size, PREV_INUSE);
  p.bk = bin;
  p.fd = first;
  bin.fd = p;
  first.bk = p;
  p.setFoot(size);
  note(Step.SMALLBIN_PUT, index, addressOf(p));
}
