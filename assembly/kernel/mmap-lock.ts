// The kernel's one lock (mmap_lock): whoever changes the region table, the break or the memory's
// size holds it. A thread may enter again what it is in already. What happens between the first
// entry and the last exit happens as a whole or, when the thread is killed, not at all: see
// journal.ts.

import {
  LockFailure,
  acquire,
  acquireSoon,
  isConcurrent,
  ownerOf,
  release,
  takeOver,
} from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { corrupted } from "../base/failure";
import { beginJournal, commitJournal, rollBack } from "./journal";
import { MmStruct, mm } from "./mm";
import { distrustMemory } from "./pages";

/** How often this thread has entered. */
let depth: i32 = 0;

function lockPlace(): usize {
  return changetype<usize>(mm) + offsetof<MmStruct>("mmapLock");
}

/** Takes the kernel's lock (mmap_write_lock). */
export function enterKernel(): void {
  if (IS_THREADED) {
    if (!isConcurrent) return;
    // Only then: who gives up waiting has not entered.
    if (depth == 0) acquire(lockPlace());
    if (depth++ == 0) beginJournal();
  }
}

/** Gives it back (mmap_write_unlock). */
export function leaveKernel(): void {
  if (IS_THREADED) {
    if (!isConcurrent || --depth > 0) return;
    commitJournal();
    release(lockPlace());
  }
}

/** As `enterKernel`, if that can be done soon. */
export function enterKernelSoon(): bool {
  if (isConcurrent && depth == 0) {
    if (!acquireSoon(lockPlace())) return false;
    beginJournal();
  }
  depth++;
  return true;
}

/** The thread that is in the kernel, or -1. */
export function kernelOwner(): i32 {
  return ownerOf(lockPlace());
}

/** If the dead thread `number` was in the kernel: undoes what it did there. Whether it was. */
export function recoverKernel(number: u32): bool {
  if (!takeOver(lockPlace(), number)) return false;
  const isWhole = rollBack();
  distrustMemory();
  release(lockPlace());
  if (!isWhole) corrupted(<i32>LockFailure.KERNEL_LOST, lockPlace());
  return true;
}
