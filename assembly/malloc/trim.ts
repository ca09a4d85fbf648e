// Giving memory back to the kernel: the end of the heap by the break, whole pages inside free chunks by madvise.

import { binAt, binIndex, unsortedBin } from "./bins";
import { Chunk, PREV_INUSE, addressOf } from "./chunk";
import { consolidate } from "./fastbins";
import { MINSIZE } from "./sizes";
import { MallocState, NBINS, mp } from "./state";
import { PAGE_SIZE, alignDown, alignUp, currentBreak, lessCore } from "./system";

/** Moves the break down so that about `pad` bytes of top remain. Whether anything was released (systrim). */
export function trimTop(arena: MallocState, pad: word): bool {
  const top = arena.top;
  const topSize = top.size;
  const spare = topSize - MINSIZE - 1;
  if (spare <= pad) return false;
  const extra = alignDown(spare - pad, mp.thpPagesize != 0 ? mp.thpPagesize : PAGE_SIZE);
  if (extra == 0) return false;
  // Only while the end of top is the break: somebody else may have called sbrk.
  const oldBreak = currentBreak();
  if (oldBreak != addressOf(top.at(topSize))) return false;
  lessCore(extra);
  const released = <word>(oldBreak - currentBreak());
  if (released == 0) return false;
  arena.systemMem -= released;
  top.mchunkSize = (topSize - released) | PREV_INUSE;
  return true;
}

/** Gives back what can be given back of an arena: whole pages inside free chunks, then the end of the heap (mtrim). */
export function trimArena(arena: MallocState, pad: word): bool {
  consolidate(arena);
  let released = false;
  const firstBin = binIndex(PAGE_SIZE);
  for (let index: u32 = 1; index < NBINS; index++) {
    if (index != 1 && index < firstBin) continue;
    const bin = index == 1 ? unsortedBin(arena) : binAt(arena, index);
    for (let p = bin.bk; p != bin; p = p.bk) {
      if (holdsWholePage(p)) released = true;
    }
  }
  // The pages themselves stay: WebAssembly cannot give them back, and what malloc hands out is not cleared anyway.
  return trimTop(arena, pad) || released;
}

/** Whether a free chunk has a page that neither its header nor the next chunk's shares. */
function holdsWholePage(p: Chunk): bool {
  const size = p.size;
  if (size <= PAGE_SIZE - 1 + offsetof<Chunk>()) return false;
  const firstPage = alignUp(<word>addressOf(p) + offsetof<Chunk>(), PAGE_SIZE);
  return size - (firstPage - <word>addressOf(p)) > PAGE_SIZE - 1;
}
