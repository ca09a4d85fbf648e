// What the cache does not keep: a chunk merges with its free neighbours and goes to its bin, or
// becomes a part of top.

import { Failure, corrupted } from "../../base/failure";
import { arenaFor } from "../arena";
import { Chunk, PREV_INUSE, addressOf } from "../chunk";
import { refuse } from "../links";
import { CHUNK_HDR_SZ } from "../sizes";
import { FASTBIN_CONSOLIDATION_THRESHOLD, MallocState } from "../state";
import { lowerTop } from "../top";
import { trimAfterFree } from "../trim";
import { classCache, hasCache, heldBytes, take } from "./cache";
import { insert, remove } from "./class-bins";
import { CACHE_CLASSES } from "./classes";

/** Frees a chunk of `chunkSize` bytes, with glibc's checks. The size of what it is part of then. */
export function merge(arena: MallocState, chunk: Chunk, chunkSize: word): word {
  let p = chunk;
  let size = chunkSize;
  const top = arena.top;
  const next = p.at(size);
  if (p == top) corrupted(Failure.DOUBLE_FREE_TOP, addressOf(p));
  if (arena.contiguous && addressOf(next) >= addressOf(top.at(top.size)))
    refuse(Failure.DOUBLE_FREE_OUT, addressOf(p));
  if (!next.prevInuse) corrupted(Failure.DOUBLE_FREE_PREV, addressOf(p));
  const nextSize = next.size;
  if (next.mchunkSize <= CHUNK_HDR_SZ || nextSize >= arena.systemMem)
    corrupted(Failure.FREE_NEXT_SIZE_NORMAL, addressOf(p));
  if (!p.prevInuse) {
    const previousSize = p.mchunkPrevSize;
    size += previousSize;
    p = p.before(previousSize);
    if (p.size != previousSize) corrupted(Failure.CONSOLIDATE_PREV_SIZE, addressOf(p));
    remove(arena, p, previousSize);
  }
  if (next == top) {
    size += nextSize;
    lowerTop(arena, p, size);
    return size;
  }
  if (next.at(nextSize).prevInuse) {
    next.mchunkSize &= ~PREV_INUSE;
  } else {
    remove(arena, next, nextSize);
    size += nextSize;
  }
  putFree(arena, p, size);
  return size;
}

/** Writes the tags of a free chunk of `size` bytes and puts it into its bin. */
export function putFree(arena: MallocState, p: Chunk, size: word): void {
  p.setHead(size, PREV_INUSE);
  p.setFoot(size);
  insert(arena, p, size);
}

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
      const size = merge(arena, p, p.size);
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
