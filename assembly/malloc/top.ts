// Top: the free chunk at the end of an arena's heap, in no bin. Blocks are cut from its start; it
// takes in whatever is freed next to it. Its P bit is always set.

import { IS_SMALL } from "../abi/profile";
import { Failure, corrupted } from "../base/failure";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { Chunk, NON_MAIN_ARENA, PREV_INUSE, addressOf } from "./chunk";
import { MallocState, mainArena } from "./state";
import { Step, TELLS, note } from "./steps";
import { noteUsed } from "./system";

/** The A bit for chunks of `arena`. */
export function arenaBit(arena: MallocState): word {
  return IS_SMALL || arena == mainArena ? 0 : NON_MAIN_ARENA;
}

/** Whether top, whose size makes sense, has room for a chunk of `size` bytes. */
export function hasTopFor(arena: MallocState, size: word): bool {
  const topSize = arena.top.size;
  if (topSize > arena.systemMem) corrupted(Failure.TOP_SIZE, addressOf(arena.top));
  const fits = topSize >= size + MINSIZE;
  if (TELLS && !fits) note(Step.TOP_SMALL, topSize, size);
  return fits;
}

/**
 * Cuts a chunk of `size` bytes from the start of top, which has room for it and for MINSIZE more.
 */
export function splitTop(arena: MallocState, size: word): usize {
  const victim = arena.top;
  const rest = victim.size - size;
  note(Step.TOP_TAKE, rest + size, addressOf(victim));
  const remainder = victim.at(size);
  // In this order the chunks can be walked after each store: see repair.ts.
  remainder.setHead(rest, PREV_INUSE);
  arena.top = remainder;
  victim.setHead(size, PREV_INUSE | arenaBit(arena));
  return victim.mem;
}

/** Makes `p`, below the present top, the top, `size` bytes long. */
export function lowerTop(arena: MallocState, p: Chunk, size: word): void {
  // Up to here, header included, the heap has been written to; calloc must know when it comes this
  // way again.
  noteUsed(addressOf(arena.top) + <usize>CHUNK_HDR_SZ);
  p.setHead(size, PREV_INUSE);
  arena.top = p;
}
