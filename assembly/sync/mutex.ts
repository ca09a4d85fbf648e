// Locks over shared memory: a word that names its owner, so that somebody else can clean up when the owner is killed. In builds
// without threads nobody calls any of this.
//
//   bit 31   somebody may be waiting (atomic.wait)
//   0 … 30   the owner's number plus 1; 0: free
//
// The order in which a thread may take them: an arena's mutex or the list lock (arena.ts) first, then the kernel's (kernel/mmap-lock.ts).
// Nobody holds two arenas' mutexes, nor waits for one with the kernel's lock held; with the list lock held only repair.ts does.

import { corrupted } from "../base/failure";
import { COUNTS_HELD } from "./tier";

/** Why a thread ends over a lock: codes that follow those of `Failure` and `Invariant`. */
export enum LockFailure {
  LOCK_HELD = 301, // the lock at this address was held for longer than this thread has patience
  PROCESS_ABORTED, // another thread's call ended the process, with the code that stands in the address's place
  KERNEL_LOST, // a thread died in a system call that changed more than the journal holds
}

const WAITERS: i32 = 1 << 31;

/** Looks at a taken lock before waiting: a critical section is some ten to a hundred nanoseconds long. */
const SPINS: i32 = 128;

/** How long a wait lasts before the lock is looked at anew, ns. */
const WAIT_NS: i64 = 50_000_000;

/** How often a thread that may not wait looks at a lock in about a millisecond. */
const SPINS_A_MS: u32 = 0x4_0000;

/** Longer than any living thread holds a lock, ms. */
const SOON_MS: i32 = 200;

/** What a thread tells others of its locks. Not a struct of glibc's. */
@unmanaged
export class LockCounters {
  contended: u32; // times that a lock was found taken
  waited: u32; // times that this thread went to sleep over one
}

/** What the threads share besides. Not a struct of glibc's. */
@unmanaged
export class SharedState {
  listLock: i32; // list_lock, free_list_lock: the ring and the free list of arenas, and the threads' places
  patienceMs: i32; // how long a thread waits for a lock, ms; 0: for ever
  abortCode: i32; // the Failure that ended the process, or 0: the host writes it when a call fails
}

/** Whether there are other threads: until then nothing is locked (SINGLE_THREAD_P is the opposite). */
export let isConcurrent: bool = false;

let self: i32 = 0; // this thread's number plus 1
let mayWait: bool = true; // a browser's main thread may not
let counters: LockCounters = changetype<LockCounters>(0);
let shared: SharedState = changetype<SharedState>(0);

/** Locks that this thread holds; only where `COUNTS_HELD`. */
export let held: i32 = 0;

/** Makes this instance thread `number`. */
export function bindThreadLocks(number: u32, own: LockCounters, common: SharedState): void {
  self = <i32>number + 1;
  counters = own;
  shared = common;
}

/** From now on others may run at the same time. `canWait`: whether the host lets this thread sleep. */
export function becomeConcurrent(canWait: bool): void {
  isConcurrent = true;
  mayWait = canWait;
}

/** Takes the lock at `place`, waiting for it if need be. */
export function acquire(place: usize): void {
  if (!isConcurrent) return;
  if (atomic.cmpxchg<i32>(place, 0, self) != 0 && !acquireSlowly(place, shared.patienceMs)) {
    corrupted(<i32>LockFailure.LOCK_HELD, place);
  }
  if (COUNTS_HELD) held++;
}

/** Takes the lock at `place` unless it stays taken for so long that its owner seems to be dead. Whether it did. */
export function acquireSoon(place: usize): bool {
  if (!isConcurrent) return true;
  if (atomic.cmpxchg<i32>(place, 0, self) != 0 && !acquireSlowly(place, SOON_MS)) return false;
  if (COUNTS_HELD) held++;
  return true;
}

/** Gives back the lock at `place`. */
export function release(place: usize): void {
  if (!isConcurrent) return;
  const word = atomic.xchg<i32>(place, 0);
  if (COUNTS_HELD) held--;
  if (word & WAITERS) atomic.notify(place, 1);
}

/** Whether nobody holds the lock at `place` right now. */
export function isIdle(place: usize): bool {
  return atomic.load<i32>(place) == 0;
}

/** The number of the thread that holds the lock at `place`, or -1. */
export function ownerOf(place: usize): i32 {
  return (atomic.load<i32>(place) & ~WAITERS) - 1;
}

/**
 * Spins a little, then sleeps until the lock is free, or for about `patienceMs` ms, 0: for ever. Whether it has the lock. Whoever has slept
 * says that others may still do: it cannot know.
 */
function acquireSlowly(place: usize, patienceMs: i32): bool {
  counters.contended++;
  for (let spins = 0; spins < SPINS; spins++) {
    if (atomic.load<i32>(place) == 0 && atomic.cmpxchg<i32>(place, 0, self) == 0) return true;
  }
  let mine = self;
  let waitedMs: i64 = 0;
  let looks: u32 = 0;
  while (patienceMs == 0 || waitedMs < patienceMs) {
    const seen = atomic.load<i32>(place);
    if (seen == 0) {
      if (atomic.cmpxchg<i32>(place, 0, mine) == 0) return true;
      continue;
    }
    if (shared.abortCode != 0) corrupted(<i32>LockFailure.PROCESS_ABORTED, <usize>shared.abortCode);
    if (!mayWait) {
      if (++looks % SPINS_A_MS == 0) waitedMs++;
      continue;
    }
    const marked = seen | WAITERS;
    if (seen != marked && atomic.cmpxchg<i32>(place, seen, marked) != seen) continue;
    counters.waited++;
    mine = self | WAITERS;
    if (atomic.wait<i32>(place, marked, WAIT_NS) == TIMED_OUT) waitedMs += WAIT_NS / 1_000_000;
  }
  return false;
}

/** What atomic.wait returns when nobody woke the thread. */
const TIMED_OUT: i32 = 2;

/** Takes the lock at `place` from the dead thread `number`, if that one holds it. Whether it did. */
export function takeOver(place: usize, number: u32): bool {
  for (;;) {
    const seen = atomic.load<i32>(place);
    if ((seen & ~WAITERS) != <i32>number + 1) return false;
    if (atomic.cmpxchg<i32>(place, seen, self | (seen & WAITERS)) != seen) continue;
    if (COUNTS_HELD) held++;
    return true;
  }
}
