// Where a block comes from that the cache does not have: from the arena's bins, from top, and at
// last from the kernel. For a class that the cache has, a run of several is cut at once.

import { IS_THREADED } from "../../sync/tier";
import { binAt } from "../bins";
import { Chunk, PREV_INUSE } from "../chunk";
import { systemMalloc } from "../extend";
import { MINSIZE } from "../sizes";
import { MallocState } from "../state";
import { arenaBit, hasTopFor, splitTop } from "../top";
import {
  CACHED_SIZE,
  cachedClassOf,
  classFor,
  classOf,
  isExact,
  sizeOfClass,
} from "../classes/classes";
import { NO_BIN, binOfClass, nextBin, putFree, remove } from "../classes/class-bins";
import { nextRun, put } from "./cache";
import { emptyBeforeGrowth, emptyInto } from "./empty";
import { noteRise } from "./fall";

/**
 * How many blocks of a size are taken at once at most: out of a bin, where they lie as they lie;
 * out of a larger chunk; bytes in all. More cut at once would be faster by itself, and would put
 * apart what a program allocates together and uses together. A collector goes through its objects
 * in that order again and again: there, even four at once cost a third of the time.
 */
const MOST_TAKEN: u32 = 16;
const MOST_CUT: u32 = COLLECTED ? 1 : 4;
const MOST_BYTES: word = 4096;

/** How many chunks of a bin are looked at where they have different sizes. */
const MOST_LOOKED_AT: u32 = 8;

const NOTHING: Chunk = changetype<Chunk>(0);

/** A block of a chunk of at least `size` bytes, or 0 with errno ENOMEM. */
export function takeChunk(arena: MallocState, size: word): usize {
  let mem = takeAtHand(arena, size);
  if (mem != 0) return mem;
  if (emptyBeforeGrowth(arena)) {
    mem = takeAtHand(arena, size);
    if (mem != 0) return mem;
  }
  mem = systemMalloc(size, arena);
  if (mem != 0 || !emptyInto(arena)) return mem;
  // Where memory ends, nothing is cached for a reason.
  mem = takeAtHand(arena, size);
  return mem != 0 ? mem : systemMalloc(size, arena);
}

/** A block of class `index`, or 0 with errno ENOMEM; the cache gets the others of a run. */
export function takeRun(arena: MallocState, index: u32): usize {
  const size = sizeOfClass(index);
  const run = nextRun(index, min(MOST_TAKEN, max(1, <u32>(MOST_BYTES / size))));
  const bin = binAt(arena, binOfClass(index));
  if (isExact(index) && bin.fd != bin) return unbin(arena, bin, size, index, run);
  const mem = cutRun(arena, size, index, min(run, MOST_CUT));
  noteRise(arena);
  return mem;
}

/** The same, cut from a larger chunk or from top, or one block from the kernel. */
function cutRun(arena: MallocState, size: word, index: u32, count: u32): usize {
  const p = findChunk(arena, size);
  if (p != NOTHING) return cut(arena, p, size, index, count);
  if (hasTopFor(arena, size)) return cutTop(arena, size, index, count);
  return takeChunk(arena, size);
}

/** A block out of the bins or top, or 0. @inline */
function takeAtHand(arena: MallocState, size: word): usize {
  const p = findChunk(arena, size);
  if (p != NOTHING) return cut(arena, p, size, 0, 1);
  return hasTopFor(arena, size) ? splitTop(arena, size) : 0;
}

/** A free chunk of at least `size` bytes, still in its bin, or NOTHING. @inline */
function findChunk(arena: MallocState, size: word): Chunk {
  let index = binOfClass(size <= CACHED_SIZE ? classFor(size) : classOf(size));
  if (size > CACHED_SIZE) {
    const bin = binAt(arena, index);
    let left = MOST_LOOKED_AT;
    for (let p = bin.fd; p != bin && left != 0; p = p.fd, left--) if (p.size >= size) return p;
    index++;
  }
  index = nextBin(arena, index);
  return index == NO_BIN ? NOTHING : binAt(arena, index).fd;
}

/** Takes up to `count` chunks out of a bin that holds some, all of them of `size` bytes. */
function unbin(arena: MallocState, bin: Chunk, size: word, index: u32, count: u32): usize {
  const bits = arenaBit(arena);
  const first = bin.fd;
  let p = first;
  while (true) {
    remove(arena, p, size);
    p.markInuseAt(size);
    if (bits != 0) p.mchunkSize |= bits;
    if (p != first) put(index, p.mem, size);
    p = bin.fd;
    if (--count == 0 || p == bin) return first.mem;
  }
}

/**
 * Cuts up to `count` chunks of `size` bytes from the start of the free chunk `first`: the first is
 * served, the others are put into class `index`. What remains stays free.
 * @inline
 */
function cut(arena: MallocState, first: Chunk, size: word, index: u32, count: u32): usize {
  let left = first.size;
  remove(arena, first, left);
  const flags = PREV_INUSE | arenaBit(arena);
  let p = first;
  while (true) {
    const rest = left - size;
    const isLast = --count == 0 || rest < size;
    const have = isLast && rest < MINSIZE ? left : size;
    const behind = p.at(have);
    left -= have;
    // What is behind comes first: the chunks can be walked after each store (repair.ts).
    if (!isLast) {
      if (IS_THREADED) behind.setHead(left, PREV_INUSE);
    } else if (left != 0) {
      putFree(arena, behind, left);
    } else {
      behind.mchunkSize |= PREV_INUSE;
    }
    p.setHead(have, flags);
    // On lp64 the last may be 16 bytes larger, and of another class.
    if (p != first) put(have == size ? index : cachedClassOf(have), p.mem, have);
    if (isLast) return first.mem;
    p = behind;
  }
}

/** The same from top, which has room for one at least. */
function cutTop(arena: MallocState, size: word, index: u32, count: u32): usize {
  const mem = splitTop(arena, size);
  while (--count != 0 && hasTopFor(arena, size)) put(index, splitTop(arena, size), size);
  return mem;
}
