// Giving memory back to the kernel: the end of the heap by the break, whole pages inside free chunks by madvise.

import { Failure } from "../base/failure";
import { queuesFrees } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { binAt, binIndex, unsortedBin } from "./bins";
import { Chunk, PREV_INUSE, addressOf } from "./chunk";
import { consolidate } from "./fastbins";
import { followAside, mostChunks } from "./links";
import { takeBack } from "./remote";
import { MINSIZE } from "./sizes";
import { MOST_ARENAS, lockArena, nextArena, unlockArena } from "./arena";
import { MallocState, NBINS, mainArena, mp } from "./state";
import {
  PAGE_SIZE,
  alignDown,
  alignUp,
  currentBreak,
  discardPages,
  enterKernel,
  leaveKernel,
  lessCore,
} from "./system";

/** Moves the break down so that about `pad` bytes of top remain. Whether anything was released (systrim). */
export function trimTop(arena: MallocState, pad: word): bool {
  const top = arena.top;
  const topSize = top.size;
  const spare = topSize - MINSIZE - 1;
  if (spare <= pad) return false;
  const extra = alignDown(spare - pad, mp.thpPagesize != 0 ? mp.thpPagesize : PAGE_SIZE);
  if (extra == 0) return false;
  enterKernel();
  const isLower = moveDown(arena, top, topSize, extra);
  leaveKernel();
  return isLower;
}

/** Takes `extra` bytes off the end of top, by the break. Whether that could be. */
function moveDown(arena: MallocState, top: Chunk, topSize: word, extra: word): bool {
  // Only while the end of top is the break: somebody else may have called sbrk.
  const oldBreak = currentBreak();
  if (oldBreak != addressOf(top.at(topSize))) return false;
  lessCore(extra);
  // A top of MINSIZE makes `spare` -1: glibc then asks for a page instead of giving one back.
  const released = <word>oldBreak - <word>currentBreak();
  if (released == 0) return false;
  arena.systemMem -= released;
  top.mchunkSize = (topSize - released) | PREV_INUSE;
  return true;
}

/** Gives back what can be given back of all arenas, but for `pad` bytes of main_arena's top. Whether there was anything (malloc_trim). */
export function trimAll(pad: word): bool {
  let released = false;
  let arena = mainArena;
  let left = MOST_ARENAS;
  do {
    lockArena(arena);
    if (IS_THREADED && queuesFrees) takeBack(arena);
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
  const firstBin = binIndex(PAGE_SIZE);
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

/** Gives back the pages of a free chunk that neither its header nor the next chunk's shares. Whether there are any. */
function discardInside(p: Chunk): bool {
  const size = p.size;
  if (size <= PAGE_SIZE - 1 + offsetof<Chunk>()) return false;
  const firstPage = alignUp(<word>addressOf(p) + offsetof<Chunk>(), PAGE_SIZE);
  const spare = size - (firstPage - <word>addressOf(p));
  if (spare < PAGE_SIZE) return false;
  discardPages(<usize>firstPage, alignDown(spare, PAGE_SIZE));
  return true;
}
