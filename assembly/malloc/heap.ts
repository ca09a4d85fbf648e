// Heaps of arenas other than main_arena: areas of HEAP_MAX_SIZE bytes, aligned to it, so that an address leads to its heap. A heap is
// reserved as a whole and made accessible as it grows; an arena whose heap is full gets another, and a heap that has become empty
// goes back to the kernel.
//
//   heap ->  HeapInfo | MallocState (in an arena's first heap) | chunks … | top, or two fenceposts | reserved, not accessible
//            <------------------------- size -------------------------------------------------->
//            <------------------------- mprotect_size -----------------------(not lowered by trimming)->

import { ILP32, MALLOC_ALIGN_MASK } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { KIB, MIB } from "../base/align";
import { unlinkAside } from "./bins";
import { Chunk, NON_MAIN_ARENA, PREV_INUSE, addressOf } from "./chunk";
import { freeInHand, takeInHand } from "./release";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { HeapInfo, MallocState, libc, mp } from "./state";
import {
  MAP_FAILED,
  PAGE_SIZE,
  SHED_ACCESS,
  SHED_NOTHING,
  alignDown,
  alignUp,
  enterKernel,
  isReadable,
  leaveKernel,
  reservePages,
  shedPages,
  unlockPages,
  unmapPages,
} from "./system";

/** What a heap reserves, and its alignment, bytes (HEAP_MAX_SIZE); with huge pages it is four of those. */
const HEAP_MAX_SIZE: word = ILP32 ? MIB : 64 * MIB;

/** The least that a new heap has accessible, bytes (HEAP_MIN_SIZE); with huge pages it is one of those. */
const HEAP_MIN_SIZE: word = 32 * KIB;

/** heap_max_size. */
export function heapMaxSize(): word {
  const huge = mp.hpPagesize;
  return huge == 0 ? HEAP_MAX_SIZE : huge * 4;
}

/** The heap that a chunk with the A bit lies in (heap_for_ptr). */
export function heapFor(p: Chunk): HeapInfo {
  return changetype<HeapInfo>(addressOf(p) & ~(<usize>(heapMaxSize() - 1)));
}

/** Where a heap's chunks begin: behind its header and, in an arena's first heap, the arena. */
export function firstChunkOf(heap: HeapInfo): usize {
  const start = changetype<usize>(heap) + offsetof<HeapInfo>();
  if (heap.prev != 0) return start;
  const behind = start + offsetof<MallocState>() + <usize>CHUNK_HDR_SZ;
  return ((behind + MALLOC_ALIGN_MASK) & ~MALLOC_ALIGN_MASK) - <usize>CHUNK_HDR_SZ;
}

/** The first byte behind what the heap has in use. */
function endOf(heap: HeapInfo): usize {
  return changetype<usize>(heap) + <usize>heap.size;
}

/** Reserves an aligned area for a heap: where one was seen to fit, or out of twice as much. MAP_FAILED when there is no room. */
function reserveHeap(most: word, pageSize: word): usize {
  const hint = libc.alignedHeapArea;
  if (hint != 0) {
    libc.alignedHeapArea = 0;
    const start = reserveAligned(hint, most, pageSize);
    if (start != MAP_FAILED) return start;
  }
  const wide = reservePages(0, most << 1, pageSize);
  if (wide == MAP_FAILED) return reserveAligned(0, most, pageSize);
  const start = <usize>alignUp(<word>wide, most);
  const lead = <word>(start - wide);
  if (lead != 0) unmapPages(wide, lead);
  else libc.alignedHeapArea = <u32>(start + <usize>most);
  unmapPages(start + <usize>most, most - lead);
  return start;
}

/** Reserves `most` bytes, which may happen to be aligned; else they go back. */
function reserveAligned(hint: usize, most: word, pageSize: word): usize {
  const start = reservePages(hint, most, pageSize);
  if (start == MAP_FAILED || ((<word>start) & (most - 1)) == 0) return start;
  unmapPages(start, most);
  return MAP_FAILED;
}

/** A heap with room for `size` bytes, header included, and up to `pad` more, in pages of `pageSize`; or none (alloc_new_heap). */
function mapHeap(size: word, pad: word, pageSize: word): HeapInfo {
  const most = heapMaxSize();
  const least = mp.hpPagesize == 0 ? HEAP_MIN_SIZE : mp.hpPagesize;
  let bytes = size + pad;
  if (bytes < least) {
    bytes = least;
  } else if (bytes > most) {
    if (size > most) return changetype<HeapInfo>(0);
    bytes = most;
  }
  bytes = alignUp(bytes, pageSize);
  const start = reserveHeap(most, pageSize);
  if (start == MAP_FAILED) return changetype<HeapInfo>(0);
  if (!unlockPages(start, bytes)) {
    unmapPages(start, most);
    return changetype<HeapInfo>(0);
  }
  const heap = changetype<HeapInfo>(start);
  heap.size = bytes;
  heap.mprotectSize = bytes;
  heap.pagesize = pageSize;
  heap.prev = 0;
  return heap;
}

/** A heap for chunks or an arena of `size` bytes, header included, or none; of huge pages where the tunables want it (new_heap). */
export function newHeap(size: word): HeapInfo {
  const huge = mp.hpPagesize;
  if (huge != 0) {
    const heap = mapHeap(size, mp.topPad, huge);
    if (changetype<usize>(heap) != 0) return heap;
  }
  return mapHeap(size, mp.topPad, PAGE_SIZE);
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
  return true;
}

/** Gets room for a chunk of `size` bytes into the top of `arena`, which is not main_arena: a larger heap, or a new one. */
export function extendHeap(arena: MallocState, top: Chunk, topSize: word, size: word): bool {
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
    arena.systemMem += heap.size - before;
    top.mchunkSize = (<word>(endOf(heap) - addressOf(top))) | PREV_INUSE;
    return true;
  }
  const fresh = newHeap(size + MINSIZE + offsetof<HeapInfo>());
  if (changetype<usize>(fresh) == 0) return false;
  fresh.arPtr = <word>changetype<usize>(arena);
  fresh.prev = <word>changetype<usize>(heap);
  arena.systemMem += fresh.size;
  arena.top = firstChunk(fresh);
  arena.top.mchunkSize = (fresh.size - offsetof<HeapInfo>()) | PREV_INUSE;
  return true;
}

/** The first chunk of a heap that holds no arena. */
function firstChunk(heap: HeapInfo): Chunk {
  return changetype<Chunk>(changetype<usize>(heap) + offsetof<HeapInfo>());
}

/** Ends a heap that is not its arena's last any more: what was top, but for two fenceposts, the last of size 0. Whether it can be freed. */
function fenceHeap(top: Chunk, topSize: word): bool {
  const kept = (topSize - MINSIZE) & ~(<word>MALLOC_ALIGN_MASK);
  top.at(kept + CHUNK_HDR_SZ).mchunkSize = PREV_INUSE;
  // What is too small to be freed belongs to the first fencepost.
  const isFreed = kept >= MINSIZE;
  const fence = isFreed ? top.at(kept) : top;
  const size = isFreed ? CHUNK_HDR_SZ : kept + CHUNK_HDR_SZ;
  fence.mchunkSize = size | PREV_INUSE;
  fence.setFoot(size);
  if (!isFreed) return false;
  top.mchunkSize = kept | PREV_INUSE | NON_MAIN_ARENA;
  return takeInHand(top);
}

/** Gives back heaps that hold nothing any more, and then the end of the last (heap_trim). `pad` bytes of top remain. */
export function trimHeap(arena: MallocState, pad: word): void {
  let heap = heapFor(arena.top);
  if (heap.arPtr != <word>changetype<usize>(arena)) corrupted(Failure.ASSERT_HEAP_ARENA, 0);
  while (arena.top == firstChunk(heap)) {
    const before = changetype<HeapInfo>(<usize>heap.prev);
    // Also when the links go round in a circle: this heap is unmapped by then.
    if (!isReadable(changetype<usize>(before)) || before.arPtr != heap.arPtr)
      corrupted(Failure.SEGV_HEAPS, changetype<usize>(heap));
    if (!dropHeap(arena, heap, before, pad)) break;
    heap = before;
  }
  const top = arena.top;
  const topSize = top.size;
  const spare = topSize - MINSIZE - 1;
  if (topSize < mp.trimThreshold || topSize <= MINSIZE || spare <= pad) return;
  const extra = alignDown(spare - pad, heap.pagesize);
  if (extra == 0) return;
  enterKernel();
  shrinkHeap(arena, heap, top, topSize, extra);
  leaveKernel();
}

/** Takes `extra` bytes off the end of the heap and its top (shrink_heap). */
function shrinkHeap(
  arena: MallocState,
  heap: HeapInfo,
  top: Chunk,
  topSize: word,
  extra: word,
): void {
  const size = heap.size - extra;
  const shed = shedPages(changetype<usize>(heap) + <usize>size, extra);
  if (shed == SHED_NOTHING) return;
  if (shed == SHED_ACCESS) heap.mprotectSize = size;
  heap.size = size;
  arena.systemMem -= extra;
  top.mchunkSize = (topSize - extra) | PREV_INUSE;
}

/** Unmaps the empty heap, if the one before it can spare `pad` bytes as well, and makes that one's end the top. */
function dropHeap(arena: MallocState, heap: HeapInfo, before: HeapInfo, pad: word): bool {
  const most = heapMaxSize();
  const end = endOf(before);
  const last = changetype<Chunk>(end - (<usize>CHUNK_HDR_SZ + (ILP32 ? 8 : 0)));
  if (last.mchunkSize != PREV_INUSE) corrupted(Failure.ASSERT_HEAP_FENCE, addressOf(last));
  let p = last.before(last.mchunkPrevSize);
  const isFree = !p.prevInuse;
  if (isFree) p = p.before(p.mchunkPrevSize);
  const size = <word>(end - addressOf(p));
  if (size + (most - before.size) < pad + MINSIZE + heap.pagesize) return false;
  enterKernel();
  arena.systemMem -= heap.size;
  if (changetype<usize>(heap) + <usize>most == <usize>libc.alignedHeapArea)
    libc.alignedHeapArea = 0;
  unmapPages(changetype<usize>(heap), most);
  if (isFree) unlinkAside(p);
  arena.top = p;
  p.mchunkSize = size | PREV_INUSE;
  leaveKernel();
  return true;
}
