// mlock and its kin: regions whose pages stay resident, and what RLIMIT_MEMLOCK says to that.

import { PAGE_SIZE, alignDown, pageAlign } from "../../base/align";
import { populate } from "../access";
import { EINVAL, ENOMEM, EPERM, errorResult } from "../errno";
import { findUserVma } from "../find";
import { mayLock } from "../limits";
import { mm } from "../mm";
import { KernelOption, RLIMIT_MEMLOCK, option, rlimit } from "../options";
import { modifyRegion } from "../region";
import { reserveVmas } from "../slab";
import { NO_VMA, VM_DROPPABLE, VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, Vma } from "../vma";

/** Flags of mlock2 and mlockall. @host */
const MLOCK_ONFAULT: i32 = 1;
const MCL_CURRENT: i32 = 1;
const MCL_FUTURE: i32 = 2;
const MCL_ONFAULT: i32 = 4;

/**
 * Sets the lock bits of [start, end), within `region` (mlock_fixup). False when map_count is at its
 * limit.
 */
function lockWithin(region: Vma, start: usize, end: usize, bits: word): bool {
  const before = region.vmFlags;
  const flags = (before & ~VM_LOCKED_MASK) | bits;
  // What may be dropped at any time is not locked, and that is no error.
  if (flags == before || before & VM_DROPPABLE) return true;
  const result = modifyRegion(region, start, end, flags, region.nameId);
  if (result == NO_VMA) return false;
  const pages = <word>((end - start) / PAGE_SIZE);
  if (!(flags & VM_LOCKED)) mm.lockedVm -= pages;
  else if (!(before & VM_LOCKED)) mm.lockedVm += pages;
  return true;
}

/**
 * Sets the lock bits of [address, address + bytes), whole pages (apply_vma_lock_flags). 0 or an
 * error result.
 */
function lockRange(address: word, bytes: word, bits: word): word {
  const last = address + bytes;
  if (last < address) return errorResult(EINVAL);
  if (last == address) return 0;
  if (address >= mm.taskSize || !reserveVmas(2)) return errorResult(ENOMEM);
  const end = <usize>min(last, mm.taskSize);
  let start = <usize>address;
  while (start < end) {
    const region = findUserVma(start);
    if (region == NO_VMA || region.start > start) return errorResult(ENOMEM);
    const stop = min(end, region.end);
    if (!lockWithin(region, start, stop, bits)) return errorResult(ENOMEM);
    start = stop;
  }
  return <word>end < last ? errorResult(ENOMEM) : 0;
}

/**
 * Pages of [start, start + bytes), cut off at the end of all addresses, that are locked already
 * (count_mm_mlocked_page_nr).
 */
function lockedWithin(start: word, bytes: word): u64 {
  const end = start + bytes < start ? <word>-1 : start + bytes;
  let pages: u64 = 0;
  if (start >= mm.taskSize) return 0;
  for (let at = findUserVma(<usize>start); at != NO_VMA && at.vmStart < end;) {
    if (at.vmFlags & VM_LOCKED)
      pages += <u64>((min(end, at.vmEnd) - max(start, at.vmStart)) / PAGE_SIZE);
    at = findUserVma(at.end);
  }
  return pages;
}

/** Locks memory (do_mlock). 0 or an error result. */
function lockMemory(address: word, length: word, bits: word): word {
  if (!mayLock()) return errorResult(EPERM);
  const bytes = pageAlign(length + (address & (PAGE_SIZE - 1)));
  const start = alignDown(address, PAGE_SIZE);
  const limit = rlimit(RLIMIT_MEMLOCK) / PAGE_SIZE;
  if (option(KernelOption.CAP_IPC_LOCK) == 0) {
    let locked = <u64>(bytes / PAGE_SIZE) + <u64>mm.lockedVm;
    if (locked > limit) locked -= lockedWithin(start, bytes);
    if (locked > limit) return errorResult(ENOMEM);
  }
  const result = lockRange(start, bytes, bits);
  if (result != 0) return result;
  // Memory without any access right is locked, and yet the call fails.
  return populate(<usize>start, <usize>(start + bytes), false) ? 0 : errorResult(ENOMEM);
}

/** The mlock system call (mlock(2)). 0 or -errno. */
export function sysMlock(address: word, length: word): word {
  return lockMemory(address, length, VM_LOCKED);
}

/** The mlock2 system call. 0 or -errno. */
export function sysMlock2(address: word, length: word, flags: i32): word {
  if (flags & ~MLOCK_ONFAULT) return errorResult(EINVAL);
  return lockMemory(address, length, flags ? VM_LOCKED_MASK : VM_LOCKED);
}

/** The munlock system call. 0 or -errno. */
export function sysMunlock(address: word, length: word): word {
  const bytes = pageAlign(length + (address & (PAGE_SIZE - 1)));
  return lockRange(alignDown(address, PAGE_SIZE), bytes, 0);
}

/**
 * Sets what mlockall and munlockall ask for (apply_mlockall_flags). A region that cannot be changed
 * stays as it is.
 */
function lockAll(flags: i32): void {
  const onFault = flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0;
  mm.defFlags &= ~VM_LOCKED_MASK;
  if (flags & MCL_FUTURE) {
    mm.defFlags |= VM_LOCKED | onFault;
    if (!(flags & MCL_CURRENT)) return;
  }
  const bits = flags & MCL_CURRENT ? VM_LOCKED | onFault : 0;
  for (let at = findUserVma(0); at != NO_VMA;) {
    const end = at.end;
    lockWithin(at, at.start, end, bits);
    at = findUserVma(end);
  }
}

/** The mlockall system call (mlockall(2)). 0 or -errno. */
export function sysMlockall(flags: i32): word {
  if (flags == 0 || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
    return errorResult(EINVAL);
  if (!mayLock()) return errorResult(EPERM);
  const isWithin = <u64>mm.totalVm <= rlimit(RLIMIT_MEMLOCK) / PAGE_SIZE;
  if (flags & MCL_CURRENT && !isWithin && option(KernelOption.CAP_IPC_LOCK) == 0)
    return errorResult(ENOMEM);
  lockAll(flags);
  if (flags & MCL_CURRENT) populate(0, <usize>mm.taskSize);
  return 0;
}

/** The munlockall system call. Always 0. */
export function sysMunlockall(): word {
  lockAll(0);
  return 0;
}
