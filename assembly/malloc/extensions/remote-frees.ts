// An extension, off unless the host asks for it: what a thread frees into an arena that is
// another's goes onto that arena's queue, without its lock, and whoever next allocates from the
// arena takes it back. glibc takes the arena's lock for each such block, and so a thread that frees
// what another allocates holds that one up all the time. Addresses are then not glibc's any more: a
// block is free later. In the threaded build only.
//
// queue.ts says where an arena's queue is, release.ts takes back what is on it.

import { push } from "../../sync/stack";
import { threadArena } from "../arena";
import { Chunk } from "../chunk";
import { queuePlace } from "./queue";
import { MallocState } from "../state";

/**
 * How much a thread may queue before it takes everything back itself, bytes: the others may not
 * come by for long.
 */
const MOST_QUEUED: word = 1024 * 1024;

/** What this thread has queued since it last saw a queue empty, bytes. */
let queued: word = 0;

/** Whether an arena is another thread's, who will come by and take back what is queued. */
export function isRemote(arena: MallocState): bool {
  return arena != threadArena() && arena.attachedThreads != 0 && !arena.isRetired;
}

/**
 * Queues a chunk of `size` bytes that is to be freed in `arena`. Whether this thread has queued so
 * much by now that it is to take everything back itself.
 */
export function enqueue(arena: MallocState, p: Chunk, size: word): bool {
  const isFirst = push(queuePlace(arena), p.mem) == 0;
  queued = isFirst ? size : queued + size;
  if (queued <= MOST_QUEUED) return false;
  queued = 0;
  return true;
}
