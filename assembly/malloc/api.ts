// The C functions, with C's names in the export list (index.ts) and glibc's behaviour. In each, the
// short way through tcache comes first; everything else is a call.

import { IS_SMALL, IS_THROUGHPUT } from "../abi/profile";
import { PTRDIFF_MAX, SIZE_MAX } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { queuesFrees } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { allocate, allocateInline } from "./allocate";
import {
  arenaFor,
  mustBeArena,
  leaveArena,
  lockArena,
  lockList,
  otherArena,
  threadArena,
  unlockArena,
  unlockList,
} from "./arena";
import { belongsAside, belongsTo, maybeInitTcache, mayRetry, openArena } from "./call";
import { Chunk, addressOf, isMisaligned, isPlain, revealLink, usableSize } from "./chunk";
import { clearedAllocate } from "./clear";
import { verifyHeap } from "./checker/invariants";
import { hasLarge, isLarge, largeLists, roundToClass, takeLarge } from "./extensions/large-tcache";
import { followAside, mostChunks, mustBeMapped, refuse } from "./links";
import { adjustThreshold, unmapChunk } from "./mapped";
import { freeChunk, takeBack } from "./release";
import { resizeChunk, resizeMapped } from "./resize";
import { CHUNK_HDR_SZ, checkedRequestToSize } from "./sizes";
import { Step, TELLS, note } from "./steps";
import { MallocState, libc, setErrno, thread } from "./state";
import { ENOMEM } from "./system";
import {
  TCACHE_MAX_BINS,
  hasBin,
  isBelowFill,
  isCacheable,
  requestIndex,
  surrenderTcache,
  tcache,
  tcacheIndex,
  tcacheKey,
  tcacheTake,
} from "./tcache";
import { blocksIn, keyOf, latestIn, popEntry, pushEntry, setLatest } from "./tcache-lists";
import {
  callocCached,
  emptyAfterFall,
  emptyCache,
  isCached,
  keep,
  keepInstead,
  mallocCached,
  mayBeAtLimit,
  reallocCached,
} from "./throughput/calls";

/**
 * malloc(3): a block of at least `bytes` bytes, 16-aligned, or 0 with errno ENOMEM. malloc(0) is a
 * block, too.
 */
export function malloc(bytes: word): word {
  verifyHeap();
  if (IS_THROUGHPUT) return mallocCached(bytes);
  if (IS_SMALL) return <word>mallocUncached(bytes);
  // The plain case only. Whatever is odd, the long way meets it again and deals with it: no other
  // call here keeps this short.
  if (isCacheable(bytes)) {
    const cache = tcache;
    const index = requestIndex(bytes);
    const left = blocksIn(cache, index);
    if (left != 0) {
      const mem = latestIn(cache, index);
      if (!isMisaligned(mem)) {
        popEntry(cache, index, mem, left);
        note(Step.TCACHE_TAKE, index, left);
        return <word>mem;
      }
    }
  }
  return <word>mallocUncached(bytes);
}

/**
 * malloc's long way, complete by itself: for callers of whose time a few tests do not matter, and
 * who are to stay small.
 * @noinline
 */
export function mallocUncached(bytes: word): usize {
  if (IS_THROUGHPUT) return <usize>mallocCached(bytes);
  if (bytes > PTRDIFF_MAX) {
    setErrno(ENOMEM);
    return 0;
  }
  maybeInitTcache();
  const cached = isCacheable(bytes) ? tcacheTake(requestIndex(bytes)) : 0;
  if (cached != 0) return cached;
  if (TELLS) noteUncached(bytes);
  if (IS_THREADED && isLarge(bytes) && !isCacheable(bytes)) {
    const kept = takeLarge(bytes);
    if (kept != 0) return kept;
    bytes = roundToClass(bytes);
  }
  let arena = openArena(bytes);
  let mem = allocateInline(arena, bytes);
  if (mayRetry(mem, arena)) {
    arena = otherArena(arena, bytes);
    mem = allocate(arena, bytes);
  }
  unlockArena(arena);
  if (!belongsTo(mem, arena)) {
    corrupted(libc.hasThreads ? Failure.ASSERT_MALLOC_ARENA_2 : Failure.ASSERT_MALLOC_ARENA, mem);
  }
  return mem;
}

/** Tells why tcache does not serve a request. */
function noteUncached(bytes: word): void {
  if (isCacheable(bytes)) note(Step.TCACHE_EMPTY, requestIndex(bytes), 0);
  else note(Step.TCACHE_NONE, checkedRequestToSize(bytes), 0);
}

/** free(3): gives a block back; errno stays as it is. free(NULL) does nothing. */
export function free(address: word): void {
  verifyHeap();
  const mem = <usize>address;
  if (mem == 0) return;
  if (IS_THROUGHPUT) {
    if (!keep(mem)) freeUncached(mem);
    else if (mayBeAtLimit()) emptyAfterFall();
    return;
  }
  if (IS_SMALL) {
    freeUncached(mem);
    return;
  }
  // The plain case only, as in malloc.
  const head = Chunk.ofMem(mem).mchunkSize;
  const index = tcacheIndex(head);
  if (hasBin(index)) {
    if (isPlain(mem, head)) {
      const mark = tcacheKey();
      if (keyOf(mem) != mark) {
        const cache = tcache;
        const count = blocksIn(cache, index);
        if (isBelowFill(count)) {
          pushEntry(cache, index, mem, count, mark);
          note(Step.TCACHE_PUT, index, count);
          return;
        }
      }
    }
  }
  freeUncached(mem);
}

/** free's long way, complete by itself but for NULL. @noinline */
export function freeUncached(mem: usize): void {
  const errno = thread.errno;
  const p = Chunk.ofMem(mem);
  if (p.isMmapped) {
    freeMapped(p);
  } else {
    maybeInitTcache();
    if (!(IS_THREADED && IS_THROUGHPUT && keepInstead(p))) freeChunk(arenaFor(p), p, false);
  }
  thread.errno = errno;
}

/**
 * Frees a chunk, in whichever arena it lies, past this thread's tcache, which is going.
 * @noinline
 */
function giveBack(p: Chunk): void {
  if (p.isMmapped) freeMapped(p);
  else freeChunk(arenaFor(p), p, false);
}

/** @noinline */
function freeMapped(p: Chunk): void {
  adjustThreshold(p);
  unmapChunk(p);
}

/**
 * Gives the blocks in this thread's tcache back to their arenas, then the tcache itself
 * (tcache_thread_shutdown).
 */
export function emptyTcache(): void {
  if (IS_THROUGHPUT) emptyCache(true);
  if (IS_SMALL) return;
  const cache = surrenderTcache();
  if (cache != 0) {
    if (!IS_THROUGHPUT) emptyLists(cache);
    if (IS_THREADED && hasLarge()) emptyLists(largeLists(cache));
    if (IS_THREADED) thread.tcache = 0;
    giveBack(Chunk.ofMem(cache));
  }
}

/** Gives back the blocks in a tcache's lists. */
function emptyLists(lists: usize): void {
  for (let index: u32 = 0; index < TCACHE_MAX_BINS; index++) {
    let left = mostChunks();
    for (let mem = latestIn(lists, index); mem != 0;) {
      if (isMisaligned(mem)) corrupted(Failure.TCACHE_SHUTDOWN_UNALIGNED, mem);
      left = followAside(Chunk.ofMem(mem), Chunk.ofMem(mem), left, Failure.SEGV_TCACHE);
      const next = revealLink(mem);
      if (IS_THREADED) setLatest(lists, index, next);
      giveBack(Chunk.ofMem(mem));
      mem = next;
    }
  }
}

/** The end of this thread: its tcache is given back; its arena is free for others. */
export function threadExit(): void {
  emptyTcache();
  if (IS_THREADED && queuesFrees) settleArena();
  lockList();
  leaveArena();
  unlockList();
  // Last: whoever is killed before has locks, and counts as a thread.
  thread.isAlive = 0;
}

/** Takes back what is queued for this thread's arena: there may be no other thread to do it. */
function settleArena(): void {
  const arena = threadArena();
  lockArena(arena);
  takeBack(arena, false);
  unlockArena(arena);
}

/**
 * calloc(3): a zeroed block for `count` elements of `size` bytes, or 0 with errno ENOMEM, also when
 * the product overflows.
 */
export function calloc(count: word, size: word): word {
  verifyHeap();
  const bytes = count * size;
  if (overflows(count, size) || bytes > PTRDIFF_MAX) {
    setErrno(ENOMEM);
    return 0;
  }
  if (IS_THROUGHPUT && isCached(bytes)) return callocCached(bytes);
  maybeInitTcache();
  let arena = openArena(bytes);
  let mem = clearedAllocate(arena, bytes);
  if (mayRetry(mem, arena)) {
    arena = otherArena(arena, bytes);
    mem = clearedAllocate(arena, bytes);
  }
  unlockArena(arena);
  if (!belongsAside(mem, arena)) corrupted(Failure.ASSERT_CALLOC_ARENA, mem);
  return <word>mem;
}

/** Whether the product of two sizes does not fit a word. */
function overflows(count: word, size: word): bool {
  // Two factors below the square root of 2^bits cannot overflow, and hardly any are larger.
  const half: word = SIZE_MAX >> (sizeof<word>() * 4);
  return (count > half || size > half) && size != 0 && count > SIZE_MAX / size;
}

/**
 * realloc(3): makes the block at `address` hold `bytes` bytes, moving it if need be. 0 with errno
 * ENOMEM leaves it alone. realloc(NULL, n) is malloc(n); realloc(p, 0) frees p and returns 0.
 */
export function realloc(address: word, bytes: word): word {
  verifyHeap();
  const mem = <usize>address;
  if (IS_THROUGHPUT) {
    const result = reallocCached(mem, bytes);
    if (result != 0) return result;
  }
  if (mem == 0) return <word>mallocUncached(bytes);
  if (bytes == 0) {
    freeUncached(mem);
    return 0;
  }
  const p = Chunk.ofMem(mem);
  const oldSize = p.size;
  if (!p.isMmapped) maybeInitTcache();
  if (<word>addressOf(p) > <word>0 - oldSize || isMisaligned(mem))
    refuse(Failure.REALLOC_POINTER, addressOf(p));
  const size = checkedRequestToSize(bytes);
  if (size == 0) {
    setErrno(ENOMEM);
    return 0;
  }
  if (p.isMmapped) {
    note(Step.REALLOC_MREMAP, oldSize, size);
    const moved = resizeMapped(p, size);
    return <word>(moved != 0 ? moved : copyMapped(p, oldSize, bytes));
  }
  const arena = arenaFor(p);
  mustBeArena(arena, p);
  lockArena(arena);
  const result = resizeChunk(arena, p, size);
  unlockArena(arena);
  if (!belongsAside(result, arena)) corrupted(Failure.ASSERT_REALLOC_ARENA, result);
  return result == 0 && libc.hasThreads ? moveElsewhere(arena, p, bytes) : <word>result;
}

/**
 * realloc of a chunk whose arena has no memory for it: a block from any arena, a copy, and the old
 * one goes.
 */
function moveElsewhere(arena: MallocState, p: Chunk, bytes: word): word {
  const moved = mallocUncached(bytes);
  if (moved == 0) return 0;
  memory.copy(moved, p.mem, <usize>usableSize(p));
  freeChunk(arena, p, false);
  return <word>moved;
}

/**
 * realloc of an mmapped chunk that could not be remapped: a new block, a copy, and the mapping
 * goes.
 */
function copyMapped(p: Chunk, oldSize: word, bytes: word): usize {
  const mem = mallocUncached(bytes);
  if (mem == 0) return 0;
  memory.copy(mem, p.mem, <usize>(oldSize - CHUNK_HDR_SZ));
  unmapChunk(p);
  return mem;
}

/**
 * reallocarray(3): realloc for `count` elements of `size` bytes; 0 with errno ENOMEM when the
 * product overflows.
 */
export function reallocarray(address: word, count: word, size: word): word {
  if (overflows(count, size)) {
    setErrno(ENOMEM);
    return 0;
  }
  return realloc(address, count * size);
}

/**
 * malloc_usable_size(3): the bytes that the block at `address` really has; 0 for NULL and for a
 * block that is not in use.
 */
export function mallocUsableSize(address: word): word {
  verifyHeap();
  if (address == 0) return 0;
  const p = Chunk.ofMem(<usize>address);
  if (p.isMmapped) {
    mustBeMapped(p);
    return p.size - CHUNK_HDR_SZ;
  }
  if (p.inuse) return usableSize(p);
  mustBeMapped(p);
  return 0;
}
