// The whole-heap checker, in the checked builds only: first line of every public call there, and on
// request. It trusts nothing but the kernel's region table, visits every chunk of every arena's
// segments or heaps and every list, and compares the two views.
//
// glibc's own checks (Failure) guard a program against itself; these (Invariant) guard this
// allocator against us.

import { IS_THROUGHPUT } from "../../abi/profile";
import { HAS_FASTBINS, MAPPED_HAS_TRAILER } from "../../abi/version";
import { ILP32 } from "../../abi/word";
import { corrupted } from "../../base/failure";
import { NO_ARENA } from "../arena";
import { unsortedBin } from "../bins";
import { Chunk, PREV_INUSE, addressOf, isMisaligned, isMisalignedSize } from "../chunk";
import {
  allFastBytes,
  allFastChunks,
  allFreeBytes,
  allFreeChunks,
  beginArena,
  binnedBytes,
  binnedChunks,
  broken,
  countCovered,
  countFree,
  countUsed,
  coveredBytes,
  endArena,
  fastBytes,
  firstAddress,
  firstFound,
  freeBytes,
  freeChunks,
  resetFindings,
  usedBytes,
} from "./findings";
import { bytesInBins } from "../classes/class-bins";
import { firstChunkOf, heapFor, heapMaxSize } from "../heap";
import {
  checkBin,
  checkFastbin,
  checkTcache,
  endsInHeap,
  isInHeap,
  isInMemory,
} from "./list-checks";
import { checkMapped } from "./mapped-checks";
import { TRAILER } from "../mapped";
import { segmentCount, segmentStart } from "../segments";
import { CHUNK_HDR_SZ, MINSIZE } from "../sizes";
import {
  HeapInfo,
  LibcData,
  MallocState,
  NBINS,
  NFASTBINS,
  THREADS_MAX,
  libc,
  mainArena,
  mp,
  threadAt,
} from "../state";
import { Mallinfo2, collectInfo } from "../stats";
import { Invariant, PAGE_SIZE, checkKernel, currentBreak, isAligned } from "../system";

export { firstAddress as checkAddress } from "./findings";

/** Checks everything. `Invariant.HOLDS`, or the first invariant that does not. */
export function checkHeap(): i32 {
  resetFindings();
  const kernel = checkKernel();
  if (kernel != Invariant.HOLDS) broken(kernel, 0);
  else if (checkArenas() && checkMapped() && checkThreads()) checkInfo();
  return firstFound();
}

/** Whether public calls begin with a check. */
let isVerifying: bool = true;

/** Switches the check at the entry of every public call on (1, as it is at first) or off (0). */
export function verifyCalls(on: i32): void {
  isVerifying = on != 0;
}

/**
 * In the checked builds: ends the call when an invariant is broken. Compiles to nothing in release
 * builds.
 */
export function verifyHeap(): void {
  if (HEAP_CHECK > 1) {
    if (!isVerifying) return;
    const invariant = checkHeap();
    if (invariant != Invariant.HOLDS) corrupted(<i32>invariant, firstAddress());
  }
}

/** The arena that follows in the ring; whether there is one, the caller looks. */
function arenaBehind(arena: MallocState): MallocState {
  return changetype<MallocState>(<usize>arena.next);
}

/** The ring of arenas has as many as narenas says, each of them whole. */
function checkArenas(): bool {
  let arena = mainArena;
  let count: word = 0;
  do {
    if (++count > libc.narenas) return broken(Invariant.ARENA_RING, changetype<usize>(arena));
    if (!isInMemory(changetype<usize>(arena), offsetof<MallocState>()))
      return broken(Invariant.ARENA_RING, changetype<usize>(arena));
    if (!isInHeap(arena.top)) return broken(Invariant.TOP_MISSING, addressOf(arena.top));
    beginArena();
    if (addressOf(arena.top) != addressOf(unsortedBin(arena)) && !checkArena(arena)) return false;
    endArena(arena.top.size);
    arena = arenaBehind(arena);
  } while (arena != mainArena);
  return count == libc.narenas || broken(Invariant.ARENA_RING, 0);
}

/** Every check of an arena that has a heap, each only while those before it held. */
function checkArena(arena: MallocState): bool {
  if (!(arena == mainArena ? checkSegments(arena) : checkHeaps(arena))) return false;
  for (let index: u32 = 1; index < NBINS; index++) {
    if (!checkBin(arena, index)) return false;
  }
  if (HAS_FASTBINS) {
    for (let index: u32 = 0; index < NFASTBINS; index++) {
      if (!checkFastbin(arena, index)) return false;
    }
  }
  if (freeChunks != binnedChunks || freeBytes != binnedBytes)
    return broken(Invariant.FREE_NOT_BINNED, 0);
  return checkSums(arena);
}

/** main_arena's segments: one of them ends in top. */
function checkSegments(arena: MallocState): bool {
  let hasSeenTop = false;
  for (let index: u32 = 0; index < segmentCount(); index++) {
    const start = segmentStart(index);
    const end = walkChunks(arena, start, 0);
    if (addressOf(end) == 0) return false;
    let behind = addressOf(end) + <usize>(2 * CHUNK_HDR_SZ);
    if (end == arena.top) {
      hasSeenTop = true;
      behind = addressOf(end.at(end.size));
      if (!checkTop(end, behind)) return false;
    } else {
      // A segment that is not the last ends in two chunks of header size, both marked in use.
      const second = end.at(CHUNK_HDR_SZ);
      if (second.size != CHUNK_HDR_SZ || !second.prevInuse)
        return broken(Invariant.FENCEPOST, addressOf(end));
    }
    countCovered(<word>(behind - start));
  }
  return hasSeenTop || broken(Invariant.TOP_MISSING, addressOf(arena.top));
}

/** The heaps of another arena: the last ends in top, the others in fenceposts. */
function checkHeaps(arena: MallocState): bool {
  let heap = heapFor(arena.top);
  let isLast = true;
  // Heaps in a circle would cover more than the arena has.
  while (changetype<usize>(heap) != 0 && coveredBytes <= arena.systemMem) {
    const address = changetype<usize>(heap);
    if (!isInMemory(address, offsetof<HeapInfo>())) return broken(Invariant.HEAP_ARENA, address);
    if (!isAligned(<word>address, heapMaxSize()) || heap.arPtr != <word>changetype<usize>(arena))
      return broken(Invariant.HEAP_ARENA, address);
    if (heap.size > heap.mprotectSize || heap.mprotectSize > heapMaxSize())
      return broken(Invariant.HEAP_SIZE, address);
    const end = address + <usize>heap.size;
    // Where two fenceposts end the heap, the last of them has no size.
    const last: usize = isLast ? 0 : end - (<usize>CHUNK_HDR_SZ + (ILP32 ? 8 : 0));
    const stop = walkChunks(arena, firstChunkOf(heap), last);
    if (addressOf(stop) == 0) return false;
    if (isLast) {
      if (stop != arena.top) return broken(Invariant.TOP_MISSING, addressOf(arena.top));
      if (addressOf(stop.at(stop.size)) != end || !checkTop(stop, end))
        return broken(Invariant.TOP_SIZE, addressOf(stop));
    } else if (stop.mchunkSize != PREV_INUSE) {
      return broken(Invariant.FENCEPOST, addressOf(stop));
    }
    countCovered(heap.size);
    heap = changetype<HeapInfo>(<usize>heap.prev);
    isLast = false;
  }
  return true;
}

/**
 * Walks from `start`: chunks follow each other, and their flags and tags agree. Ends at top, at a
 * chunk of header size, or at `last`, in front of which anything may stand that is too small for a
 * chunk. Where it ended, or 0.
 */
function walkChunks(arena: MallocState, start: usize, last: usize): Chunk {
  let p = changetype<Chunk>(start);
  let isPreviousFree: bool = false;
  if (!isInHeap(p)) broken(Invariant.CHUNK_SIZE, start);
  else if (!p.prevInuse) broken(Invariant.PREV_INUSE, start);
  while (firstFound() == Invariant.HOLDS) {
    const isTop = p == arena.top;
    if (isTop && isPreviousFree) broken(Invariant.TOP_FLAGS, addressOf(p));
    if (isTop || addressOf(p) == last || (last == 0 && p.size == CHUNK_HDR_SZ)) return p;
    const size = p.size;
    const next = p.at(size);
    if (addressOf(next) == last && last != 0 && size < MINSIZE + CHUNK_HDR_SZ && !p.isNonMain) {
      p = next;
      continue;
    }
    if (size < MINSIZE || isMisalignedSize(size) || !endsInHeap(p)) {
      broken(Invariant.CHUNK_SIZE, addressOf(p));
      break;
    }
    isPreviousFree = checkChunk(arena, p, next, isPreviousFree);
    p = next;
  }
  return changetype<Chunk>(0);
}

/** Checks and counts a chunk. Whether it is free. */
function checkChunk(arena: MallocState, p: Chunk, next: Chunk, isPreviousFree: bool): bool {
  const size = p.size;
  const isFree = !next.prevInuse;
  // Only chunks in use, or as good as in use, say whose they are.
  const isForeign = arena != mainArena && !isFree;
  if (p.isMmapped || p.isNonMain != isForeign || isMisaligned(p.mem))
    broken(Invariant.CHUNK_FLAGS, addressOf(p));
  if (isFree) {
    if (isPreviousFree) broken(Invariant.ADJACENT_FREE, addressOf(p));
    if (next.mchunkPrevSize != size) broken(Invariant.FOOT, addressOf(p));
    countFree(size);
  } else {
    countUsed(size);
  }
  return isFree;
}

/** Top has its flags, and ends at a page boundary. */
function checkTop(top: Chunk, end: usize): bool {
  if (!top.prevInuse || top.isMmapped) return broken(Invariant.TOP_FLAGS, addressOf(top));
  if (top.size < MINSIZE || !isAligned(end, PAGE_SIZE))
    return broken(Invariant.TOP_SIZE, addressOf(top));
  return true;
}

/** mmapped_mem is a multiple of it: where chunks have a trailer, each move adds one (mapped.ts). */
const MAPPED_UNIT: word = MAPPED_HAS_TRAILER ? TRAILER : PAGE_SIZE;

/** system_mem is what the segments or heaps cover, and no maximum is below its present value. */
function checkSums(arena: MallocState): bool {
  const address = changetype<usize>(arena);
  if (arena.systemMem > arena.maxSystemMem) return broken(Invariant.SYSTEM_MEM, address);
  if (IS_THROUGHPUT && bytesInBins(arena) != freeBytes)
    return broken(Invariant.FREE_NOT_BINNED, address);
  if (arena != mainArena)
    return arena.systemMem == coveredBytes || broken(Invariant.SYSTEM_MEM, address);
  if (mp.nMmaps < 0 || mp.nMmaps > mp.maxNMmaps)
    return broken(Invariant.MMAP_COUNT, changetype<usize>(mp));
  if (mp.mmappedMem > mp.maxMmappedMem || !isAligned(mp.mmappedMem, MAPPED_UNIT))
    return broken(Invariant.MMAPPED_MEM, changetype<usize>(mp));
  // Between segments on the break may lie what somebody else's sbrk took: that counts as ours, too.
  if (coveredBytes > arena.systemMem) return broken(Invariant.SYSTEM_MEM, address);
  const end = addressOf(arena.top.at(arena.top.size));
  if (arena.contiguous && end > currentBreak())
    return broken(Invariant.TOP_SIZE, addressOf(arena.top));
  if (segmentCount() > 1 || !arena.contiguous) return true;
  // A heap in one piece holds nothing but chunks, and what was skipped to align the first.
  const used = usedBytes + segmentStart(0) - mp.sbrkBase;
  const free = freeBytes + fastBytes + arena.top.size;
  return arena.systemMem - free + fastBytes == used || broken(Invariant.MALLINFO, 0);
}

/**
 * The threads' tcaches are whole, and arenas count as many threads as use them; those that nobody
 * uses are on the free list.
 */
function checkThreads(): bool {
  for (let number: u32 = 0; number < THREADS_MAX; number++) {
    const one = threadAt(number);
    if (one.isAlive && one.tcache != 0 && !checkTcache(<usize>one.tcache)) return false;
  }
  let arena = mainArena;
  do {
    let threads: word = 0;
    for (let number: u32 = 0; number < THREADS_MAX; number++) {
      const one = threadAt(number);
      if (one.isAlive && <usize>one.arena == changetype<usize>(arena)) threads++;
    }
    if (threads != arena.attachedThreads)
      return broken(Invariant.ARENA_THREADS, changetype<usize>(arena));
    arena = arenaBehind(arena);
  } while (arena != mainArena);
  let free = changetype<MallocState>(<usize>libc.freeList);
  for (let left = libc.narenas; free != NO_ARENA; left--) {
    if (left == 0 || !isInMemory(changetype<usize>(free), offsetof<MallocState>()))
      return broken(Invariant.ARENA_FREE_LIST, changetype<usize>(free));
    if (free.attachedThreads != 0)
      return broken(Invariant.ARENA_FREE_LIST, changetype<usize>(free));
    free = changetype<MallocState>(<usize>free.nextFree);
  }
  return true;
}

/** mallinfo2 says what the walks counted. */
function checkInfo(): void {
  const info = changetype<Mallinfo2>(changetype<usize>(libc) + offsetof<LibcData>("scratch"));
  collectInfo(info);
  if (
    info.fordblks != allFreeBytes ||
    info.ordblks != allFreeChunks ||
    info.smblks != allFastChunks ||
    info.fsmblks != allFastBytes
  ) {
    broken(Invariant.MALLINFO, 0);
  }
}
