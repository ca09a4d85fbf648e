// The C functions that align, with C's names in the export list (index.ts) and glibc's behaviour.

import { IS_THROUGHPUT } from "../abi/profile";
import { CHECKS_ALIGNED_ALLOC, MEMALIGN_USES_TCACHE } from "../abi/version";
import { MALLOC_ALIGNMENT, SIZE_MAX, SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { allocateAligned } from "./aligned";
import { malloc } from "./api";
import { otherArena, unlockArena } from "./arena";
import { belongsAside, mayRetry, openArena } from "./call";
import { verifyHeap } from "./checker/invariants";
import { MINSIZE, checkedRequestToSize } from "./sizes";
import { roundedRequest, takeAligned } from "./throughput/calls";
import { libc, setErrno } from "./state";
import { tcache } from "./tcache";
import { isCachedSize, takeSorted } from "./tcache-sorted";
import { EINVAL, ENOMEM, PAGE_SIZE } from "./system";

/**
 * memalign(3): a block of `bytes` bytes at a multiple of `alignment`, which is rounded up to a
 * power of two. 0 with errno ENOMEM, or EINVAL for an alignment beyond the largest power of two. Up
 * to 16 it is malloc.
 */
export function memalign(alignment: word, bytes: word): word {
  if (alignment <= MALLOC_ALIGNMENT) return malloc(bytes);
  verifyHeap();
  if (alignment > (SIZE_MAX >> 1) + 1) {
    setErrno(EINVAL);
    return 0;
  }
  let power: word = 2 * MALLOC_ALIGNMENT;
  while (power < alignment) power <<= 1;
  if (power < MINSIZE) power = MINSIZE;
  if (MEMALIGN_USES_TCACHE) {
    const cached = alignedFromTcache(power, bytes);
    if (cached != 0) return <word>cached;
  }
  if (IS_THROUGHPUT) {
    const cached = takeAligned(power, bytes);
    if (cached != 0) return <word>cached;
    bytes = roundedRequest(bytes);
  }
  let arena = openArena(bytes + power + MINSIZE);
  let mem = allocateAligned(arena, power, bytes);
  if (mayRetry(mem, arena)) {
    arena = otherArena(arena, bytes);
    mem = allocateAligned(arena, power, bytes);
  }
  unlockArena(arena);
  if (!belongsAside(mem, arena)) {
    corrupted(
      libc.hasThreads ? Failure.ASSERT_MEMALIGN_ARENA_2 : Failure.ASSERT_MEMALIGN_ARENA,
      mem,
    );
  }
  return <word>mem;
}

/** A block of tcache that happens to be aligned to `power`, or 0 (tcache_get_align). */
function alignedFromTcache(power: word, bytes: word): usize {
  const size = checkedRequestToSize(bytes);
  return tcache != 0 && size != 0 && isCachedSize(size) ? takeSorted(size, power) : 0;
}

/**
 * aligned_alloc(3): memalign, which from 2.38 on refuses an alignment that is no power of two with
 * errno EINVAL.
 */
export function alignedAlloc(alignment: word, bytes: word): word {
  if (CHECKS_ALIGNED_ALLOC && (alignment == 0 || (alignment & (alignment - 1)) != 0)) {
    setErrno(EINVAL);
    return 0;
  }
  return memalign(alignment, bytes);
}

/**
 * posix_memalign(3): stores at `out` the address of a block at a multiple of `alignment`. 0, EINVAL
 * for an alignment that is no power of two times a pointer's size, or ENOMEM; `out` is written only
 * on success.
 */
export function posixMemalign(out: word, alignment: word, bytes: word): i32 {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment % SIZE_SZ != 0)
    return EINVAL;
  const mem = memalign(alignment, bytes);
  if (mem == 0) return ENOMEM;
  store<word>(<usize>out, mem);
  return 0;
}

/** valloc(3): a block at a page boundary. */
export function valloc(bytes: word): word {
  return memalign(PAGE_SIZE, bytes);
}

/** pvalloc(3): a block of whole pages at a page boundary. */
export function pvalloc(bytes: word): word {
  const rounded = bytes + (PAGE_SIZE - 1);
  if (rounded < bytes) {
    setErrno(ENOMEM);
    return 0;
  }
  return memalign(PAGE_SIZE, rounded & ~(<word>(PAGE_SIZE - 1)));
}
