// Locks over shared memory: a word that names its owner, so that somebody else can clean up when
// the owner is killed. In builds without threads nobody calls any of this.
//
//   bit 31   somebody may be waiting (atomic.wait)
//   0 … 30   the owner's number plus 1; 0: free
//
// The order in which a thread may take them: an arena's mutex or the list lock (arena.ts) first,
// then the kernel's (kernel/mmap-lock.ts). Nobody holds two arenas' mutexes, nor waits for one with
// the kernel's lock held; with the list lock held only repair.ts does.

import { corrupted } from "../base/failure";
import { COUNTS_HELD } from "./tier";

/** Why a thread ends over a lock: codes that follow those of `Failure` and `Invariant`. */
export enum LockFailure {
  LOCK_HELD = 301, // the lock at this address was held for longer than this thread has patience
  PROCESS_ABORTED, // another thread's call ended the process; the address is its code
  KERNEL_LOST, // a thread died in a system call that changed more than the journal holds
}

const WAITERS: i32 = 1 << 31;

/**
 * Looks at a taken lock before waiting: a critical section is some ten to a hundred nanoseconds
 * long.
 */
const SPINS: i32 = 128;

/** How long a wait lasts before the lock is looked at anew, ms. */
const WAIT_MS: i32 = 50;

/**
 * Looks at a taken lock before somebody who must not wait for it goes away: half a second where
 * waiting is allowed.
 */
const SOON_SPINS: u32 = 10 * 1024;

/** Looks after which a thread that may not wait gives up: some seconds. */
const PATIENCE_SPINS: u32 = 0x4000_0000;

/** What a thread tells others of its locks. Not a struct of glibc's. */
@unmanaged
export class LockCounters {
  contended: u32; // times that a lock was found taken
  waited: u32; // times that this thread went to sleep over one
}

/** What the threads share besides. Not a struct of glibc's. */
@unmanaged
export class SharedState {
  listLock: i32; // list_lock, free_list_lock: arenas' ring and free list, threads' places
  patienceMs: i32; // how long a thread waits for a lock, ms; 0: for ever
  abortCode: i32; // the Failure that ended the process, or 0: the host writes it when a call fails
  queuesFrees: i32; // whether frees into others' arenas are queued (remote-frees.ts)
  mainQueue: u32; // what is queued for main_arena
  largeTcache: u32; // most of larger blocks in a tcache, bytes; 0: none (large-tcache.ts)
}

/**
 * Whether there are other threads: until then nothing is locked (SINGLE_THREAD_P is the opposite).
 */
export let isConcurrent: bool = false;

/**
 * Whether frees into others' arenas are queued (malloc/extensions/remote-frees.ts):
 * SharedState.queuesFrees, which does not change once there are others.
 */
export let queuesFrees: bool = false;

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
  queuesFrees = common.queuesFrees != 0;
}

/** Says, before there are other threads, whether frees into others' arenas are queued. */
export function setQueuesFrees(queues: bool): void {
  shared.queuesFrees = queues ? 1 : 0;
  queuesFrees = queues;
}

/**
 * From now on others may run at the same time. `canWait`: whether the host lets this thread sleep.
 */
export function becomeConcurrent(canWait: bool): void {
  isConcurrent = true;
  mayWait = canWait;
}

/** Looks after which an address is nowhere: a wild one, which the next access will trap at. */
const SEE_LOOKS: u32 = 100_000;

/** WebAssembly pages that this thread has seen. */
let seenPages: u32 = 0;

/** Waits until this thread may use what is at `place` with atomics. */
export function see(place: usize): void {
  if (seenPages <= <u32>(place >> 16)) look(place);
}

/**
 * Waits until this thread sees that the memory reaches to `place`. Memory that another thread has
 * grown is there for plain loads and stores at once, but V8 checks atomics against a size that each
 * thread learns anew only at a loop or a call.
 * @noinline
 */
function look(place: usize): void {
  for (let looks: u32 = 0; looks < SEE_LOOKS; looks++) {
    seenPages = <u32>memory.size();
    if (seenPages > <u32>(place >> 16)) return;
  }
}

/** Takes the lock at `place`, waiting for it if need be. */
export function acquire(place: usize): void {
  if (!isConcurrent) return;
  see(place);
  if (atomic.cmpxchg<i32>(place, 0, self) != 0) acquireSlowly(place);
  if (COUNTS_HELD) held++;
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
  see(place);
  return atomic.load<i32>(place) == 0;
}

/** The number of the thread that holds the lock at `place`, or -1. */
export function ownerOf(place: usize): i32 {
  return (atomic.load<i32>(place) & ~WAITERS) - 1;
}

/**
 * Spins a little, then sleeps until the lock is free. Whoever has slept says that others may still
 * do: it cannot know.
 * @noinline
 */
function acquireSlowly(place: usize): void {
  counters.contended++;
  for (let spins = 0; spins < SPINS; spins++) {
    if (atomic.load<i32>(place) == 0 && atomic.cmpxchg<i32>(place, 0, self) == 0) return;
  }
  let mine = self;
  // Not an i64: V8's baseline compiler (11.3, Node.js 20) loses count of one around the wait, and
  // the thread waits for ever.
  let waitedMs = 0;
  for (let looks: u32 = 0; ; looks++) {
    const seen = atomic.load<i32>(place);
    if (seen == 0) {
      if (atomic.cmpxchg<i32>(place, 0, mine) == 0) return;
      continue;
    }
    if (shared.abortCode != 0) corrupted(<i32>LockFailure.PROCESS_ABORTED, <usize>shared.abortCode);
    if (!mayWait) {
      if (looks >= PATIENCE_SPINS && shared.patienceMs != 0)
        corrupted(<i32>LockFailure.LOCK_HELD, place);
      continue;
    }
    const marked = seen | WAITERS;
    if (seen != marked && atomic.cmpxchg<i32>(place, seen, marked) != seen) continue;
    counters.waited++;
    mine = self | WAITERS;
    if (sleep(place, marked) != TIMED_OUT) continue;
    waitedMs += WAIT_MS;
    if (shared.patienceMs != 0 && waitedMs >= shared.patienceMs)
      corrupted(<i32>LockFailure.LOCK_HELD, place);
  }
}

/**
 * Sleeps while `value` stands at `place`, for a while at most. What atomic.wait returns.
 * @noinline
 */
function sleep(place: usize, value: i32): i32 {
  return atomic.wait<i32>(place, value, <i64>WAIT_MS * 1_000_000);
}

/** What atomic.wait returns when nobody woke the thread. */
const TIMED_OUT: i32 = 2;

/**
 * Takes the lock at `place` if that can be had soon: its owner may be dead, and whoever asks be the
 * one to bury it.
 */
export function acquireSoon(place: usize): bool {
  see(place);
  for (let looks: u32 = 0; looks < SOON_SPINS; looks++) {
    const seen = atomic.load<i32>(place);
    if (seen == 0 && atomic.cmpxchg<i32>(place, 0, self) == 0) {
      if (COUNTS_HELD) held++;
      return true;
    }
    if (mayWait && (looks & 1023) == 1023) sleep(place, seen);
  }
  return false;
}

/**
 * Takes the lock at `place` from the dead thread `number`, if that one holds it. Whether it did.
 */
export function takeOver(place: usize, number: u32): bool {
  see(place);
  for (;;) {
    const seen = atomic.load<i32>(place);
    if ((seen & ~WAITERS) != <i32>number + 1) return false;
    if (atomic.cmpxchg<i32>(place, seen, self | (seen & WAITERS)) != seen) continue;
    if (COUNTS_HELD) held++;
    return true;
  }
}
