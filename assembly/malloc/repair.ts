// What is to be done when a thread was killed: its locks are taken from it, what they guard is put
// in order, and what was its own goes to the others. The kernel undoes its system call. An arena's
// lists are made anew from its chunks, which can be walked after each store of malloc's. An arena
// that cannot be walked is retired. Threaded build only. Whoever does this may be killed as well:
// the next one begins anew.

import { below, topOf } from "../sync/stack";
import { acquireSoon, ownerOf, release, takeOver } from "../sync/mutex";
import { IS_CLASSED } from "../abi/profile";
import { HAS_FASTBINS, PARTS_GO_TO_TCACHE } from "../abi/version";
import { ILP32 } from "../abi/word";
import { Failure } from "../base/failure";
import { addressOf, Chunk, PREV_INUSE, isMisaligned, isMisalignedSize, revealLink } from "./chunk";
import { MOST_ARENAS, arenaFor, arenaPlace, listPlace, nextArena, putOnFreeList } from "./arena";
import { insertUnsorted, unsortedBin } from "./bins";
import { fastbinAt, fastbinIndex, linkPlace } from "./fastbins";
import { firstChunkOf, heapFor } from "./heap";
import { followAside, mostChunks } from "./links";
import { endsInHeap, isInHeap } from "./checker/list-checks";
import { queuePlace } from "./extensions/queue";
import { segmentCount, segmentStart } from "./segments";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import {
  HeapInfo,
  MallocState,
  NFASTBINS,
  THREADS_MAX,
  ThreadData,
  libc,
  mainArena,
  resetBins,
  threadAt,
} from "./state";
import {
  distrustMemory,
  enterKernelSoon,
  isReadable,
  kernelOwner,
  leaveKernel,
  recoverKernel,
} from "./system";
import { Repair, returnBlocks } from "./estate";
import { TCACHE_MAX_BINS } from "./tcache-lists";
import { putFree } from "./classes/class-bins";

const NONE: Chunk = changetype<Chunk>(0);

/** What `buryThread` returns. */
export enum Burial {
  DONE,
  NOBODY, // there is no such thread
  BUSY, // somebody, `Repair.blockedBy`, holds a lock for too long, who may be dead, too
}

/**
 * Cleans up after thread `number`, which runs no more, and fills `found`. Its number can be given
 * to another thread then. When the result is BUSY, what has been done stays done, and another call
 * does the rest.
 */
export function buryThread(number: u32, found: Repair): i32 {
  memory.fill(changetype<usize>(found), 0, offsetof<Repair>());
  found.blockedBy = -1;
  if (number >= THREADS_MAX || !threadAt(number).isAlive) return Burial.NOBODY;
  const dead = threadAt(number);
  found.systemCalls = recoverKernel(number) ? 1 : 0;
  if (takeOver(listPlace(), number)) found.listLocks = 1;
  else if (!acquireSoon(listPlace())) return blocked(found, ownerOf(listPlace()));
  const isMended = mendArenas(number, dead, found);
  release(listPlace());
  if (!isMended) return Burial.BUSY;
  if (!returnBlocks(dead, found)) return Burial.BUSY;
  if (!acquireSoon(listPlace())) return blocked(found, ownerOf(listPlace()));
  dead.arena = 0;
  recountThreads();
  dead.isAlive = 0;
  release(listPlace());
  return Burial.DONE;
}

function blocked(found: Repair, owner: i32): i32 {
  found.blockedBy = owner;
  return Burial.BUSY;
}

/**
 * Takes the arena that the dead thread was in, puts it in order, and opens it to others. False when
 * the kernel's lock is not to be had.
 */
function mendArenas(number: u32, dead: ThreadData, found: Repair): bool {
  let arena = mainArena;
  let left = MOST_ARENAS;
  do {
    if (ownerOf(arenaPlace(arena)) == <i32>number) {
      if (!enterKernelSoon()) {
        found.blockedBy = kernelOwner();
        return false;
      }
      takeOver(arenaPlace(arena), number);
      if (dead.backlog != 0 && isQueued(arena, <usize>dead.backlog)) dead.backlog = 0;
      if (mendArena(arena, changetype<Chunk>(<usize>dead.inHand))) {
        found.arenasMended++;
      } else {
        arena.retire();
        found.arenasRetired++;
      }
      // A chunk that was being cut from top has written to where top is again now; calloc must
      // know.
      distrustMemory();
      release(arenaPlace(arena));
      leaveKernel();
    }
    arena = nextArena(arena, left--);
  } while (arena != mainArena);
  dead.inHand = 0;
  return true;
}

/** Whether what the dead thread's backlog names still is on the queue of `arena`. */
function isQueued(arena: MallocState, mem: usize): bool {
  if (Chunk.ofMem(mem).isMmapped || arenaFor(Chunk.ofMem(mem)) != arena) return false;
  let left = mostChunks();
  for (let one = topOf(queuePlace(arena)); one != 0; one = below(one)) {
    if (one == mem) return true;
    left = followAside(Chunk.ofMem(one), Chunk.ofMem(one), left, Failure.SEGV_QUEUE);
  }
  return false;
}

/**
 * Makes an arena's lists anew. `inHand`: a chunk that was about to be freed, or none. False when
 * its chunks make no sense.
 */
function mendArena(arena: MallocState, inHand: Chunk): bool {
  if (arena.isRetired) return false;
  resetBins(arena);
  if (HAS_FASTBINS) arena.haveFastchunks = 1;
  else if (IS_CLASSED) arena.haveFastchunks = 0;
  if (arena.systemMem > arena.maxSystemMem) arena.maxSystemMem = arena.systemMem;
  cutFastbins(arena);
  // A main_arena without a heap has the unsorted bin's head as its top.
  if (arena.top == unsortedBin(arena)) return true;
  if (arena == mainArena) {
    for (let index: u32 = 0; index < segmentCount(); index++) {
      if (!mendChunks(arena, segmentStart(index), 0, inHand)) return false;
    }
    return true;
  }
  let last: usize = 0;
  let left = mostChunks();
  for (let heap = heapFor(arena.top); changetype<usize>(heap) != 0; left--) {
    if (left == 0) return false;
    if (!mendChunks(arena, firstChunkOf(heap), last, inHand)) return false;
    const before = changetype<HeapInfo>(<usize>heap.prev);
    if (before == heap || !isHeapOf(arena, before)) return false;
    heap = before;
    // Where two fenceposts end the heap, the last of them has no size.
    last = changetype<usize>(heap) + <usize>heap.size - (<usize>CHUNK_HDR_SZ + (ILP32 ? 8 : 0));
  }
  return true;
}

/** Whether `heap` is none, or a heap of the arena's as far as its header tells. */
function isHeapOf(arena: MallocState, heap: HeapInfo): bool {
  const address = changetype<usize>(heap);
  return address == 0 || (isReadable(address) && heap.arPtr == <word>changetype<usize>(arena));
}

/**
 * Walks chunks from `start` to top, to fenceposts, or to `last` where the last fencepost is; joins
 * free neighbours, writes their tags and puts them into the unsorted bin. False when something is
 * no chunk.
 */
function mendChunks(arena: MallocState, start: usize, last: usize, inHand: Chunk): bool {
  let p = changetype<Chunk>(start);
  let run = NONE; // the first of the free chunks in front of p
  while (isInHeap(p)) {
    const top = arena.top;
    if (p == top) {
      endRunAtTop(arena, run, top);
      return true;
    }
    const size = p.size;
    const isFence = last == 0 ? size == CHUNK_HDR_SZ : isLastFence(p, size, last);
    if (isFence) {
      endRun(arena, run, p);
      return true;
    }
    if (size < MINSIZE || p.isMmapped || !endsInHeap(p)) return false;
    let next = p.at(size);
    let isFree = !next.prevInuse || (p == inHand && isInNoList(size));
    // Taken out of a bin, but not for anybody yet.
    if (arena != mainArena && !p.isNonMain) isFree = true;
    // What was just cut from top, or just joined to it, and has not its new size yet, or top has
    // not its new place.
    if (addressOf(p) < addressOf(top) && addressOf(next) > addressOf(top)) {
      next = top;
      isFree = true;
    } else if (isMisalignedSize(size)) {
      return false;
    }
    if (isFree) {
      if (run == NONE) run = p;
    } else {
      endRun(arena, run, p);
      run = NONE;
    }
    p = next;
  }
  return false;
}

/** Whether a chunk in hand cannot be in tcache or a fast bin: then it is in no list. */
function isInNoList(size: word): bool {
  return IS_CLASSED || !PARTS_GO_TO_TCACHE || size > <word>TCACHE_MAX_BINS * 16 + MINSIZE;
}

/** Whether `p` is the fencepost at `last`, or the one in front of it, too small for a chunk. */
function isLastFence(p: Chunk, size: word, last: usize): bool {
  if (addressOf(p) == last) return true;
  return addressOf(p.at(size)) == last && size < MINSIZE + CHUNK_HDR_SZ && !p.isNonMain;
}

/**
 * Makes what lies from `run`, if that is a chunk, to `p`, which is in use, one free chunk: of the
 * unsorted bin, or of its class's.
 */
function endRun(arena: MallocState, run: Chunk, p: Chunk): void {
  if (run == NONE) {
    p.mchunkSize |= PREV_INUSE;
    return;
  }
  const size = <word>(addressOf(p) - addressOf(run));
  p.mchunkSize &= ~PREV_INUSE;
  if (IS_CLASSED) {
    putFree(arena, run, size);
    return;
  }
  run.setHead(size, PREV_INUSE);
  run.setFoot(size);
  const bin = unsortedBin(arena);
  insertUnsorted(bin, bin.fd, run, size);
}

/** Makes free chunks in front of top part of it. */
function endRunAtTop(arena: MallocState, run: Chunk, top: Chunk): void {
  if (run == NONE) {
    top.mchunkSize |= PREV_INUSE;
    return;
  }
  run.setHead(<word>(addressOf(top) - addressOf(run)) + top.size, PREV_INUSE);
  arena.top = run;
}

/** Ends each fast bin in front of what does not belong there. */
function cutFastbins(arena: MallocState): void {
  if (!HAS_FASTBINS) return;
  for (let index: u32 = 0; index < NFASTBINS; index++) {
    const bin = fastbinAt(arena, index);
    let p = changetype<Chunk>(<usize>load<word>(bin));
    let left = mostChunks();
    for (; left > 0 && isFastChunk(arena, p, index); left--)
      p = changetype<Chunk>(revealLink(linkPlace(p)));
    if (p != NONE) store<word>(bin, 0);
  }
}

function isFastChunk(arena: MallocState, p: Chunk, index: u32): bool {
  if (isMisaligned(p.mem) || !isInHeap(p) || fastbinIndex(p.size) != index) return false;
  return endsInHeap(p) && p.inuse && arenaFor(p) == arena;
}

/** Counts the threads of every arena anew, and lists those that nobody uses. */
function recountThreads(): void {
  libc.freeList = 0;
  let arena = mainArena;
  let left = MOST_ARENAS;
  do {
    let threads: word = 0;
    for (let number: u32 = 0; number < THREADS_MAX; number++) {
      const one = threadAt(number);
      if (one.isAlive && <usize>one.arena == changetype<usize>(arena)) threads++;
    }
    arena.attachedThreads = threads;
    if (threads == 0) putOnFreeList(arena);
    arena = nextArena(arena, left--);
  } while (arena != mainArena);
}
