// The rest of the C surface: libc's wrappers around the system calls, mallopt, mallinfo,
// malloc_trim, and where things are.

import { ILP32 } from "./abi/word";
import { PAGE_SIZE, isAligned } from "./base/align";
import { sysBrk } from "./kernel/calls/brk";
import { EINVAL, ENOMEM, errorResult, isError } from "./kernel/errno";
import { mm } from "./kernel/mm";
import { sysMmap } from "./kernel/calls/mmap";
import { sysMremap } from "./kernel/calls/mremap";
import { unmapRegion } from "./kernel/calls/munmap";
import { NR_BRK, NR_MMAP, NR_MREMAP, NR_MUNMAP } from "./kernel/numbers";
import { enterKernel, leaveKernel } from "./kernel/mmap-lock";
import { traced } from "./kernel/calls/syscall";
import { verifyHeap } from "./malloc/checker/invariants";
import { trimAll } from "./malloc/malloc-trim";
import { learnBreak } from "./malloc/system";
import { libc, mainArena, mp, setErrno, thread } from "./malloc/state";
import { Mallinfo2, collectInfo, narrowInfo } from "./malloc/stats";
import { tcache } from "./malloc/tcache";
import { scratch } from "./process";

/** What a failed mmap, mremap or sbrk returns: MAP_FAILED, (void *) -1. */
const MINUS_ONE: word = <word>-1;

/** A raw system-call result as libc returns it: itself, or -1 with errno set. */
function libcResult(result: word): word {
  if (!isError(result)) return result;
  setErrno(-(<i32>result));
  return MINUS_ONE;
}

/** brk(3): 0 when the break is at least `address` afterwards, else -1 with errno ENOMEM. */
export function brk(address: word): i32 {
  libc.knowsBreak = 1;
  enterKernel();
  const result = traced(NR_BRK, address, 0, 0, 0, 0, 0, sysBrk(address));
  leaveKernel();
  if (result >= address) return 0;
  setErrno(ENOMEM);
  return -1;
}

/**
 * sbrk(3): moves the break by `increment` bytes, a signed number, and returns where it was, or -1
 * with errno ENOMEM.
 */
export function sbrk(increment: word): word {
  // As a whole: C's own is not safe against other threads.
  enterKernel();
  const result = moveBreakBy(increment);
  leaveKernel();
  return result;
}

function moveBreakBy(increment: word): word {
  learnBreak();
  const oldBreak = mm.brk;
  if (increment == 0) return oldBreak;
  const wanted = oldBreak + increment;
  const isGrowth = sizeof<word>() == 4 ? <i32>increment > 0 : <i64>increment > 0;
  if (isGrowth != wanted > oldBreak || brk(wanted) < 0) {
    setErrno(ENOMEM);
    return MINUS_ONE;
  }
  return oldBreak;
}

/**
 * mmap(2). `offset`: bytes. Files in the full build only, elsewhere every `fd` is EBADF. The
 * address, or -1 with errno.
 */
export function mmap(
  address: word,
  length: word,
  prot: i32,
  flags: i32,
  fd: i32,
  offset: word,
): word {
  if (!isAligned(offset, PAGE_SIZE)) return libcResult(errorResult(EINVAL));
  enterKernel();
  const result = sysMmap(address, length, prot, flags, fd, offset / PAGE_SIZE);
  const place = ILP32 ? offset / PAGE_SIZE : offset;
  traced(NR_MMAP, address, length, prot, flags, <word>fd, place, result);
  leaveKernel();
  return libcResult(result);
}

/** munmap(2). 0, or -1 with errno. */
export function munmap(address: word, length: word): i32 {
  enterKernel();
  const result = unmapRegion(address, length);
  traced(NR_MUNMAP, address, length, 0, 0, 0, 0, result);
  leaveKernel();
  return <i32>libcResult(result);
}

/**
 * mremap(2); other flags than MREMAP_MAYMOVE in the full build only. The address, or -1 with errno.
 */
export function mremap(
  address: word,
  oldLength: word,
  newLength: word,
  flags: i32,
  newAddress: word,
): word {
  enterKernel();
  const result = sysMremap(address, oldLength, newLength, flags, newAddress);
  traced(NR_MREMAP, address, oldLength, newLength, flags, newAddress, 0, result);
  leaveKernel();
  return libcResult(result);
}

/** malloc_trim(3): gives free memory back, keeping `pad` bytes of top. 1 if any was, else 0. */
export function mallocTrim(pad: word): i32 {
  verifyHeap();
  return trimAll(pad) ? 1 : 0;
}

/**
 * mallinfo2(3): fills the struct mallinfo2 at `out` (C returns structs through a hidden first
 * parameter).
 */
export function mallinfo2(out: word): void {
  verifyHeap();
  collectInfo(changetype<Mallinfo2>(<usize>out));
}

/** mallinfo(3): the same in ints. */
export function mallinfo(out: word): void {
  verifyHeap();
  collectInfo(changetype<Mallinfo2>(scratch()));
  narrowInfo(<usize>out, scratch());
}

/** __errno_location: the address of errno. */
export function errnoLocation(): word {
  return <word>changetype<usize>(thread);
}

/** The address of the process's MmStruct. */
export function mmStruct(): usize {
  return changetype<usize>(mm);
}

/** The address of MallocPar, glibc's mp_. */
export function mallocPar(): usize {
  return changetype<usize>(mp);
}

/** The address of MallocState, glibc's main_arena. */
export function mainArenaAddress(): usize {
  return changetype<usize>(mainArena);
}

/** The address of this thread's ThreadData. */
export function threadData(): usize {
  return changetype<usize>(thread);
}

/** The address of this thread's TcachePerthreadStruct, or 0 before it is made. */
export function tcacheAddress(): usize {
  return tcache;
}
