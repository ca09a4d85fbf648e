// free: tcache first, then the fast bins, then merging with free neighbours into the unsorted bin
// or top. Each check is one of glibc's, in glibc's order: which message comes first for a given
// corruption is part of the behaviour.

import { IS_SMALL, IS_THROUGHPUT } from "../abi/profile";
import { HAS_FASTBINS, MAKES_TCACHE_LATE, PARTS_GO_TO_TCACHE } from "../abi/version";
import { Failure, corrupted } from "../base/failure";
import { queuesFrees } from "../sync/mutex";
import { below, takeAll, topOf } from "../sync/stack";
import { IS_THREADED } from "../sync/tier";
import { NO_ARENA, arenaFor, lockArena, mustBeArena, unlockArena } from "./arena";
import { Chunk, addressOf, isMisaligned, isMisalignedSize, protectLink } from "./chunk";
import {
  consolidate,
  fastbinAt,
  fastbinIndex,
  linkPlace,
  mergeChunk,
  mergeOnward,
} from "./fastbins";
import {
  Keeping,
  LARGE_BINS,
  bindLarge,
  forgetLarge,
  keepLarge,
  keepsLarge,
  largeLists,
  resetLarge,
} from "./extensions/large-tcache";
import { followAside, mostChunks, refuse } from "./links";
import { adjustThreshold, unmapChunk } from "./mapped";
import { queuePlace } from "./extensions/queue";
import { enqueue, isRemote } from "./extensions/remote-frees";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { Step, TELLS, note } from "./steps";
import { FASTBIN_CONSOLIDATION_THRESHOLD, MallocState, libc, thread } from "./state";
import {
  blocksIn,
  findDoubleFree,
  hasBin,
  hasKey,
  hasRoom,
  tcache,
  tcacheIndex,
  tcacheKey,
  tcachePut,
} from "./tcache";
import { takeEntry } from "./tcache-lists";
import { findTwice, keep } from "./throughput/cache";
import { noteFree } from "./throughput/fall";
import { trimAfterFree } from "./trim";

/**
 * Frees a chunk of `arena` (_int_free). `isLocked` says that a caller of ours holds the arena, as
 * realloc and memalign do when they give back a part: glibc checks a little more then.
 * @noinline @inline
 */
export function freeChunk(arena: MallocState, p: Chunk, isLocked: bool): void {
  const size = p.size;
  if (MAKES_TCACHE_LATE) {
    freeToArena(arena, p, size, isLocked);
    return;
  }
  if (<word>addressOf(p) > <word>0 - size || isMisaligned(p.mem))
    refuse(Failure.FREE_POINTER, addressOf(p));
  if (size < MINSIZE || isMisalignedSize(size)) refuse(Failure.FREE_SIZE, addressOf(p));
  if (IS_THROUGHPUT) {
    findTwice(p.mem);
    if (!isLocked && keep(p.mem)) return;
  }
  const index = tcacheIndex(size);
  if (hasBin(index)) {
    if (hasKey(p.mem)) findDoubleFree(p.mem, index);
    if (hasRoom(index)) {
      if (TELLS) note(Step.TCACHE_PUT, index, blocksIn(index));
      tcachePut(p.mem, index);
      return;
    }
    if (TELLS) note(Step.TCACHE_FULL, index, blocksIn(index));
  } else {
    note(Step.TCACHE_NONE, size, 0);
  }
  freeToArena(arena, p, size, isLocked);
}

/**
 * Frees a chunk of `size` bytes past tcache (_int_free_chunk).
 * @inline
 */
export function freeToArena(arena: MallocState, p: Chunk, size: word, isLocked: bool): void {
  if ((!HAS_FASTBINS || size > libc.globalMaxFast) && p.isMmapped) {
    if (MAKES_TCACHE_LATE) adjustThreshold(p);
    unmapChunk(p);
    return;
  }
  if (p.isNonMain) mustBeArena(arena, p);
  if (!isLocked) {
    if (IS_THREADED && keepsLarge() && tryKeep(p, size)) return;
    if (IS_THREADED && queuesFrees && tryQueue(arena, p, size)) return;
    lockArena(arena);
  }
  if (!IS_THREADED || !arena.isRetired) {
    if (HAS_FASTBINS && size <= libc.globalMaxFast) freeToFastbin(arena, p, size, isLocked);
    else afterFree(arena, freeAndMerge(arena, p, size));
  }
  if (!isLocked) unlockArena(arena);
}

/**
 * Puts a chunk into tcache's lists for large blocks, if there are such lists and it has a class.
 * Whether it did.
 * @noinline
 */
function tryKeep(p: Chunk, size: word): bool {
  let what = keepLarge(p, size);
  if (what == Keeping.FULL) {
    emptyLarge();
    what = keepLarge(p, size);
  }
  return what == Keeping.KEPT;
}

/** Frees everything that tcache's lists for large blocks hold. @noinline */
function emptyLarge(): void {
  const cache = tcache;
  const lists = largeLists(cache);
  forgetLarge();
  resetLarge();
  for (let index: u32 = 0; index < LARGE_BINS; index++) {
    for (let mem = takeEntry(lists, index); mem != 0; mem = takeEntry(lists, index)) {
      const p = Chunk.ofMem(mem);
      freeChunk(arenaFor(p), p, false);
    }
  }
  bindLarge(cache, tcacheKey());
}

/**
 * Where frees are queued: queues a chunk of `size` bytes that is to be freed in `arena`, if it is
 * another thread's. Whether it was.
 * @noinline
 */
export function tryQueue(arena: MallocState, p: Chunk, size: word): bool {
  if (!isRemote(arena)) return false;
  if (enqueue(arena, p, size)) {
    lockArena(arena);
    takeBack(arena, false);
    unlockArena(arena);
  }
  return true;
}

/**
 * Frees what others have queued for `arena`, which this thread has locked. `mayKeep`: in the
 * profile "throughput" its cache may have them instead.
 * @noinline
 */
export function takeBack(arena: MallocState, mayKeep: bool): void {
  if (arena == NO_ARENA || load<u32>(queuePlace(arena)) == 0) return;
  const place = queuePlace(arena);
  let mem: usize;
  do {
    mem = topOf(place);
    // Should this thread die from here on, whoever buries it finds them there.
    thread.backlog = <u32>mem;
  } while (!takeAll(place, mem));
  let left = mostChunks();
  while (mem != 0) {
    left = followAside(Chunk.ofMem(mem), Chunk.ofMem(mem), left, Failure.SEGV_QUEUE);
    const next = below(mem);
    thread.backlog = <u32>next;
    if (!(IS_THROUGHPUT && mayKeep && keep(mem))) freeChunk(arena, Chunk.ofMem(mem), true);
    mem = next;
  }
}

/** Notes that this thread is about to free what was top: should it die first, others can. */
export function takeInHand(p: Chunk): void {
  if (IS_THREADED) thread.inHand = <u32>addressOf(p);
}

/** Frees a part of a chunk, or what was top, with the arena locked. @noinline */
export function freePart(arena: MallocState, p: Chunk): void {
  if (PARTS_GO_TO_TCACHE) freeChunk(arena, p, true);
  else freeToArena(arena, p, p.size, true);
}

/** Frees what is in hand, with the arena locked. */
export function freeInHand(arena: MallocState, p: Chunk): void {
  freePart(arena, p);
  if (IS_THREADED) thread.inHand = 0;
}

/** Fills a freed block, if M_PERTURB says so (free_perturb). */
function perturbFreed(p: Chunk, size: word): void {
  if (libc.perturbByte) memory.fill(p.mem, <u8>libc.perturbByte, <usize>(size - CHUNK_HDR_SZ));
}

/** Pushes a chunk onto its fast bin. @inline */
function freeToFastbin(arena: MallocState, p: Chunk, size: word, isLocked: bool): void {
  const next = p.at(size);
  if (next.mchunkSize <= CHUNK_HDR_SZ || next.size >= arena.systemMem) {
    corrupted(Failure.FREE_NEXT_SIZE_FAST, addressOf(p));
  }
  perturbFreed(p, size);
  arena.haveFastchunks = 1;
  const index = fastbinIndex(size);
  const bin = fastbinAt(arena, index);
  const first = changetype<Chunk>(<usize>load<word>(bin));
  if (first == p) corrupted(Failure.DOUBLE_FREE_FASTTOP, addressOf(p));
  note(Step.FASTBIN_PUT, size, addressOf(p));
  p.fdWord = <word>protectLink(linkPlace(p), addressOf(first));
  store<word>(bin, <word>addressOf(p));
  if (isLocked && addressOf(first) != 0 && fastbinIndex(first.size) != index) {
    corrupted(Failure.FREE_FASTBIN_ENTRY, addressOf(first));
  }
}

/**
 * Merges a chunk with its free neighbours and puts the result into its bin, which is the unsorted
 * one in glibc's profile, or makes it part of top. The result's size.
 * @inline
 */
export function freeAndMerge(arena: MallocState, chunk: Chunk, chunkSize: word): word {
  if (TELLS && HAS_FASTBINS) note(Step.FASTBIN_NONE, chunkSize, libc.globalMaxFast);
  const top = arena.top;
  const next = chunk.at(chunkSize);
  if (chunk == top) corrupted(Failure.DOUBLE_FREE_TOP, addressOf(chunk));
  if (arena.contiguous && addressOf(next) >= addressOf(top.at(top.size))) {
    refuse(Failure.DOUBLE_FREE_OUT, addressOf(chunk));
  }
  if (!next.prevInuse) corrupted(Failure.DOUBLE_FREE_PREV, addressOf(chunk));
  const nextSize = next.size;
  if (next.mchunkSize <= CHUNK_HDR_SZ || nextSize >= arena.systemMem) {
    corrupted(Failure.FREE_NEXT_SIZE_NORMAL, addressOf(chunk));
  }
  perturbFreed(chunk, chunkSize);

  return mergeChunk(arena, chunk, chunkSize, false);
}

/**
 * When a free chunk has become large, it is the moment to empty the fast bins and to give the end
 * of the heap back.
 */
function afterFree(arena: MallocState, size: word): void {
  if (IS_THROUGHPUT) noteFree(arena);
  if (!IS_SMALL && size < FASTBIN_CONSOLIDATION_THRESHOLD) return;
  if (HAS_FASTBINS && arena.haveFastchunks) consolidate(arena);
  trimAfterFree(arena);
}

/** Frees a part that memalign cuts off in front, past tcache and fast bins. @noinline */
export function freeLead(arena: MallocState, p: Chunk, size: word): void {
  afterFree(arena, freeAndMerge(arena, p, size));
}

/** Frees one that it cuts off behind, in front of the chunk `next`. @noinline */
export function freeTail(arena: MallocState, p: Chunk, size: word, next: Chunk): void {
  afterFree(arena, mergeOnward(arena, p, size, next, false));
}
