// realloc in the profile "small", where there is no room behind a block: it grows together with the
// heap if it is the last one, or down into a free chunk in front of it. So it is not there twice.

import { Failure, corrupted } from "../../base/failure";
import { Chunk, PREV_INUSE, addressOf, usableSize } from "../chunk";
import { putFree, remove } from "../classes/class-bins";
import { isToBeMapped, systemMalloc } from "../extend";
import { freeChunk } from "../release";
import { MINSIZE } from "../sizes";
import { MallocState } from "../state";
import { lowerTop } from "../top";

/**
 * Makes the chunk `p`, behind which realloc found no room, `size` bytes long. Its block, which may
 * lie lower now, or 0.
 */
export function growInPlace(arena: MallocState, p: Chunk, size: word): usize {
  const next = p.at(p.size);
  const room: word = next == arena.top ? next.size - MINSIZE : next.inuse ? 0 : next.size;
  const below: word = p.prevInuse ? 0 : p.mchunkPrevSize;
  if (below + p.size + room >= size) return growDown(arena, p, below, next, size);
  return next == arena.top ? growHeap(arena, p, next, size) : 0;
}

/** The same together with the heap: what is missing is a chunk of its own first. */
function growHeap(arena: MallocState, p: Chunk, top: Chunk, size: word): usize {
  const missing = max(size - p.size, MINSIZE);
  if (isToBeMapped(missing)) return 0;
  const mem = systemMalloc(missing, arena);
  if (mem == 0) return 0;
  const more = Chunk.ofMem(mem);
  if (more != top) {
    // Somebody else has moved the break.
    freeChunk(arena, more, true);
    return 0;
  }
  p.setHeadSize(p.size + more.size);
  return p.mem;
}

/** The same by taking in the `below` bytes in front of the chunk, and `next`, as far as needed. */
function growDown(arena: MallocState, p: Chunk, below: word, next: Chunk, size: word): usize {
  const first = p.before(below);
  if (first.size != below) corrupted(Failure.CONSOLIDATE_PREV_SIZE, addressOf(p));
  const used = <usize>usableSize(p);
  const isLast = next == arena.top;
  let have = below + p.size;
  remove(arena, first, below);
  if (isLast || !next.inuse) {
    have += next.size;
    if (!isLast) remove(arena, next, next.size);
  }
  memory.copy(first.mem, p.mem, used);
  const rest = have - size;
  first.setHeadSize(isLast || rest >= MINSIZE ? size : have);
  if (isLast) {
    lowerTop(arena, first.at(size), rest);
  } else if (rest >= MINSIZE) {
    putFree(arena, first.at(size), rest);
    first.at(have).mchunkSize &= ~PREV_INUSE;
  } else {
    first.markInuseAt(have);
  }
  return first.mem;
}
