// What a process may have: address space, data, locked memory, and memory that the system could not
// give (overcommit). Each function compiles to its permissive answer in builds other than full.

import { PAGE_SIZE } from "../base/align";
import { mm } from "./mm";
import {
  KernelOption,
  RLIMIT_AS,
  RLIMIT_DATA,
  RLIMIT_MEMLOCK,
  maxMapCount,
  option,
  rlimit,
  rlimitMax,
} from "./options";
import { IS_FULL } from "./tier";
import { VM_GROWSDOWN, VM_LOCKED, VM_NORESERVE, VM_SHARED, VM_WRITE } from "./vma";

const OVERCOMMIT_ALWAYS: word = 1;
export const OVERCOMMIT_NEVER: word = 2;

/** Whether `pages` more with these flags stay within RLIMIT_AS and RLIMIT_DATA (may_expand_vm). */
export function mayExpand(flags: word, pages: word): bool {
  if (!IS_FULL) return true;
  if (<u64>mm.totalVm + <u64>pages > rlimit(RLIMIT_AS) / PAGE_SIZE) return false;
  if ((flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) != VM_WRITE) return true;
  const wanted = <u64>mm.dataVm + <u64>pages;
  if (wanted <= rlimit(RLIMIT_DATA) / PAGE_SIZE) return true;
  // A soft limit of 0 is how Valgrind keeps brk from growing; Linux lets mappings pass then.
  return rlimit(RLIMIT_DATA) == 0 && wanted <= rlimitMax(RLIMIT_DATA) / PAGE_SIZE;
}

/** Whether memory with these flags counts as committed (accountable_mapping). */
export function isAccountable(flags: word): bool {
  return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

/** CommitLimit, pages (vm_commit_limit). */
export function commitLimit(): u64 {
  const kbytes = <u64>option(KernelOption.OVERCOMMIT_KBYTES);
  const ram = <u64>option(KernelOption.TOTAL_RAM_PAGES);
  const part = kbytes != 0 ? kbytes >> 2 : (ram * <u64>option(KernelOption.OVERCOMMIT_RATIO)) / 100;
  return part + <u64>option(KernelOption.SWAP_PAGES);
}

/**
 * Pages that mode 2 keeps for the administrator, and, of what the process itself has, for a way
 * out.
 */
function reserve(): u64 {
  const isAdmin = option(KernelOption.CAP_SYS_ADMIN) != 0;
  const admin = isAdmin ? 0 : (<u64>option(KernelOption.ADMIN_RESERVE_KBYTES)) >> 2;
  return admin + min(<u64>mm.totalVm / 32, (<u64>option(KernelOption.USER_RESERVE_KBYTES)) >> 2);
}

/** Whether the system may promise `pages` more (__vm_enough_memory). Does not count them. */
export function isEnoughMemory(pages: word): bool {
  if (!IS_FULL) return true;
  const mode = option(KernelOption.OVERCOMMIT_MEMORY);
  if (mode == OVERCOMMIT_ALWAYS) return true;
  if (mode != OVERCOMMIT_NEVER) {
    const ram = <u64>option(KernelOption.TOTAL_RAM_PAGES);
    return <u64>pages <= ram + <u64>option(KernelOption.SWAP_PAGES);
  }
  return <u64>mm.committed + <u64>pages + reserve() < commitLimit();
}

/** Counts `pages` more (or, negative, fewer) as committed (vm_acct_memory). */
export function commit(pages: isize): void {
  if (IS_FULL) mm.committed += <word>pages;
}

/** Whether the heap may reach `address` (the first check of brk): its data counts, too. */
export function mayReach(address: word): bool {
  if (!IS_FULL) return true;
  const data = <u64>(address - mm.startBrk) + <u64>(mm.endData - mm.startData);
  return data <= rlimit(RLIMIT_DATA);
}

/** Whether the heap may become `pages` longer, with these flags (do_brk_flags). */
export function mayGrowHeap(flags: word, pages: word): bool {
  if (!IS_FULL) return true;
  if (!mayLockMore(flags, pages * PAGE_SIZE) || !mayExpand(flags, pages)) return false;
  return mm.mapCount <= maxMapCount() && isEnoughMemory(pages);
}

/** The flags that all new memory gets (mlockall with MCL_FUTURE). */
export function defaultFlags(): word {
  return IS_FULL ? mm.defFlags : 0;
}

/** Whether memory with these flags is locked: none is in builds that cannot lock any. */
export function isLocked(flags: word): bool {
  return IS_FULL && (flags & VM_LOCKED) != 0;
}

/** Counts `pages` more with these flags as locked, if they are. */
export function countLocked(flags: word, pages: word): void {
  if (isLocked(flags)) mm.lockedVm += pages;
}

/** Whether the process may lock memory at all (can_do_mlock). */
export function mayLock(): bool {
  return rlimit(RLIMIT_MEMLOCK) != 0 || option(KernelOption.CAP_IPC_LOCK) != 0;
}

/** Whether `bytes` more with these flags stay within RLIMIT_MEMLOCK (mlock_future_ok). */
export function mayLockMore(flags: word, bytes: word): bool {
  if (!isLocked(flags) || option(KernelOption.CAP_IPC_LOCK) != 0) return true;
  return <u64>mm.lockedVm + <u64>(bytes / PAGE_SIZE) <= rlimit(RLIMIT_MEMLOCK) / PAGE_SIZE;
}
