// The end of a thread: what its tcache holds goes back, and its arena is free for others.

import { IS_SMALL, IS_THROUGHPUT } from "../abi/profile";
import { MAKES_TCACHE_LATE } from "../abi/version";
import { Failure, corrupted } from "../base/failure";
import { queuesFrees } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import {
  arenaFor,
  leaveArena,
  lockArena,
  lockList,
  threadArena,
  unlockArena,
  unlockList,
} from "./arena";
import { Chunk, isMisaligned, revealLink } from "./chunk";
import { hasLarge, largeLists } from "./extensions/large-tcache";
import { followAside, mostChunks } from "./links";
import { freeChunk, freeToArena, takeBack } from "./release";
import { thread } from "./state";
import { surrenderTcache } from "./tcache";
import { TCACHE_MAX_BINS, latestIn, setKey, setLatest } from "./tcache-lists";
import { emptyCache } from "./throughput/calls";
import { freeMapped } from "./mapped";

/**
 * Frees a chunk, in whichever arena it lies, past this thread's tcache, which is going.
 * @noinline
 */
function giveBack(p: Chunk): void {
  if (MAKES_TCACHE_LATE) freeToArena(arenaFor(p), p, p.size, false);
  else if (p.isMmapped) freeMapped(p);
  else freeChunk(arenaFor(p), p, false);
}

/**
 * Gives the blocks in this thread's tcache back to their arenas, then the tcache itself
 * (tcache_thread_shutdown).
 */
export function emptyTcache(): void {
  if (IS_THROUGHPUT) emptyCache(true);
  if (IS_SMALL) return;
  const cache = surrenderTcache();
  if (cache != 0) {
    if (!IS_THROUGHPUT) emptyLists(cache);
    if (IS_THREADED && hasLarge()) emptyLists(largeLists(cache));
    if (IS_THREADED) thread.tcache = 0;
    giveBack(Chunk.ofMem(cache));
  }
}

/** Gives back the blocks in a tcache's lists. */
function emptyLists(lists: usize): void {
  for (let index: u32 = 0; index < TCACHE_MAX_BINS; index++) {
    let left = mostChunks();
    for (let mem = latestIn(lists, index); mem != 0;) {
      if (isMisaligned(mem)) corrupted(Failure.TCACHE_SHUTDOWN_UNALIGNED, mem);
      left = followAside(Chunk.ofMem(mem), Chunk.ofMem(mem), left, Failure.SEGV_TCACHE);
      const next = revealLink(mem);
      if (IS_THREADED || MAKES_TCACHE_LATE) setLatest(lists, index, next);
      if (MAKES_TCACHE_LATE) setKey(mem, 0);
      giveBack(Chunk.ofMem(mem));
      mem = next;
    }
  }
}

/** The end of this thread: its tcache is given back; its arena is free for others. */
export function threadExit(): void {
  emptyTcache();
  if (IS_THREADED && queuesFrees) settleArena();
  lockList();
  leaveArena();
  unlockList();
  // Last: whoever is killed before has locks, and counts as a thread.
  thread.isAlive = 0;
}

/** Takes back what is queued for this thread's arena: there may be no other thread to do it. */
function settleArena(): void {
  const arena = threadArena();
  lockArena(arena);
  takeBack(arena, false);
  unlockArena(arena);
}
