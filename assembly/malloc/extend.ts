// When no chunk fits: more memory from the kernel, for one block (a mapping) or for top.
// main_arena's grows by the break, or by mmap when that is refused; those of others in their heaps
// (heap.ts).

import { IS_SMALL } from "../abi/profile";
import {
  ADVISES_GROWN_HEAPS,
  ROUNDS_UNKNOWN_BREAK,
  TOP_MAPPING_IN_MIB,
  TOP_MAPPING_WITH_TOP,
} from "../abi/version";
import { ILP32, MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { unsortedBin } from "./bins";
import { Chunk, NON_MAIN_ARENA, PREV_INUSE, addressOf } from "./chunk";
import { NO_ARENA } from "./arena";
import { endOf, firstChunk, heapFor, heapMaxSize, newHeap } from "./heap";
import { mapChunk } from "./mapped";
import { freeInHand, takeInHand } from "./release";
import { noteSegment } from "./segments";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { Step, TELLS, note } from "./steps";
import { HeapInfo, MMAP_AS_MORECORE_SIZE, MallocState, mainArena, mp, setErrno } from "./state";
import {
  ENOMEM,
  MAP_FAILED,
  MORECORE_FAILURE,
  PAGE_SIZE,
  adviseHuge,
  alignUp,
  currentBreak,
  enterKernel,
  isAligned,
  isCompact,
  knownBreak,
  leaveKernel,
  mapPages,
  namePages,
  moreCore,
  unlockPages,
} from "./system";
import { splitTop } from "./top";

/**
 * Serves a chunk of `size` bytes that nothing in `arena` can serve, or that has no arena. The
 * block, or 0 with errno ENOMEM (sysmalloc).
 * @noinline
 */
export function systemMalloc(size: word, arena: MallocState): usize {
  const isMapped = (!IS_SMALL && arena == NO_ARENA) || isToBeMapped(size);
  if (isMapped) {
    if (TELLS) note(Step.MMAP, size, mp.mmapThreshold);
    const mem = mapDirectly(size);
    if (mem != 0 || (!IS_SMALL && arena == NO_ARENA)) return mem;
  }
  const top = arena.top;
  const topSize = top.size;
  checkTop(arena, top, topSize, size);
  let isOver: bool = false;
  if (IS_SMALL || arena == mainArena) {
    enterKernel();
    extendTop(arena, top, topSize, size);
    isOver = arena.top != top && topSize != 0 && fenceTop(top, topSize);
    leaveKernel();
    if (isOver) freeInHand(arena, top);
  } else if (!extendHeap(arena, top, topSize, size) && !isMapped) {
    const mem = mapChunk(size, PAGE_SIZE);
    if (mem != 0) return mem;
  }
  if (arena.systemMem > arena.maxSystemMem) arena.maxSystemMem = arena.systemMem;
  if (arena.top.size >= size + MINSIZE) return splitTop(arena, size);
  // Freeing the old top has trimmed the new one. In glibc, too, where big blocks come from the
  // heap; that is the rule in the compact layout.
  if (isOver && isCompact()) return systemMalloc(size, arena);
  note(Step.REFUSED, size, 0);
  setErrno(ENOMEM);
  return 0;
}

/** Whether a chunk of `size` bytes, which no free one can serve, is to be a mapping of its own. */
export function isToBeMapped(size: word): bool {
  return size >= mp.mmapThreshold && mp.nMmaps < mp.nMmapsMax;
}

/** A mapping for one chunk, of huge pages if the tunables want them and they are at hand. */
function mapDirectly(size: word): usize {
  if (mp.hpPagesize > 0 && size >= mp.hpPagesize) {
    const mem = mapChunk(size, mp.hpPagesize);
    if (mem != 0) return mem;
  }
  return mapChunk(size, PAGE_SIZE);
}

/** glibc's assertions on the top that is too small for `size`. */
function checkTop(arena: MallocState, top: Chunk, topSize: word, size: word): void {
  const isInitial = top == unsortedBin(arena) && topSize == 0;
  const end = addressOf(top.at(topSize));
  if (!isInitial && !(topSize >= MINSIZE && top.prevInuse && isAligned(end, PAGE_SIZE))) {
    corrupted(Failure.ASSERT_OLD_TOP, addressOf(top));
  }
  if (topSize >= size + MINSIZE) corrupted(Failure.ASSERT_OLD_TOP_SMALL, addressOf(top));
}

/**
 * Gets memory for `size` bytes and the pad, by the break or else by mmap, and makes it part of top,
 * if the kernel gives any.
 */
function extendTop(arena: MallocState, top: Chunk, topSize: word, size: word): void {
  let wanted = size + mp.topPad + MINSIZE;
  if (arena.contiguous) wanted -= topSize;
  if (mp.thpPagesize != 0) {
    const lastBreak = ROUNDS_UNKNOWN_BREAK ? knownBreak() : <word>currentBreak();
    wanted = alignUp(lastBreak + wanted, mp.thpPagesize) - lastBreak;
  } else {
    wanted = alignUp(wanted, PAGE_SIZE);
  }
  // A request beyond PTRDIFF_MAX would look like giving memory back.
  const isPositive = ILP32 ? <i32>wanted > 0 : <i64>wanted > 0;
  const start = isPositive ? moreCore(wanted) : MORECORE_FAILURE;
  if (start != MORECORE_FAILURE) {
    adviseHuge(start, wanted);
    note(Step.BREAK_GROW, wanted, start);
    joinBreak(arena, top, topSize, start, wanted);
    return;
  }
  note(Step.BREAK_REFUSED, wanted, 0);
  const huge = mp.hpPagesize;
  if (huge > 0 && mapForTop(arena, topSize, size, max(wanted, huge), huge, huge)) return;
  mapForTop(arena, topSize, size, wanted, IS_SMALL ? PAGE_SIZE : MMAP_AS_MORECORE_SIZE, PAGE_SIZE);
}

/**
 * mmap in place of the break, for `wanted` bytes and a part of `unit`: what that comes to depends
 * on the version. From then on the arena is not contiguous (sysmalloc_mmap_fallback).
 */
function mapForTop(
  arena: MallocState,
  topSize: word,
  size: word,
  wanted: word,
  unit: word,
  pageSize: word,
): bool {
  const withTop = arena.contiguous ? wanted + topSize : wanted;
  let length: word;
  let named: word = 0;
  if (TOP_MAPPING_IN_MIB) {
    // Only the first such piece is whole units: what is meant as the least ends up as the rounding.
    length = arena.contiguous ? alignUp(withTop, unit) : wanted;
  } else {
    const bytes = TOP_MAPPING_WITH_TOP ? withTop : size + mp.topPad + MINSIZE;
    length = max(alignUp(bytes, pageSize), unit);
    // What is beyond the bytes that were asked for has no name in 2.43.
    named = TOP_MAPPING_WITH_TOP ? length : bytes;
  }
  if (length <= size) return false;
  const start = mapPages(length, pageSize);
  if (start == MAP_FAILED) return false;
  if (pageSize == PAGE_SIZE) adviseHuge(start, length);
  namePages(start, named, false);
  note(Step.MMAP_TOP, length, start);
  arena.setNoncontiguous();
  if (mp.sbrkBase == 0) mp.sbrkBase = start;
  arena.systemMem += length;
  const aligned = alignForChunks(start);
  replaceTop(arena, aligned, length - (aligned - start));
  return true;
}

/**
 * Takes in `length` bytes that the break gained at `start`: as part of top, or as a new top if
 * somebody else moved the break.
 */
function joinBreak(
  arena: MallocState,
  top: Chunk,
  topSize: word,
  start: usize,
  length: word,
): void {
  const oldEnd = addressOf(top.at(topSize));
  if (mp.sbrkBase == 0) mp.sbrkBase = start;
  arena.systemMem += length;
  if (start == oldEnd) {
    top.setHead(length + topSize, PREV_INUSE);
    return;
  }
  if (!arena.contiguous) {
    const aligned = alignForChunks(start);
    // Where alignment and header are the same, glibc expects an aligned break instead of aligning
    // it.
    if (!ILP32 && aligned != start) corrupted(Failure.ASSERT_BREAK_ALIGNED, start);
    replaceTop(arena, aligned, <word>(currentBreak() - aligned));
    return;
  }
  if (topSize != 0 && start < oldEnd) corrupted(Failure.BREAK_ADJUSTED, addressOf(top));
  // What lies between was taken by somebody else's sbrk, and counts as ours.
  if (topSize != 0) arena.systemMem += start - oldEnd;
  const aligned = alignForChunks(start);
  // The old top cannot be used now: ask for its size again, and end on a page boundary.
  let correction = <word>(aligned - start) + topSize;
  const end = <word>start + length + correction;
  correction += alignUp(end, PAGE_SIZE) - end;
  let second = moreCore(correction);
  if (second == MORECORE_FAILURE) {
    correction = 0;
    second = currentBreak();
  } else {
    adviseHuge(second, correction);
  }
  arena.systemMem += correction;
  replaceTop(arena, aligned, <word>(second - aligned) + correction);
}

/** The first address from `start` on at which a chunk can begin. */
function alignForChunks(start: usize): usize {
  const misalignment = (start + <usize>CHUNK_HDR_SZ) & MALLOC_ALIGN_MASK;
  return misalignment != 0 ? start + MALLOC_ALIGNMENT - misalignment : start;
}

/** Makes [start, start + length) the top. */
function replaceTop(arena: MallocState, start: usize, length: word): void {
  const top = changetype<Chunk>(start);
  noteSegment(start);
  top.setHead(length, PREV_INUSE);
  arena.top = top;
}

/**
 * Ends a segment that is not the last any more: what was top, `topSize` bytes, but for two
 * fenceposts. Whether it can be freed.
 */
function fenceTop(top: Chunk, topSize: word): bool {
  const kept = (topSize - 2 * CHUNK_HDR_SZ) & ~(<word>MALLOC_ALIGN_MASK);
  top.setHead(kept, PREV_INUSE);
  top.at(kept).setHead(CHUNK_HDR_SZ, PREV_INUSE);
  top.at(kept + CHUNK_HDR_SZ).setHead(CHUNK_HDR_SZ, PREV_INUSE);
  if (kept < MINSIZE) return false;
  takeInHand(top);
  return true;
}

/**
 * Gets room for a chunk of `size` bytes into the top of `arena`, which is not main_arena: a larger
 * heap, or a new one.
 * @noinline
 */
function extendHeap(arena: MallocState, top: Chunk, topSize: word, size: word): bool {
  enterKernel();
  const isExtended = growOrAddHeap(arena, top, topSize, size);
  const isOver = isExtended && heapFor(arena.top) != heapFor(top) && fenceHeap(top, topSize);
  leaveKernel();
  if (isOver) freeInHand(arena, top);
  return isExtended;
}

function growOrAddHeap(arena: MallocState, top: Chunk, topSize: word, size: word): bool {
  const heap = heapFor(top);
  const before = heap.size;
  if (growHeap(heap, MINSIZE + size - topSize)) {
    if (TELLS) note(Step.HEAP_GROW, heap.size, changetype<usize>(heap));
    arena.systemMem += heap.size - before;
    top.setHead(<word>(endOf(heap) - addressOf(top)), PREV_INUSE);
    return true;
  }
  const fresh = newHeap(size + MINSIZE + offsetof<HeapInfo>());
  if (changetype<usize>(fresh) == 0) return false;
  if (TELLS) note(Step.HEAP_NEW, fresh.size, changetype<usize>(fresh));
  fresh.arPtr = <word>changetype<usize>(arena);
  fresh.prev = <word>changetype<usize>(heap);
  arena.systemMem += fresh.size;
  arena.top = firstChunk(fresh);
  arena.top.setHead(fresh.size - offsetof<HeapInfo>(), PREV_INUSE);
  return true;
}

/** Makes `more` bytes more of the heap usable, if it has so many (grow_heap). */
function growHeap(heap: HeapInfo, more: word): bool {
  const size = heap.size + alignUp(more, heap.pagesize);
  if (size > heapMaxSize()) return false;
  const have = heap.mprotectSize;
  if (size > have) {
    if (!unlockPages(changetype<usize>(heap) + <usize>have, size - have)) return false;
    heap.mprotectSize = size;
  }
  heap.size = size;
  if (ADVISES_GROWN_HEAPS) adviseHuge(changetype<usize>(heap), size);
  return true;
}

/**
 * Ends a heap that is not its arena's last any more: what was top, but for two fenceposts, the last
 * of size 0. Whether it can be freed.
 */
function fenceHeap(top: Chunk, topSize: word): bool {
  const kept = (topSize - MINSIZE) & ~(<word>MALLOC_ALIGN_MASK);
  top.at(kept + CHUNK_HDR_SZ).setHead(0, PREV_INUSE);
  // What is too small to be freed belongs to the first fencepost.
  const isFreed = kept >= MINSIZE;
  const fence = isFreed ? top.at(kept) : top;
  const size = isFreed ? CHUNK_HDR_SZ : kept + CHUNK_HDR_SZ;
  fence.setHead(size, PREV_INUSE);
  fence.setFoot(size);
  if (!isFreed) return false;
  top.setHead(kept, PREV_INUSE | NON_MAIN_ARENA);
  takeInHand(top);
  return true;
}
