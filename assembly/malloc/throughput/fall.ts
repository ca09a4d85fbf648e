// When a program gives back most of what it had, what the cache keeps of that is in the way: free
// chunks cannot merge across it, and what is allocated next lies somewhere else each time. So the
// cache is emptied as the heap falls. A program that works in rounds finds the heap whole again
// after each, and gets its blocks where the round before had them: in pages that it has touched.
//
//     used    what main_arena has given out, the cache's blocks among it
//     live    used, without the cache's blocks
//     fall    live is less than an eighth of the most that was used
//
// If the cache holds half of that most, it is left alone: a round that fits into it costs nothing.
// So are heaps of which less than 64 KiB were used. All this is for programs with one thread.

import { Chunk } from "../chunk";
import { bytesInBins } from "../classes/class-bins";
import { FASTBIN_CONSOLIDATION_THRESHOLD, MallocState, libc, mainArena } from "../state";
import {
  NO_LIMIT,
  classCache,
  forgetRuns,
  hasCache,
  heldBytes,
  isAtLimit,
  setLimit,
} from "./cache";

/** A 64th of what is used may be freed between two looks at the cache. */
const LOOK_LOG2: word = 6;

/** The most that was used since the last fall, bytes of chunks. */
let mostUsed: word = 0;
/** Whether the heap has fallen, and nothing was cut since. */
let isFalling: bool = false;

/** Notes that blocks were cut from `arena`. */
export function noteRise(arena: MallocState): void {
  if (arena != mainArena) return;
  const used = usedBytes();
  if (isFalling || used > mostUsed) mostUsed = used;
  isFalling = false;
  watch(used);
}

/** Notes that a chunk of `arena` was freed, past the cache. */
export function noteFree(arena: MallocState): void {
  if (arena == mainArena && hasCache()) watch(usedBytes());
}

/** What main_arena has given out, without the cache's own struct; bytes of chunks. */
function usedBytes(): word {
  const arena = mainArena;
  const used = arena.systemMem - arena.top.size - bytesInBins(arena);
  const own = Chunk.ofMem(changetype<usize>(classCache())).size;
  return used > own ? used - own : 0;
}

/** Sets how much the cache may hold until that is a fall. */
function watch(used: word): void {
  const isWatched = !libc.hasThreads && (isFalling || mostUsed >= FASTBIN_CONSOLIDATION_THRESHOLD);
  setLimit(isWatched ? <i32>min(used - min(used, mostUsed >> 3), <word>NO_LIMIT) : NO_LIMIT);
}

/** Whether the cache, which may have come to its limit, is to be emptied. */
export function isFall(): bool {
  const held = heldBytes();
  if (!isAtLimit(held, isFalling ? 0 : <i32>(usedBytes() >> LOOK_LOG2))) return false;
  if (!libc.hasThreads && (isFalling || held < mostUsed >> 1)) return true;
  setLimit(NO_LIMIT);
  return false;
}

/** Notes that the cache was emptied for that: it begins anew. */
export function noteFall(): void {
  forgetRuns();
  classCache().flushedAt = 0;
  isFalling = true;
  mostUsed = usedBytes();
  watch(mostUsed);
}
