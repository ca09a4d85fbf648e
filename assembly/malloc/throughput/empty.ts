// The cache is emptied: on request, at a thread's end, and before an arena grows.

import { arenaFor } from "../arena";
import { Chunk } from "../chunk";
import { CACHE_CLASSES } from "../classes/classes";
import { freeAndMerge } from "../release";
import { FASTBIN_CONSOLIDATION_THRESHOLD, MallocState, thread } from "../state";
import { trimAfterFree } from "../trim";
import { classCache, hasCache, heldBytes, take } from "./cache";
import { isFall, noteFall } from "./fall";

/**
 * Frees everything that this thread's cache holds, and gives the ends of heaps back as free does if
 * `isTrimming`. Whether there was anything.
 */
export function emptyCache(isTrimming: bool): bool {
  let hasFreed = false;
  if (!hasCache()) return false;
  for (let index: u32 = 0; index < CACHE_CLASSES; index++) {
    for (let mem = take(index); mem != 0; mem = take(index)) {
      const p = Chunk.ofMem(mem);
      const arena = arenaFor(p);
      const size = freeAndMerge(arena, p, p.size);
      if (isTrimming && size >= FASTBIN_CONSOLIDATION_THRESHOLD) trimAfterFree(arena);
      hasFreed = true;
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
  return emptyCache(false);
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
