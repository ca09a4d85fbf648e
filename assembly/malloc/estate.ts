// What a dead thread had goes back to where it came from: the blocks in its tcache, or what is in
// tcache's place, then that itself, and what it had in hand of a queue. Each block is taken out
// before it is freed: whoever does this may be killed as well, and the next one goes on.

import { below } from "../sync/stack";
import { acquireSoon, ownerOf, release } from "../sync/mutex";
import { IS_THROUGHPUT } from "../abi/profile";
import { Failure } from "../base/failure";
import { Chunk, revealLink } from "./chunk";
import { arenaFor, arenaPlace, mustBeArena } from "./arena";
import { CACHE_CLASSES } from "./classes/classes";
import { hasLarge, isLargeBlock, largeLists } from "./extensions/large-tcache";
import { followAside, mostChunks } from "./links";
import { isInHeap } from "./checker/list-checks";
import { unmapChunk } from "./mapped";
import { freeChunk } from "./release";
import { ThreadData } from "./state";
import { enterKernelSoon, kernelOwner, leaveKernel } from "./system";
import { bindTcache, isCachedBlock, surrenderTcache } from "./tcache";
import { TCACHE_MAX_BINS, latestIn, setLatest } from "./tcache-lists";
import { isClassBlock, latestOf, setLatestOf } from "./throughput/cache";

/** What was found, and done. Not a struct of glibc's. */
@unmanaged
export class Repair {
  systemCalls: i32; // system calls that were undone: 0 or 1
  listLocks: i32; // whether it held the list lock: 0 or 1
  arenasMended: i32; // arenas that it was in and that are in order again
  arenasRetired: i32; // arenas that it was in and that nobody is to use any more
  blocksReturned: i32; // blocks of its tcache that went back to their arenas
  blockedBy: i32; // the thread that holds a lock that is needed to go on, or -1
}

/** How many lists a thread's tcache has, or what is in its place. */
const LISTS: u32 = IS_THROUGHPUT ? CACHE_CLASSES : TCACHE_MAX_BINS;

/**
 * Gives the blocks of the dead thread's tcache back to their arenas, then the tcache itself, and
 * what it was taking back from a queue. False when a lock is not to be had.
 */
export function returnBlocks(dead: ThreadData, found: Repair): bool {
  // Without a tcache of this thread's own: what is freed now is to be there for everybody.
  const mine = surrenderTcache();
  const isDone = returnCache(dead, found) && returnBacklog(dead, found);
  if (mine != 0) bindTcache(mine);
  return isDone;
}

function returnCache(dead: ThreadData, found: Repair): bool {
  const cache = <usize>dead.tcache;
  return cache == 0 || (emptyCache(cache, found) && giveBackCache(dead, found));
}

function returnBacklog(dead: ThreadData, found: Repair): bool {
  let left = mostChunks();
  for (let mem = <usize>dead.backlog; mem != 0;) {
    left = followAside(Chunk.ofMem(mem), Chunk.ofMem(mem), left, Failure.SEGV_QUEUE);
    if (!openArena(mem, found)) return false;
    const next = below(mem);
    dead.backlog = <u32>next;
    freeOpen(mem);
    found.blocksReturned++;
    mem = next;
  }
  return true;
}

function emptyCache(cache: usize, found: Repair): bool {
  if (!emptyLists(cache, false, found)) return false;
  return !hasLarge() || emptyLists(largeLists(cache), true, found);
}

function emptyLists(lists: usize, areLarge: bool, found: Repair): bool {
  for (let index: u32 = 0; index < LISTS; index++) {
    let mem = IS_THROUGHPUT ? latestOf(lists, index) : latestIn(lists, index);
    while (isListed(mem, index, areLarge)) {
      const next = revealLink(mem);
      if (!openArena(mem, found)) return false;
      if (IS_THROUGHPUT) setLatestOf(lists, index, next);
      else setLatest(lists, index, next);
      freeOpen(mem);
      found.blocksReturned++;
      mem = next;
    }
  }
  return true;
}

/** Whether `mem` is in memory and looks like a block of the list. */
function isListed(mem: usize, index: u32, isLarge: bool): bool {
  if (!isInHeap(Chunk.ofMem(mem))) return false;
  if (IS_THROUGHPUT) return isClassBlock(mem, index);
  return isLarge ? isLargeBlock(mem, index) : isCachedBlock(mem, index);
}

function giveBackCache(dead: ThreadData, found: Repair): bool {
  const cache = <usize>dead.tcache;
  const isWhole = isInHeap(Chunk.ofMem(cache));
  if (isWhole && !openArena(cache, found)) return false;
  dead.tcache = 0;
  if (isWhole) freeOpen(cache);
  return true;
}

/**
 * Takes the locks that freeing the block `mem` may need, in their order. False when one is not to
 * be had soon.
 */
function openArena(mem: usize, found: Repair): bool {
  const p = Chunk.ofMem(mem);
  if (p.isNonMain) mustBeArena(arenaFor(p), p);
  const place = p.isMmapped ? 0 : arenaPlace(arenaFor(p));
  if (place != 0 && !acquireSoon(place)) {
    found.blockedBy = ownerOf(place);
    return false;
  }
  if (enterKernelSoon()) return true;
  found.blockedBy = kernelOwner();
  if (place != 0) release(place);
  return false;
}

/** Frees the block `mem` and gives back the locks that `openArena` took. */
function freeOpen(mem: usize): void {
  const p = Chunk.ofMem(mem);
  if (p.isMmapped) {
    unmapChunk(p);
    leaveKernel();
    return;
  }
  const arena = arenaFor(p);
  freeChunk(arena, p, true);
  leaveKernel();
  release(arenaPlace(arena));
}
