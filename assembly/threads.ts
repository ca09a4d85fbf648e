// The threaded build: the allocator over shared memory, one instance a thread, and what is to be
// done when a thread dies.

import { becomeConcurrent, setQueuesFrees } from "./sync/mutex";
import { Repair } from "./malloc/estate";
import { buryThread } from "./malloc/repair";
import { libc, sharedState } from "./malloc/state";
import { scratch } from "./process";

export * from "./index";
export * from "./checker-functions";

/**
 * Says that there are, or may be from now on, other threads: from here on this instance locks what
 * it shares. The first thread calls it before any other instance is attached, the others right
 * after `attach`. `canWait`: 0 where the host forbids waiting, as on a browser's main thread, which
 * then spins.
 */
export function share(canWait: i32): void {
  libc.hasThreads = 1;
  becomeConcurrent(canWait != 0);
}

/**
 * How long threads wait for a lock before they give up (LockFailure.LOCK_HELD), ms; 0: for ever.
 */
export function set_patience(ms: i32): void {
  sharedState().patienceMs = ms;
}

/**
 * Whether what a thread frees into another thread's arena is queued for that one instead of being
 * freed under the arena's lock: an extension, see malloc/extensions/remote-frees.ts. Not while
 * there are other threads.
 */
export function set_queued_frees(queues: i32): void {
  setQueuesFrees(queues != 0);
}

/**
 * How many bytes of blocks beyond tcache's largest bin each thread's tcache may keep, 0: none: an
 * extension, see malloc/extensions/large-tcache.ts. Before the first allocation.
 */
export function set_large_tcache(bytes: u32): void {
  sharedState().largeTcache = bytes;
}

/** The address of SharedState. */
export function shared_state(): usize {
  return changetype<usize>(sharedState());
}

/**
 * Cleans up after thread `number`, which was killed: it must not run any more. Locks that it held
 * are free then, what it was in the middle of is undone or put in order, its tcache's blocks and
 * its arena are there for others. What was done is in the Repair at `scratch`. A `Burial`: when it
 * is BUSY, another thread, Repair.blockedBy, holds a lock for so long that it may be dead, too:
 * call again once that one has been dealt with.
 */
export function thread_died(number: u32): i32 {
  return buryThread(number, changetype<Repair>(scratch()));
}
