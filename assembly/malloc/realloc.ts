// realloc and malloc_usable_size, with C's names in the export list and glibc's behaviour.

import { IS_THROUGHPUT } from "../abi/profile";
import { PARTS_GO_TO_TCACHE, REALLOC_KEEPS_FIT, REALLOC_KEEPS_PAGE } from "../abi/version";
import { SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { arenaFor, lockArena, mustBeArena, unlockArena } from "./arena";
import { belongsAside, maybeInitTcache } from "./call";
import { Chunk, addressOf, isMisaligned, usableSize } from "./chunk";
import { verifyHeap } from "./checker/invariants";
import { mustBeMapped, refuse } from "./links";
import { MAPPED_OVERHEAD, unmapChunk } from "./mapped";
import { freeChunk, freeToArena } from "./release";
import { resizeChunk, resizeMapped } from "./resize";
import { checkedRequestToSize } from "./sizes";
import { Step, note } from "./steps";
import { MallocState, libc, mainArena, setErrno } from "./state";
import { ENOMEM, PAGE_SIZE } from "./system";
import { reallocCached } from "./throughput/calls";
import { freeUncached, mallocUncached, mallocUnverified, overflows } from "./api";

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
  if (mem == 0) return mallocUnverified(bytes);
  if (bytes == 0) {
    freeUncached(mem);
    return 0;
  }
  const p = Chunk.ofMem(mem);
  const oldSize = p.size;
  if (REALLOC_KEEPS_FIT && fits(p, bytes)) {
    note(Step.REALLOC_KEEP, oldSize, oldSize);
    return address;
  }
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
    const moved = resizeMapped(p, size, bytes);
    return <word>(moved != 0 ? moved : copyMapped(p, oldSize, bytes));
  }
  const arena = arenaFor(p);
  mustBeArena(arena, p);
  lockArena(arena);
  const result = resizeChunk(arena, p, size);
  unlockArena(arena);
  if (!belongsAside(result, arena)) {
    corrupted(
      libc.hasThreads ? Failure.ASSERT_REALLOC_ARENA_2 : Failure.ASSERT_REALLOC_ARENA,
      result,
    );
  }
  return result == 0 && libc.hasThreads ? moveElsewhere(arena, p, bytes) : <word>result;
}

/**
 * Whether the block of `p` is just right for `bytes` bytes: no other block would spare two words,
 * or of a mapping a page.
 */
function fits(p: Chunk, bytes: word): bool {
  // glibc looks at the next chunk before it looks at the size.
  if (!p.isMmapped && p.size >= mainArena.systemMem) mustBeMapped(p.at(p.size));
  const usable = usableOf(p);
  if (bytes > usable) return false;
  const spare = usable - bytes;
  return spare < 2 * SIZE_SZ || (REALLOC_KEEPS_PAGE && p.isMmapped && spare <= PAGE_SIZE);
}

/**
 * realloc of a chunk whose arena has no memory for it: a block from any arena, a copy, and the old
 * one goes.
 */
function moveElsewhere(arena: MallocState, p: Chunk, bytes: word): word {
  const moved = mallocUncached(bytes);
  if (moved == 0) return 0;
  memory.copy(moved, p.mem, <usize>usableSize(p));
  if (PARTS_GO_TO_TCACHE) freeChunk(arena, p, false);
  else freeToArena(arena, p, p.size, false);
  return <word>moved;
}

/**
 * realloc of an mmapped chunk that could not be remapped: a new block, a copy, and the mapping
 * goes.
 */
function copyMapped(p: Chunk, oldSize: word, bytes: word): usize {
  const mem = mallocUncached(bytes);
  if (mem == 0) return 0;
  memory.copy(mem, p.mem, <usize>(oldSize - MAPPED_OVERHEAD));
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
  return usableOf(Chunk.ofMem(<usize>address));
}

/** What `mallocUsableSize` says of a chunk (musable). @noinline */
function usableOf(p: Chunk): word {
  if (p.isMmapped) {
    mustBeMapped(p);
    return p.size - MAPPED_OVERHEAD;
  }
  if (p.inuse) return usableSize(p);
  mustBeMapped(p);
  return 0;
}
