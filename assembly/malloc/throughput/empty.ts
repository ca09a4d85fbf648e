// The cache is emptied: on request, at a thread's end, and before an arena grows; and in part,
// where threads run at the same time and a class is full. What it holds may belong to any arena,
// and each block is freed under its arena's lock. Nobody waits for a lock with another one's held.

import { NO_ARENA, arenaFor, lockArena, mustBeArena, unlockArena } from "../arena";
import { Failure } from "../../base/failure";
import { isConcurrent, queuesFrees } from "../../sync/mutex";
import { IS_THREADED } from "../../sync/tier";
import { Chunk } from "../chunk";
import { CACHE_CLASSES } from "../classes/classes";
import { isRemote } from "../extensions/remote-frees";
import { followAside, mostChunks } from "../links";
import { freeAndMerge, tryQueue } from "../release";
import { FASTBIN_CONSOLIDATION_THRESHOLD, MallocState, thread } from "../state";
import { trimAfterFree } from "../trim";
import {
  MOST_KEPT,
  classCache,
  findTwice,
  fullClassOf,
  hasCache,
  heldBytes,
  keep,
  latest,
  nextOf,
  roomOf,
  take,
  takeBehind,
} from "./cache";
import { isFall, noteFall } from "./fall";

/** What stays of a class that was full, bytes of chunks: what a lock is taken for is worth it. */
const LEFT_OVER: i32 = MOST_KEPT / 2;

/**
 * Frees everything that this thread's cache holds, and gives the ends of heaps back as free does if
 * `isTrimming`. Whether there was anything. The thread holds no lock.
 */
export function emptyCache(isTrimming: bool): bool {
  let hasFreed = false;
  let locked = NO_ARENA;
  if (!hasCache()) return false;
  for (let index: u32 = 0; index < CACHE_CLASSES; index++) {
    for (let mem = take(index); mem != 0; mem = take(index)) {
      const p = Chunk.ofMem(mem);
      const arena = arenaFor(p);
      if (IS_THREADED && arena != locked) locked = changeLock(locked, arena, p);
      freeTaken(arena, p, isTrimming);
      hasFreed = true;
    }
  }
  unlockArena(locked);
  return hasFreed;
}

/** Frees a chunk that was taken out of the cache, with its arena locked. */
function freeTaken(arena: MallocState, p: Chunk, isTrimming: bool): void {
  if (IS_THREADED && arena.isRetired) return;
  const size = freeAndMerge(arena, p, p.size);
  if (isTrimming && size >= FASTBIN_CONSOLIDATION_THRESHOLD) trimAfterFree(arena);
}

/** Gives one arena's lock back and takes that of the chunk `p`, whose arena is `to`. @noinline */
function changeLock(from: MallocState, to: MallocState, p: Chunk): MallocState {
  unlockArena(from);
  if (p.isNonMain) mustBeArena(to, p);
  lockArena(to);
  return to;
}

/**
 * Frees what this thread's cache holds of `arena`, which the thread has locked: all where nothing
 * is locked. Whether there was anything.
 */
export function emptyInto(arena: MallocState): bool {
  if (!IS_THREADED) return emptyCache(false);
  let hasFreed = false;
  if (!hasCache()) return false;
  for (let index: u32 = 0; index < CACHE_CLASSES; index++) {
    let before: usize = 0;
    let left = mostChunks();
    for (let mem = latest(index); mem != 0;) {
      const p = Chunk.ofMem(mem);
      left = followAside(p, p, left, Failure.SEGV_TCACHE);
      const next = nextOf(mem);
      if (arenaFor(p) == arena) {
        takeBehind(index, before, mem);
        freeTaken(arena, p, false);
        hasFreed = true;
      } else {
        before = mem;
      }
      mem = next;
    }
  }
  return hasFreed;
}

/**
 * Empties the cache before the arena grows, if it holds an eighth of the arena. Then the arena may
 * grow by a quarter before that is done again: what is cached is cached for a reason.
 */
export function emptyBeforeGrowth(arena: MallocState): bool {
  const own = classCache();
  const total = arena.systemMem;
  if (!hasCache() || total < own.flushedAt || heldBytes() < total >> 3) return false;
  own.flushedAt = <u32>(total + (total >> 2));
  return emptyInto(arena);
}

/**
 * Keeps the chunk `p`, whose class is full, if there are other threads: half of what the class
 * holds goes to its arenas, so that a lock is taken for many. Whether it did.
 * @noinline
 */
export function keepInstead(p: Chunk): bool {
  if (!isConcurrent) return false;
  const index = fullClassOf(p);
  if (index >= CACHE_CLASSES) return false;
  findTwice(p.mem);
  halve(index);
  return keep(p.mem);
}

/** Gives back what class `index` holds beyond LEFT_OVER. */
function halve(index: u32): void {
  let locked = NO_ARENA;
  while (roomOf(index) < MOST_KEPT - LEFT_OVER) {
    const mem = take(index);
    if (mem == 0) break;
    const p = Chunk.ofMem(mem);
    const arena = arenaFor(p);
    if (p.isNonMain) mustBeArena(arena, p);
    if (queuesFrees && isRemote(arena)) {
      // That may take its lock.
      unlockArena(locked);
      locked = NO_ARENA;
      tryQueue(arena, p, p.size);
      continue;
    }
    if (arena != locked) locked = changeLock(locked, arena, p);
    freeTaken(arena, p, true);
  }
  unlockArena(locked);
}

/**
 * Empties the cache, which has come to its limit, if the heap has fallen. errno stays as it is.
 * @noinline
 */
export function emptyAfterFall(): void {
  if (!isFall()) return;
  const errno = thread.errno;
  emptyCache(true);
  thread.errno = errno;
  noteFall();
}
