// realloc: in place where the chunk, the top or a free chunk behind it has room; else a new block,
// a copy and a free.

import { IS_SMALL } from "../abi/profile";
import { MAPPED_HAS_TRAILER } from "../abi/version";
import { MALLOC_ALIGN_MASK, SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { allocate } from "./allocate";
import { Chunk, PREV_INUSE, addressOf, usableSize } from "./chunk";
import { copy } from "./clear";
import { refuse } from "./links";
import { remapChunk } from "./mapped";
import { freePart } from "./release";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { MallocState } from "./state";
import { Step, note } from "./steps";
import { growInPlace } from "./small/grow";
import { arenaBit } from "./top";
import { unlinkAside } from "./unlink";

/**
 * Makes the mmapped chunk `p` hold a request of `bytes`, whose chunk would be `size` bytes, by
 * mremap or because it has room as it is. The block, or 0 when it must be copied by the caller.
 */
export function resizeMapped(p: Chunk, size: word, bytes: word): usize {
  const oldSize = p.size;
  const moved = remapChunk(p, size);
  if (addressOf(moved) != 0) return moved.mem;
  return oldSize - SIZE_SZ >= (MAPPED_HAS_TRAILER ? bytes : size) ? p.mem : 0;
}

/**
 * Makes the chunk `p` of `arena` at least `size` bytes long. The block, perhaps elsewhere, or 0
 * (_int_realloc).
 */
export function resizeChunk(arena: MallocState, p: Chunk, size: word): usize {
  const oldSize = p.size;
  if (p.mchunkSize <= CHUNK_HDR_SZ || oldSize >= arena.systemMem)
    refuse(Failure.REALLOC_OLD_SIZE, addressOf(p));
  if (p.isMmapped) corrupted(Failure.ASSERT_REALLOC_MMAPPED, addressOf(p));
  const next = p.at(oldSize);
  const nextSize = next.size;
  if (next.mchunkSize <= CHUNK_HDR_SZ || nextSize >= arena.systemMem) {
    corrupted(Failure.REALLOC_NEXT_SIZE, addressOf(p));
  }
  if (oldSize >= size) {
    note(Step.REALLOC_KEEP, oldSize, size);
    return keep(arena, p, oldSize, size);
  }
  const joined = oldSize + nextSize;
  if (next == arena.top) {
    if (joined >= size + MINSIZE) return growIntoTop(arena, p, joined, size);
  } else if (joined >= size && !next.at(nextSize).prevInuse) {
    note(Step.REALLOC_NEXT, joined, size);
    unlinkAside(arena, next);
    return keep(arena, p, joined, size);
  }
  if (IS_SMALL) {
    const mem = growInPlace(arena, p, size);
    if (mem != 0) return mem;
  }
  return moveChunk(arena, p, next, oldSize, size);
}

/** Takes what is missing from the start of top. */
function growIntoTop(arena: MallocState, p: Chunk, joined: word, size: word): usize {
  note(Step.REALLOC_TOP, joined, size);
  // In this order the chunks can be walked after each store: see repair.ts.
  const top = p.at(size);
  top.setHead(joined - size, PREV_INUSE);
  arena.top = top;
  p.setHeadSize(size | arenaBit(arena));
  return p.mem;
}

/**
 * A new block, a copy, a free. If the new one happens to lie right behind the old one, the two
 * become one.
 */
function moveChunk(arena: MallocState, p: Chunk, next: Chunk, oldSize: word, size: word): usize {
  note(Step.REALLOC_MOVE, oldSize, size);
  const mem = allocate(arena, size - MALLOC_ALIGN_MASK);
  if (mem == 0) return 0;
  const fresh = Chunk.ofMem(mem);
  if (fresh == next) return keep(arena, p, oldSize + fresh.size, size);
  copy(mem, p.mem, <usize>usableSize(p));
  freePart(arena, p);
  return mem;
}

/**
 * Keeps `size` bytes of the chunk `p`, which is `have` bytes long now, and frees the rest if that
 * can be a chunk.
 */
function keep(arena: MallocState, p: Chunk, have: word, size: word): usize {
  if (have < size) corrupted(Failure.ASSERT_REALLOC_SIZE, addressOf(p));
  const rest = have - size;
  if (rest < MINSIZE) {
    p.setHeadSize(have | arenaBit(arena));
    p.markInuseAt(have);
    return p.mem;
  }
  const remainder = p.at(size);
  remainder.setHead(rest, PREV_INUSE | arenaBit(arena));
  remainder.markInuseAt(rest);
  p.setHeadSize(size | arenaBit(arena));
  freePart(arena, remainder);
  return p.mem;
}
