// The system call table: one dispatch by number, and the one point where calls are traced. malloc's
// own calls pass the same point, with the same numbers (`traced`), but skip the clearing that a
// program is owed. In the full build only; elsewhere `traced` is nothing.

import { ILP32 } from "../../abi/word";
import { PAGE_SIZE, isAligned } from "../../base/align";
import { trace } from "../../base/host";
import { sysBrk } from "./brk";
import { EINVAL, ENOSYS, errorResult } from "../errno";
import { sysClose, sysFsync, sysFtruncate, sysPread, sysPwrite } from "./fileio";
import { sysMlock, sysMlock2, sysMlockall, sysMunlock, sysMunlockall } from "./mlock";
import { sysMadvise } from "./madvise";
import { TRACES_CALLS, mm } from "../mm";
import { sysMmap } from "./mmap";
import { sysMremap } from "./mremap";
import { unmapRegion } from "./munmap";
import {
  NR_BRK,
  NR_CLOSE,
  NR_FDATASYNC,
  NR_FSYNC,
  NR_FTRUNCATE,
  NR_FTRUNCATE64,
  NR_GETPID,
  NR_GETRLIMIT,
  NR_GETTID,
  NR_MADVISE,
  NR_MBIND,
  NR_MINCORE,
  NR_MLOCK,
  NR_MLOCK2,
  NR_MLOCKALL,
  NR_MMAP,
  NR_MPROTECT,
  NR_MREMAP,
  NR_MSEAL,
  NR_MSYNC,
  NR_MUNLOCK,
  NR_MUNLOCKALL,
  NR_MUNMAP,
  NR_PREAD64,
  NR_PRLIMIT64,
  NR_PWRITE64,
  NR_PRCTL,
  NR_REMAP_FILE_PAGES,
  NR_SETRLIMIT,
} from "../numbers";
import { sysMbind } from "./mbind";
import { PID, sysPrctl } from "./prctl";
import { sysMprotect } from "./mprotect";
import { sysGetrlimit, sysMincore, sysMsync, sysPrlimit, sysSetrlimit } from "./query";
import { sysRemapFilePages } from "./remap-file-pages";
import { sysMseal } from "./mseal";
import { IS_FULL } from "../tier";

/** Turns the calls of `host.trace` on or off. */
export function traceSyscalls(on: i32): void {
  mm.isTracing = (mm.isTracing & ~TRACES_CALLS) | (on != 0 ? TRACES_CALLS : 0);
}

/** Reports a finished system call to the host while tracing is on, and returns its result. */
export function traced(
  nr: i32,
  a1: word,
  a2: word,
  a3: word,
  a4: word,
  a5: word,
  a6: word,
  result: word,
): word {
  if (IS_FULL) {
    if (mm.isTracing & TRACES_CALLS) trace(nr, a1, a2, a3, a4, a5, a6, result);
  }
  return result;
}

/** x86-64's mmap takes its offset in bytes, i386's mmap2 in pages. */
function mmapAt(address: word, length: word, prot: i32, flags: i32, fd: i32, offset: word): word {
  if (ILP32) return sysMmap(address, length, prot, flags, fd, offset);
  if (!isAligned(offset, PAGE_SIZE)) return errorResult(EINVAL);
  return sysMmap(address, length, prot, flags, fd, offset / PAGE_SIZE);
}

/** A position in a file: i386 passes it in two registers, the lower half first. */
function position(low: word, high: word): i64 {
  return ILP32 ? <i64>(((<u64>high) << 32) | (<u64>low)) : <i64>low;
}

/** i386's old ftruncate takes a signed 32-bit length. */
function shortLength(length: word): i64 {
  return ILP32 ? <i64>(<i32>length) : <i64>length;
}

function dispatch(nr: i32, a1: word, a2: word, a3: word, a4: word, a5: word, a6: word): word {
  switch (nr) {
    case NR_BRK:
      return sysBrk(a1);
    case NR_MMAP:
      return mmapAt(a1, a2, <i32>a3, <i32>a4, <i32>a5, a6);
    case NR_MUNMAP:
      return unmapRegion(a1, a2);
    case NR_MREMAP:
      return sysMremap(a1, a2, a3, <i32>a4, a5);
    case NR_MPROTECT:
      return sysMprotect(a1, a2, <i32>a3);
    case NR_MADVISE:
      return sysMadvise(a1, a2, <i32>a3);
    case NR_MSYNC:
      return sysMsync(a1, a2, <i32>a3);
    case NR_MINCORE:
      return sysMincore(a1, a2, a3);
    case NR_MLOCK:
      return sysMlock(a1, a2);
    case NR_MLOCK2:
      return sysMlock2(a1, a2, <i32>a3);
    case NR_MUNLOCK:
      return sysMunlock(a1, a2);
    case NR_MLOCKALL:
      return sysMlockall(<i32>a1);
    case NR_MUNLOCKALL:
      return sysMunlockall();
    case NR_GETRLIMIT:
      return sysGetrlimit(<i32>a1, a2);
    case NR_SETRLIMIT:
      return sysSetrlimit(<i32>a1, a2);
    case NR_PRLIMIT64:
      return sysPrlimit(<i32>a1, <i32>a2, a3, a4);
    case NR_CLOSE:
      return sysClose(<i32>a1);
    case NR_PREAD64:
      return sysPread(<i32>a1, a2, a3, position(a4, a5));
    case NR_PWRITE64:
      return sysPwrite(<i32>a1, a2, a3, position(a4, a5));
    case NR_FTRUNCATE:
      return sysFtruncate(<i32>a1, shortLength(a2));
    case NR_FTRUNCATE64:
      return sysFtruncate(<i32>a1, position(a2, a3));
    case NR_FSYNC:
      return sysFsync(<i32>a1, false);
    case NR_FDATASYNC:
      return sysFsync(<i32>a1, true);
    case NR_REMAP_FILE_PAGES:
      return sysRemapFilePages(a1, a2, a3, a4, <i32>a5);
    case NR_MBIND:
      return sysMbind(a1, a2, <u32>a3, a4, a5, <u32>a6);
    case NR_MSEAL:
      return sysMseal(a1, a2, a3);
    case NR_PRCTL:
      return sysPrctl(<i32>a1, a2, a3, a4, a5);
    case NR_GETPID:
    case NR_GETTID:
      return PID;
    default:
      return errorResult(ENOSYS);
  }
}

/**
 * Makes system call number `nr`, i386's in ilp32, x86-64's in lp64. Its result, or -errno
 * (syscall(2), but raw).
 */
export function syscall(nr: i32, a1: word, a2: word, a3: word, a4: word, a5: word, a6: word): word {
  return traced(nr, a1, a2, a3, a4, a5, a6, dispatch(nr, a1, a2, a3, a4, a5, a6));
}
