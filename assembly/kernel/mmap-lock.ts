// The kernel's one lock (mmap_lock): whoever changes the region table, the break or the memory's size holds it. A
// thread may enter again what it is in already. What happens between the first entry and the last exit happens as a whole or,
// when the thread is killed, not at all: see journal.ts.

import { LockFailure, acquire, acquireSoon, isConcurrent, release, takeOver } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { corrupted } from "../base/failure";
import { beginJournal, commitJournal, rollBack } from "./journal";
import { MmStruct, mm } from "./mm";

/** How often this thread has entered. */
let depth: i32 = 0;

function lockPlace(): usize {
  return changetype<usize>(mm) + offsetof<MmStruct>("mmapLock");
}

/** Takes the kernel's lock (mmap_write_lock). */
export function enterKernel(): void {
  if (IS_THREADED) {
    if (!isConcurrent || depth++ > 0) return;
    acquire(lockPlace());
    beginJournal();
  }
}

/** Takes it unless it stays taken for so long that its owner seems to be dead. Whether it did. */
export function enterKernelSoon(): bool {
  if (IS_THREADED) {
    if (!isConcurrent) return true;
    if (depth == 0 && !acquireSoon(lockPlace())) return false;
    if (depth++ == 0) beginJournal();
  }
  return true;
}

/** Gives it back (mmap_write_unlock). */
export function leaveKernel(): void {
  if (IS_THREADED) {
    if (!isConcurrent || --depth > 0) return;
    commitJournal();
    release(lockPlace());
  }
}

/** If the dead thread `number` was in the kernel: undoes what it did there. Whether it was. */
export function recoverKernel(number: u32): bool {
  if (!takeOver(lockPlace(), number)) return false;
  const isWhole = rollBack();
  release(lockPlace());
  if (!isWhole) corrupted(<i32>LockFailure.KERNEL_LOST, lockPlace());
  return true;
}
