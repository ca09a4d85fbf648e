// Heaps of arenas other than main_arena: areas of HEAP_MAX_SIZE bytes, aligned to it, so that an
// address leads to its heap. A heap is reserved as a whole and made accessible as it grows; an
// arena whose heap is full gets another (extend.ts), and a heap that has become empty goes back to
// the kernel (trim.ts).
//
//   heap ->  HeapInfo | MallocState, if it is the first | chunks … | top, or fenceposts | reserved
//            <----------------------- size --------------------------------------->
//            <----------------------- mprotect_size ------------(trimming leaves it)->

import { HEAPS_OF_HUGE_PAGES } from "../abi/version";
import { ILP32, MALLOC_ALIGN_MASK } from "../abi/word";
import { KIB, MIB } from "../base/align";
import { Chunk, addressOf } from "./chunk";
import { CHUNK_HDR_SZ } from "./sizes";
import { HeapInfo, MallocState, libc, mp } from "./state";
import {
  MAP_FAILED,
  PAGE_SIZE,
  adviseHuge,
  alignUp,
  namePages,
  reservePages,
  unlockPages,
  unmapPages,
} from "./system";

/**
 * What a heap reserves, and its alignment, bytes (HEAP_MAX_SIZE); with huge pages it is four of
 * those.
 */
const HEAP_MAX_SIZE: word = ILP32 ? MIB : 64 * MIB;

/**
 * The least that a new heap has accessible, bytes (HEAP_MIN_SIZE); with huge pages it is one of
 * those.
 */
const HEAP_MIN_SIZE: word = 32 * KIB;

/** heap_max_size. @noinline */
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
export function endOf(heap: HeapInfo): usize {
  return changetype<usize>(heap) + <usize>heap.size;
}

/**
 * Reserves an aligned area for a heap: where one was seen to fit, or out of twice as much.
 * MAP_FAILED when there is no room.
 */
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

/** Reserves `most` bytes, which may happen to be aligned; else they go back. @noinline */
function reserveAligned(hint: usize, most: word, pageSize: word): usize {
  const start = reservePages(hint, most, pageSize);
  if (start == MAP_FAILED || ((<word>start) & (most - 1)) == 0) return start;
  unmapPages(start, most);
  return MAP_FAILED;
}

/**
 * A heap with room for `size` bytes, header included, and up to `pad` more, in pages of `pageSize`;
 * or none (alloc_new_heap).
 * @noinline
 */
function mapHeap(size: word, pad: word, pageSize: word): HeapInfo {
  const most = heapMaxSize();
  const least = mp.hpPagesize == 0 ? max(HEAP_MIN_SIZE, pageSize) : mp.hpPagesize;
  let bytes = size + pad;
  if (bytes < least) {
    bytes = least;
  } else if (bytes > most) {
    if (size > most) return changetype<HeapInfo>(0);
    bytes = most;
  }
  bytes = alignUp(bytes, pageSize);
  const start = reserveHeap(most, mp.hpPagesize != 0 ? pageSize : PAGE_SIZE);
  if (start == MAP_FAILED) return changetype<HeapInfo>(0);
  if (!unlockPages(start, bytes)) {
    unmapPages(start, most);
    return changetype<HeapInfo>(0);
  }
  if (HEAPS_OF_HUGE_PAGES) adviseHuge(start, bytes);
  namePages(start, bytes, true);
  const heap = changetype<HeapInfo>(start);
  heap.size = bytes;
  heap.mprotectSize = bytes;
  heap.pagesize = pageSize;
  heap.prev = 0;
  return heap;
}

/**
 * A heap for chunks or an arena of `size` bytes, header included, or none; of huge pages where the
 * tunables want it (new_heap).
 * @noinline
 */
export function newHeap(size: word): HeapInfo {
  const huge = mp.hpPagesize;
  if (huge != 0) {
    const heap = mapHeap(size, mp.topPad, huge);
    if (changetype<usize>(heap) != 0) return heap;
  }
  const wanted = mp.thpPagesize;
  const isOfHuge = HEAPS_OF_HUGE_PAGES && wanted != 0 && wanted <= HEAP_MAX_SIZE;
  return mapHeap(size, mp.topPad, isOfHuge ? wanted : PAGE_SIZE);
}

/** The first chunk of a heap that holds no arena. */
export function firstChunk(heap: HeapInfo): Chunk {
  return changetype<Chunk>(changetype<usize>(heap) + offsetof<HeapInfo>());
}
