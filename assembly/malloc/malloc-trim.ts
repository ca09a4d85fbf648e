// malloc_trim: gives back the end of the heap by the break, and whole pages inside the free chunks
// of all arenas by madvise.

import { IS_CLASSED, IS_THROUGHPUT } from "../abi/profile";
import { Failure } from "../base/failure";
import { queuesFrees } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { MOST_ARENAS, lockArena, nextArena, unlockArena } from "./arena";
import { binAt, binIndex, unsortedBin } from "./bins";
import { Chunk, addressOf } from "./chunk";
import { consolidate } from "./fastbins";
import { followAside, mostChunks } from "./links";
import { takeBack } from "./release";
import { MallocState, NBINS, mainArena } from "./state";
import { PAGE_SIZE, alignDown, alignUp, discardPages } from "./system";
import { binOfClass } from "./classes/class-bins";
import { classOf } from "./classes/classes";
import { emptyCache } from "./throughput/empty";
import { trimTop } from "./trim";

/**
 * Gives back what can be given back of all arenas, but for `pad` bytes of main_arena's top. Whether
 * there was anything (malloc_trim).
 */
export function trimAll(pad: word): bool {
  let released = false;
  if (IS_THROUGHPUT) emptyCache(true);
  let arena = mainArena;
  let left = MOST_ARENAS;
  do {
    lockArena(arena);
    if (IS_THREADED && queuesFrees) takeBack(arena, false);
    if (!(IS_THREADED && arena.isRetired)) {
      if (trimArena(arena)) released = true;
      if (arena == mainArena && trimTop(arena, pad)) released = true;
    }
    unlockArena(arena);
    arena = nextArena(arena, left--);
  } while (arena != mainArena);
  return released;
}

/** Gives back whole pages inside free chunks (mtrim). */
function trimArena(arena: MallocState): bool {
  consolidate(arena);
  let released = false;
  const firstBin = IS_CLASSED ? binOfClass(classOf(PAGE_SIZE)) : binIndex(PAGE_SIZE);
  for (let index: u32 = 1; index < NBINS; index++) {
    if (index != 1 && index < firstBin) continue;
    const bin = index == 1 ? unsortedBin(arena) : binAt(arena, index);
    let left = chunksIn(bin);
    let from = bin;
    for (let p = bin.bk; p != bin; p = p.bk) {
      left = followAside(from, p, left, Failure.SEGV_TRIM_BIN);
      from = p;
      if (discardInside(p)) released = true;
    }
  }
  return released;
}

/**
 * How many chunks are in a bin. Counted before anything is done there: a circle of millions of
 * system calls would take minutes. Chunks that overlap may lose their links on the way, too.
 */
function chunksIn(bin: Chunk): u32 {
  const most = mostChunks();
  let left = most;
  let from = bin;
  for (let p = bin.bk; p != bin; p = p.bk) {
    left = followAside(from, p, left, Failure.SEGV_TRIM_BIN);
    from = p;
  }
  return most - left;
}

/**
 * Gives back the pages of a free chunk that neither its header nor the next chunk's shares. Whether
 * there are any.
 */
function discardInside(p: Chunk): bool {
  const size = p.size;
  if (size <= PAGE_SIZE - 1 + offsetof<Chunk>()) return false;
  const firstPage = alignUp(<word>addressOf(p) + offsetof<Chunk>(), PAGE_SIZE);
  const spare = size - (firstPage - <word>addressOf(p));
  if (spare < PAGE_SIZE) return false;
  discardPages(<usize>firstPage, alignDown(spare, PAGE_SIZE));
  return true;
}
