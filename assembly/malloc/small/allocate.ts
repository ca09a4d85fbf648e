// Where a block comes from in the profile "small": the free chunk that fits best, of those that fit
// as well the lowest; then top; then the kernel. What is left of a chunk stays free.

import { Failure, corrupted } from "../../base/failure";
import { binAt } from "../bins";
import { Chunk, PREV_INUSE, addressOf } from "../chunk";
import { NO_BIN, binOfClass, nextBin, putFree, remove } from "../classes/class-bins";
import { classOf } from "../classes/classes";
import { systemMalloc } from "../extend";
import { follow } from "../links";
import { MINSIZE } from "../sizes";
import { MallocState, NBINS } from "../state";
import { hasTopFor, splitTop } from "../top";

/** How many chunks of a bin are looked at: if there are more, the best of these must do. */
const MOST_LOOKED_AT: u32 = 50;

const NOTHING: Chunk = changetype<Chunk>(0);

/** A block of a chunk of at least `size` bytes, or 0 with errno ENOMEM. */
export function takeBest(arena: MallocState, size: word): usize {
  const p = findBest(arena, size);
  if (p != NOTHING) return cut(arena, p, size);
  return hasTopFor(arena, size) ? splitTop(arena, size) : systemMalloc(size, arena);
}

/** The free chunk that fits `size` bytes best, still in its bin, or NOTHING. */
function findBest(arena: MallocState, size: word): Chunk {
  let index = binOfClass(classOf(size));
  do {
    index = nextBin(arena, index);
    if (index == NO_BIN) return NOTHING;
    const p = bestOf(binAt(arena, index), size);
    if (p != NOTHING) return p;
  } while (++index < NBINS);
  return NOTHING;
}

/** The chunk of a bin that fits `size` bytes best, or NOTHING. */
function bestOf(bin: Chunk, size: word): Chunk {
  let best = NOTHING;
  let bestSize: word = 0;
  let from = bin;
  let left = MOST_LOOKED_AT;
  for (let p = bin.fd; p != bin && left != 0; p = p.fd) {
    left = follow(from, p, left, Failure.SEGV_LARGEBIN_FIT);
    if (p.bk != from) corrupted(Failure.UNLINK_LIST, addressOf(from));
    from = p;
    const have = p.size;
    if (have < size) continue;
    if (best != NOTHING) {
      if (have > bestSize || (have == bestSize && addressOf(p) > addressOf(best))) continue;
    }
    best = p;
    bestSize = have;
  }
  return best;
}

/** Serves `size` bytes from the start of the free chunk `p`. */
function cut(arena: MallocState, p: Chunk, size: word): usize {
  const have = p.size;
  const rest = have - size;
  remove(arena, p, have);
  if (rest < MINSIZE) {
    p.markInuseAt(have);
  } else {
    p.setHead(size, PREV_INUSE);
    putFree(arena, p.at(size), rest);
  }
  return p.mem;
}
