// An extension, off unless the host asks for it: what a thread frees into an arena that is another's goes onto that arena's queue, without its
// lock, and whoever next allocates from the arena takes it back. glibc takes the arena's lock for each such block, and so a thread that
// frees what another allocates holds that one up all the time. Addresses are then not glibc's any more: a block is free later. In the
// threaded build only.
//
// An arena's queue is in the pad of its first heap's header, which glibc leaves alone; main_arena's in SharedState.

import { below, push, takeAll, topOf } from "../sync/stack";
import { NO_ARENA, arenaFor, lockArena, threadArena, unlockArena } from "./arena";
import { Failure } from "../base/failure";
import { Chunk } from "./chunk";
import { followAside, mostChunks } from "./links";
import { freeChunk } from "./release";
import { HeapInfo, MallocState, mainArena, sharedState, thread } from "./state";
import { SharedState } from "../sync/mutex";

/** How much a thread may queue before it takes everything back itself, bytes: the others may not come by for long. */
const MOST_QUEUED: word = 1024 * 1024;

/** What this thread has queued since it last saw a queue empty, bytes. */
let queued: word = 0;

/** Where the top of an arena's queue is. */
export function queuePlace(arena: MallocState): usize {
  if (arena == mainArena)
    return changetype<usize>(sharedState()) + offsetof<SharedState>("mainQueue");
  return changetype<usize>(arena) - offsetof<HeapInfo>() + offsetof<HeapInfo>("pad");
}

/** Makes the queue of a new arena empty. */
export function clearQueue(arena: MallocState): void {
  store<u32>(queuePlace(arena), 0);
}

/** Where frees are queued: queues a chunk of `size` bytes that is to be freed in `arena`, if it is another thread's. Whether it was. */
export function queueRemote(arena: MallocState, p: Chunk, size: word): bool {
  if (arena == threadArena()) return false;
  // Nobody would come by.
  if (arena.attachedThreads == 0 || arena.isRetired) return false;
  const isFirst = push(queuePlace(arena), p.mem) == 0;
  queued = isFirst ? size : queued + size;
  if (queued > MOST_QUEUED) {
    lockArena(arena);
    takeBack(arena);
    unlockArena(arena);
    queued = 0;
  }
  return true;
}

/** Frees what others have queued for `arena`, which this thread has locked. */
export function takeBack(arena: MallocState): void {
  if (arena == NO_ARENA || load<u32>(queuePlace(arena)) == 0) return;
  const place = queuePlace(arena);
  let mem: usize;
  do {
    mem = topOf(place);
    // Should this thread die from here on, whoever buries it finds them there.
    thread.backlog = <u32>mem;
  } while (!takeAll(place, mem));
  let left = mostChunks();
  while (mem != 0) {
    left = followAside(Chunk.ofMem(mem), Chunk.ofMem(mem), left, Failure.SEGV_QUEUE);
    const next = below(mem);
    thread.backlog = <u32>next;
    freeChunk(arena, Chunk.ofMem(mem), true);
    mem = next;
  }
}

/** After the death of a thread that had `arena` locked: whether what its backlog names still is on the queue. */
export function isQueued(arena: MallocState, mem: usize): bool {
  if (Chunk.ofMem(mem).isMmapped || arenaFor(Chunk.ofMem(mem)) != arena) return false;
  let left = mostChunks();
  for (let one = topOf(queuePlace(arena)); one != 0; one = below(one)) {
    if (one == mem) return true;
    left = followAside(Chunk.ofMem(one), Chunk.ofMem(one), left, Failure.SEGV_QUEUE);
  }
  return false;
}
