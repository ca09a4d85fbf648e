// malloc, free and calloc, with C's names in the export list (index.ts) and glibc's behaviour. In
// each, the short way through tcache comes first; everything else is a call. The others of the
// family: realloc.ts, memalign.ts, sized.ts.

import { IS_SMALL, IS_THROUGHPUT } from "../abi/profile";
import {
  CALLOC_USES_TCACHE,
  MAKES_TCACHE_LATE,
  TCACHE_LARGE_BINS,
  TCACHE_SMALL_BINS,
} from "../abi/version";
import { PTRDIFF_MAX, SIZE_MAX } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { IS_THREADED } from "../sync/tier";
import { allocate, allocateInline } from "./allocate";
import { arenaFor, otherArena, unlockArena } from "./arena";
import { belongsAside, belongsTo, mayRetry, maybeInitTcache, openArena } from "./call";
import { Chunk, addressOf, isMisaligned, isPlain, usableSize } from "./chunk";
import { clear, clearedAllocate } from "./clear";
import { verifyHeap } from "./checker/invariants";
import { isLarge, roundToClass, takeLarge } from "./extensions/large-tcache";
import { refuse } from "./links";
import { freeChunk, freeToArena } from "./release";
import { MINSIZE, checkedRequestToSize, requestToSize } from "./sizes";
import { Step, TELLS, note } from "./steps";
import { libc, setErrno, thread } from "./state";
import { ENOMEM } from "./system";
import {
  MAX_SMALL_SIZE,
  adoptTcache,
  blocksIn,
  bytesOfTcache,
  findDoubleFree,
  hasBin,
  hasRoom,
  hasSlot,
  isCacheable,
  isInactive,
  requestIndex,
  startTcache,
  tcache,
  tcacheIndex,
  tcacheKey,
  tcachePut,
  tcacheTake,
} from "./tcache";
import { countOf, holdsBlock, keyOf, latestIn, popEntry, pushEntry, setKey } from "./tcache-lists";
import { isCachedSize, putSorted, sortedIndex, takeSorted } from "./tcache-sorted";
import {
  callocCached,
  emptyAfterFall,
  isCached,
  keep,
  keepInstead,
  mallocCached,
  mayBeAtLimit,
} from "./throughput/calls";
import { freeMapped } from "./mapped";

/**
 * malloc(3): a block of at least `bytes` bytes, 16-aligned, or 0 with errno ENOMEM. malloc(0) is a
 * block, too.
 */
export function malloc(bytes: word): word {
  verifyHeap();
  return mallocUnverified(bytes);
}

/** malloc inside of another call, at whose beginning the heap was verified. */
export function mallocUnverified(bytes: word): word {
  if (IS_THROUGHPUT) return mallocCached(bytes);
  if (IS_SMALL) return <word>mallocUncached(bytes);
  // The plain case only. Whatever is odd, the long way meets it again and deals with it: no other
  // call here keeps this short.
  if (isCacheable(bytes)) {
    const cache = tcache;
    const index = requestIndex(bytes);
    const count = countOf(cache, index);
    if (!holdsBlock(cache, index, count)) return <word>mallocFromArena(bytes);
    const mem = latestIn(cache, index);
    if (!isMisaligned(mem)) {
      if (TELLS) note(Step.TCACHE_TAKE, index, blocksIn(index));
      popEntry(cache, index, mem, count);
      return <word>mem;
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
  const cached = CALLOC_USES_TCACHE ? takeCachedAside(bytes) : takeCached(bytes);
  return cached != 0 ? cached : mallocFromArena(bytes);
}

/**
 * malloc past tcache, which has no block for the request (__libc_malloc2).
 * @noinline
 */
function mallocFromArena(bytes: word): usize {
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

/** A block of tcache for a request, or 0. */
function takeCached(bytes: word): usize {
  if (isCacheable(bytes)) return tcacheTake(requestIndex(bytes));
  if (TCACHE_LARGE_BINS == 0 || tcache == 0) return 0;
  const size = requestToSize(bytes);
  return isCachedSize(size) && size > MAX_SMALL_SIZE ? takeSorted(size, 1) : 0;
}

/** The same by a call: for functions other than malloc. @noinline */
function takeCachedAside(bytes: word): usize {
  return takeCached(bytes);
}

/** Tells why tcache does not serve a request. */
function noteUncached(bytes: word): void {
  const size = checkedRequestToSize(bytes);
  // Where the tcache is made late, there may be none yet.
  if (MAKES_TCACHE_LATE ? isCachedSize(size) : isCacheable(bytes))
    note(Step.TCACHE_EMPTY, MAKES_TCACHE_LATE ? sortedIndex(size) : requestIndex(bytes), 0);
  else note(Step.TCACHE_NONE, size, u32(tcache == 0));
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
        const count = countOf(cache, index);
        if (hasSlot(count)) {
          if (TELLS) note(Step.TCACHE_PUT, index, blocksIn(index));
          pushEntry(cache, index, mem, count, mark);
        } else {
          freeFull(mem, index);
        }
        return;
      }
    }
  }
  freeUncached(mem);
}

/** Frees a block past tcache, whose bin `index` takes no more. @noinline */
function freeFull(mem: usize, index: u32): void {
  if (TELLS) note(Step.TCACHE_FULL, index, blocksIn(index));
  const p = Chunk.ofMem(mem);
  const size = p.size;
  // It would reach beyond the end of memory.
  if (<word>addressOf(p) > <word>0 - size) {
    freeUncached(mem);
    return;
  }
  const errno = thread.errno;
  freeToArena(arenaFor(p), p, size, false);
  thread.errno = errno;
}

/** free's long way, complete by itself but for NULL. @noinline */
export function freeUncached(mem: usize): void {
  if (MAKES_TCACHE_LATE) {
    freeLate(mem);
    return;
  }
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
 * The same where the tcache is made late: by the first block that it can take. What the key says of
 * a block that is in no tcache is forgotten (tcache_double_free_verify).
 */
function freeLate(mem: usize): void {
  const errno = thread.errno;
  const p = Chunk.ofMem(mem);
  if (isMisaligned(mem)) refuse(Failure.FREE_POINTER, addressOf(p));
  const size = p.size;
  if (isCachedSize(size)) {
    if (keyOf(mem) == libc.tcacheKey) {
      if (tcache != 0) findDoubleFree(mem, 0);
      setKey(mem, 0);
    }
    if (isInactive()) makeTcache();
    if (tcache != 0 && keepLate(mem, size)) {
      thread.errno = errno;
      return;
    }
  } else {
    note(Step.TCACHE_NONE, size, 0);
  }
  const start = <word>addressOf(p);
  if (start + (size - MINSIZE) < start) refuse(Failure.FREE_SIZE, addressOf(p));
  // The next chunk would lie on the null page.
  if (start + size < start && !p.isMmapped) corrupted(Failure.SEGV_POINTER, addressOf(p));
  freeToArena(arenaFor(p), p, size, false);
  thread.errno = errno;
}

/** Puts a block of a chunk of `size` bytes, which `isCachedSize`, into tcache, if that has room. */
function keepLate(mem: usize, size: word): bool {
  const index = tcacheIndex(size);
  if (index >= TCACHE_SMALL_BINS) return size >= MINSIZE && putSorted(mem, size);
  if (TELLS) note(hasRoom(index) ? Step.TCACHE_PUT : Step.TCACHE_FULL, index, blocksIn(index));
  if (!hasRoom(index)) return false;
  tcachePut(mem, index);
  return true;
}

/** Makes this thread's tcache, from whichever arena has room (tcache_free_init). @noinline */
function makeTcache(): void {
  if (!startTcache()) return;
  const mem = mallocUncached(bytesOfTcache());
  if (mem != 0) adoptTcache(mem);
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
  if (CALLOC_USES_TCACHE) {
    const cached = takeCachedAside(bytes);
    if (cached != 0) {
      if (TELLS && isCacheable(bytes)) {
        const index = requestIndex(bytes);
        // The block is out already.
        note(Step.TCACHE_TAKE, index, blocksIn(index) + 1);
      }
      clear(cached, cached + <usize>usableSize(Chunk.ofMem(cached)));
      return <word>cached;
    }
  }
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
export function overflows(count: word, size: word): bool {
  // Two factors below the square root of 2^bits cannot overflow, and hardly any are larger.
  const half: word = SIZE_MAX >> (sizeof<word>() * 4);
  return (count > half || size > half) && size != 0 && count > SIZE_MAX / size;
}
