// The rest of the C surface: libc's wrappers around the system calls, mallopt, mallinfo, malloc_trim, and where things are.

import { sysBrk } from "./kernel/brk";
import { ENOMEM, isError } from "./kernel/errno";
import { mm } from "./kernel/mm";
import { sysMmap, sysMremap, unmapRegion } from "./kernel/mmap";
import { verifyHeap } from "./malloc/invariants";
import { libc, mainArena, mp, setErrno } from "./malloc/state";
import { Mallinfo2, collectInfo, narrowInfo } from "./malloc/stats";
import { tcache } from "./malloc/tcache";
import { trimArena } from "./malloc/trim";
import { scratch } from "./process";

/** What a failed mmap, mremap or sbrk returns: MAP_FAILED, (void *) -1. */
const FAILED: word = <word>-1;

/** A raw system-call result as libc returns it: itself, or -1 with errno set. */
function libcResult(result: word): word {
  if (!isError(result)) return result;
  setErrno(-(<i32>result));
  return FAILED;
}

/** brk(3): 0 when the break is at least `address` afterwards, else -1 with errno ENOMEM. */
export function brk(address: word): i32 {
  if (sysBrk(address) >= address) return 0;
  setErrno(ENOMEM);
  return -1;
}

/** sbrk(3): moves the break by `increment` bytes, a signed number, and returns where it was, or -1 with errno ENOMEM. */
export function sbrk(increment: word): word {
  const oldBreak = mm.brk;
  if (increment == 0) return oldBreak;
  const wanted = oldBreak + increment;
  const isGrowth = sizeof<word>() == 4 ? <i32>increment > 0 : <i64>increment > 0;
  if (isGrowth != wanted > oldBreak || brk(wanted) < 0) {
    setErrno(ENOMEM);
    return FAILED;
  }
  return oldBreak;
}

/** mmap(2) of anonymous private memory; `fd` and `offset` are not used. The address, or -1 with errno. */
export function mmap(
  address: word,
  length: word,
  prot: i32,
  flags: i32,
  fd: i32,
  offset: word,
): word {
  return libcResult(sysMmap(address, length, prot, flags));
}

/** munmap(2). 0, or -1 with errno. */
export function munmap(address: word, length: word): i32 {
  return <i32>libcResult(unmapRegion(address, length));
}

/** mremap(2) with flags 0 or MREMAP_MAYMOVE; `newAddress` is not used. The address, or -1 with errno. */
export function mremap(
  address: word,
  oldLength: word,
  newLength: word,
  flags: i32,
  newAddress: word,
): word {
  return libcResult(sysMremap(address, oldLength, newLength, flags));
}

/** malloc_trim(3): gives free memory back, keeping `pad` bytes of top. 1 if any was, else 0. */
export function mallocTrim(pad: word): i32 {
  verifyHeap();
  return trimArena(mainArena, pad) ? 1 : 0;
}

/** mallinfo2(3): fills the struct mallinfo2 at `out` (C returns structs through a hidden first parameter). */
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
  return <word>changetype<usize>(libc);
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

/** The address of this thread's TcachePerthreadStruct, or 0 before it is made. */
export function tcacheAddress(): usize {
  return tcache;
}
