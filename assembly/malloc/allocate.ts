// malloc's long way (_int_malloc), in glibc's phases: fast bin, small bin, sorting the unsorted
// bin, best fit in the large bin, the next larger bin, top, and at last the kernel. Every phase
// either serves the request or leaves it to the next.

import { IS_SMALL, IS_THROUGHPUT } from "../abi/profile";
import {
  HAS_FASTBINS,
  UNSORTED_FEEDS_TCACHE,
  MAKES_TCACHE_LATE,
  TCACHE_REQUEST_IS_CHUNK,
  UNSORTED_MAKES_TCACHE,
} from "../abi/version";
import { Failure, corrupted } from "../base/failure";
import {
  MIN_LARGE_SIZE,
  binAt,
  binIndex,
  binmapWord,
  clearSizeLinks,
  insertSorted,
  isSmall,
  largebinIndex,
  smallbinIndex,
  unlink,
  unsortedBin,
} from "./bins";
import { Chunk, NON_MAIN_ARENA, PREV_INUSE, addressOf, isMisaligned, revealLink } from "./chunk";
import { NO_ARENA } from "./arena";
import { systemMalloc } from "./extend";
import { follow, mostChunks, refuse } from "./links";
import { consolidate, fastbinAt, fastbinIndex, linkPlace } from "./fastbins";
import { CHUNK_HDR_SZ, MINSIZE, checkedRequestToSize, requestToSize } from "./sizes";
import { Step, note } from "./steps";
import { BINMAPSIZE, MallocState, libc, mainArena, mp, setErrno } from "./state";
import { ENOMEM } from "./system";
import {
  adoptTcache,
  bytesOfTcache,
  hasBin,
  hasRoom,
  isInactive,
  startTcache,
  tcacheIndex,
  tcachePut,
  tcacheTake,
  usedBins,
} from "./tcache";
import { takeBest } from "./small/allocate";
import { takeChunk } from "./throughput/allocate";
import { checkUnsorted } from "./unsorted-checks";
import { arenaBit, hasTopFor, splitTop } from "./top";

/** How many chunks are sorted at most before a request is served from what is there (MAX_ITERS). */
const MAX_ITERS: i32 = 10000;

/** What `sortUnsorted` returns when no chunk was the right one. */
const NOT_FOUND: usize = 0;

/**
 * Serves a request of `bytes` from `arena`. The block, filled if M_PERTURB says so, or 0 with errno
 * ENOMEM (_int_malloc).
 * @noinline
 */
export function allocate(arena: MallocState, bytes: word): usize {
  return allocateInline(arena, bytes);
}

/** The same without a call on the way: for malloc itself. @inline */
export function allocateInline(arena: MallocState, bytes: word): usize {
  const size = checkedRequestToSize(bytes);
  if (size == 0) {
    setErrno(ENOMEM);
    return 0;
  }
  const mem =
    !IS_SMALL && arena == NO_ARENA ? systemMalloc(size, arena) : allocateChunk(arena, size);
  if (libc.perturbByte && mem != 0 && !servedFromTcache) perturbAllocated(mem, bytes);
  return mem;
}

/** Whether the last chunk came out of tcache in the end: glibc does not fill those. */
let servedFromTcache: bool = false;

/** Fills a block (alloc_perturb). */
function perturbAllocated(mem: usize, bytes: word): void {
  memory.fill(mem, <u8>(libc.perturbByte ^ 0xff), <usize>bytes);
}

/** A chunk of `size` bytes. @inline */
function allocateChunk(arena: MallocState, size: word): usize {
  if (IS_THROUGHPUT) return takeChunk(arena, size);
  if (IS_SMALL) return takeBest(arena, size);
  servedFromTcache = false;
  if (HAS_FASTBINS && size <= libc.globalMaxFast) {
    const mem = takeFast(arena, size);
    if (mem != 0) return mem;
  }
  let index: u32;
  if (isSmall(size)) {
    index = smallbinIndex(size);
    const mem = takeSmall(arena, size, index);
    if (mem != 0) return mem;
  } else {
    index = largebinIndex(size);
    if (HAS_FASTBINS && arena.haveFastchunks) consolidate(arena);
  }
  while (true) {
    let mem = sortUnsorted(arena, size);
    if (mem != NOT_FOUND) return mem;
    if (!isSmall(size)) {
      mem = takeBestFit(arena, size, index);
      if (mem != 0) return mem;
    }
    mem = takeFromLargerBin(arena, size, index + 1);
    if (mem != 0) return mem;
    if (hasTopFor(arena, size)) return splitTop(arena, size);
    if (!HAS_FASTBINS || !arena.haveFastchunks) return systemMalloc(size, arena);
    consolidate(arena);
    index = binIndex(size);
  }
}

/**
 * Phase 1: the latest chunk of the fast bin. The others move to tcache while there is room.
 * @inline
 */
function takeFast(arena: MallocState, size: word): usize {
  const index = fastbinIndex(size);
  const bin = fastbinAt(arena, index);
  const victim = changetype<Chunk>(<usize>load<word>(bin));
  if (addressOf(victim) == 0) {
    note(Step.FASTBIN_EMPTY, size, 0);
    return 0;
  }
  if (isMisaligned(victim.mem)) corrupted(Failure.FASTBIN_UNALIGNED_2, addressOf(victim));
  store<word>(bin, <word>nextFast(victim));
  if (fastbinIndex(victim.size) != index) refuse(Failure.FASTBIN_SIZE, addressOf(victim));
  note(Step.FASTBIN_TAKE, size, addressOf(victim));
  const cacheIndex = tcacheIndex(size);
  if (hasBin(cacheIndex)) {
    while (hasRoom(cacheIndex)) {
      const other = changetype<Chunk>(<usize>load<word>(bin));
      if (addressOf(other) == 0) break;
      if (isMisaligned(other.mem)) corrupted(Failure.FASTBIN_UNALIGNED_3, addressOf(other));
      store<word>(bin, <word>nextFast(other));
      tcachePut(other.mem, cacheIndex);
      note(Step.TCACHE_STASH, cacheIndex, addressOf(other));
    }
  }
  return victim.mem;
}

/**
 * The chunk behind `p` in a fast bin. Only with several threads does glibc look at it now rather
 * than when it is the first.
 * @inline
 */
function nextFast(p: Chunk): usize {
  const next = revealLink(linkPlace(p));
  if (isMisaligned(next + <usize>CHUNK_HDR_SZ) && next != 0 && libc.hasThreads)
    corrupted(Failure.FASTBIN_UNALIGNED, next);
  return next;
}

/** Marks a chunk that leaves a bin as in use. */
function markTaken(arena: MallocState, victim: Chunk, size: word): void {
  victim.markInuseAt(size);
  if (arena != mainArena) victim.mchunkSize |= NON_MAIN_ARENA;
}

/**
 * Phase 2: the oldest chunk of the small bin. The others move to tcache while there is room.
 * @inline
 */
function takeSmall(arena: MallocState, size: word, index: u32): usize {
  const bin = binAt(arena, index);
  const victim = bin.bk;
  if (victim == bin) {
    note(Step.SMALLBIN_EMPTY, index, 0);
    return 0;
  }
  let behind = victim.bk;
  if (behind.fd != victim) corrupted(Failure.SMALLBIN_LIST, addressOf(victim));
  markTaken(arena, victim, size);
  bin.bk = behind;
  behind.fd = bin;
  note(Step.SMALLBIN_TAKE, index, addressOf(victim));
  const cacheIndex = tcacheIndex(size);
  if (MAKES_TCACHE_LATE && isInactive() && cacheIndex < usedBins()) makeTcache(arena);
  if (hasBin(cacheIndex)) {
    while (hasRoom(cacheIndex)) {
      const other = bin.bk;
      if (other == bin) break;
      follow(bin, other, 1, Failure.SEGV_SMALLBIN);
      behind = other.bk;
      markTaken(arena, other, size);
      bin.bk = behind;
      behind.fd = bin;
      tcachePut(other.mem, cacheIndex);
      note(Step.TCACHE_STASH, cacheIndex, addressOf(other));
    }
  }
  return victim.mem;
}

/**
 * Phase 3: takes the chunks out of the unsorted bin, oldest first. One of exactly the size is
 * served, or cached while tcache has room for its like; a small request may be cut from the last
 * remainder; all others are sorted into their bins.
 * @inline
 */
function sortUnsorted(arena: MallocState, size: word): usize {
  const bin = unsortedBin(arena);
  const cacheIndex = tcacheIndex(size);
  let isCached = hasBin(cacheIndex);
  const limit: word = UNSORTED_FEEDS_TCACHE ? mp.tcacheUnsortedLimit : 0;
  let hasCached = false;
  let sorted: word = 0;
  for (let iteration = 0; iteration < MAX_ITERS;) {
    const victim = bin.bk;
    if (victim == bin) break;
    const behind = victim.bk;
    const victimSize = victim.size;
    checkUnsorted(arena, bin, victim, behind, victimSize);
    if (
      behind == bin &&
      victim == arena.lastRemainder &&
      isSmall(size) &&
      victimSize > size + MINSIZE
    ) {
      return splitLastRemainder(arena, bin, victim, victimSize, size);
    }
    bin.bk = behind;
    behind.fd = bin;
    if (victimSize == size) {
      markTaken(arena, victim, size);
      if (UNSORTED_MAKES_TCACHE && isInactive()) {
        makeTcache(arena);
        isCached = hasBin(cacheIndex);
      }
      if (!UNSORTED_FEEDS_TCACHE || !isCached || !hasRoom(cacheIndex)) {
        note(Step.UNSORTED_EXACT, size, addressOf(victim));
        return victim.mem;
      }
      tcachePut(victim.mem, cacheIndex);
      note(Step.TCACHE_STASH, cacheIndex, addressOf(victim));
      hasCached = true;
      continue;
    }
    insertSorted(arena, victim, victimSize);
    note(Step.UNSORTED_SORT, binIndex(victimSize), addressOf(victim));
    sorted++;
    if (hasCached && limit > 0 && sorted > limit) break;
    iteration++;
  }
  if (!hasCached) return NOT_FOUND;
  servedFromTcache = true;
  note(Step.UNSORTED_CACHED, cacheIndex, 0);
  return tcacheTake(cacheIndex);
}

/** Makes this thread's tcache out of `arena`, which is locked (tcache_init). @noinline */
function makeTcache(arena: MallocState): void {
  if (!startTcache()) return;
  const bytes = bytesOfTcache();
  note(Step.TCACHE_MAKE, changetype<usize>(arena), bytes);
  const mem = allocate(arena, TCACHE_REQUEST_IS_CHUNK ? requestToSize(bytes) : bytes);
  if (mem != 0) adoptTcache(mem);
}

/** Writes the tags of a chunk of `size` bytes and of the `rest` that stays free behind it. */
function writeSplit(
  arena: MallocState,
  victim: Chunk,
  size: word,
  remainder: Chunk,
  rest: word,
): void {
  if (!isSmall(rest)) clearSizeLinks(remainder);
  // The victim last: until then it is one chunk, as before (repair.ts).
  remainder.setHead(rest, PREV_INUSE);
  remainder.setFoot(rest);
  victim.setHead(size, PREV_INUSE | arenaBit(arena));
}

/**
 * Cuts a small request from the last remainder, the only chunk in the unsorted bin: successive
 * requests lie side by side.
 */
function splitLastRemainder(
  arena: MallocState,
  bin: Chunk,
  victim: Chunk,
  victimSize: word,
  size: word,
): usize {
  note(Step.UNSORTED_REMAINDER, victimSize, addressOf(victim));
  const remainder = victim.at(size);
  bin.bk = remainder;
  bin.fd = remainder;
  arena.lastRemainder = remainder;
  remainder.bk = bin;
  remainder.fd = bin;
  writeSplit(arena, victim, size, remainder, victimSize - size);
  return victim.mem;
}

/** Phase 4: the smallest chunk of the request's own large bin that is large enough. */
function takeBestFit(arena: MallocState, size: word, index: u32): usize {
  const bin = binAt(arena, index);
  const largest = bin.fd;
  if (largest == bin || largest.mchunkSize < size) return 0;
  let victim = largest;
  let left = mostChunks();
  do {
    const smaller = victim;
    victim = victim.bkNextsize;
    left = follow(smaller, victim, left, Failure.SEGV_LARGEBIN_FIT);
  } while (victim.size < size);
  const victimSize = victim.size;
  // The second of a size is easier to take than the one that stands for it.
  if (victim != bin.bk && victim.mchunkSize == victim.fd.mchunkSize) victim = victim.fd;
  note(Step.LARGEBIN_TAKE, victimSize, addressOf(victim));
  return takeOrSplit(arena, victim, victimSize, size, Failure.REMAINDER_LIST);
}

/**
 * Phase 5: the last chunk of the next larger bin that holds any. What is left of a small request
 * becomes the last remainder.
 */
function takeFromLargerBin(arena: MallocState, size: word, firstIndex: u32): usize {
  let block = firstIndex >> 5;
  let map = load<u32>(binmapWord(arena, block)) & ((<u32>-1) << (firstIndex & 31));
  while (true) {
    while (map == 0) {
      if (++block >= BINMAPSIZE) return 0;
      map = load<u32>(binmapWord(arena, block));
    }
    const bin = binAt(arena, (block << 5) + ctz(map));
    const victim = bin.bk;
    if (victim != bin) {
      const victimSize = victim.size;
      if (victimSize < size) refuse(Failure.ASSERT_BIN_SIZE, addressOf(victim));
      note(Step.BIN_TAKE, (block << 5) + ctz(map), addressOf(victim));
      return takeOrSplit(arena, victim, victimSize, size, Failure.REMAINDER_LIST_2);
    }
    // A false alarm: the bin has become empty since.
    const lowest = map & -map;
    map ^= lowest;
    const place = binmapWord(arena, block);
    store<u32>(place, load<u32>(place) & ~lowest);
  }
}

/**
 * Takes a chunk out of its bin and serves `size` bytes from it. If what remains can be a chunk, it
 * goes to the unsorted bin.
 */
function takeOrSplit(
  arena: MallocState,
  victim: Chunk,
  victimSize: word,
  size: word,
  failure: Failure,
): usize {
  unlink(victim);
  const rest = victimSize - size;
  if (rest < MINSIZE) {
    markTaken(arena, victim, victimSize);
    return victim.mem;
  }
  const remainder = victim.at(size);
  note(Step.SPLIT, rest, addressOf(remainder));
  const bin = unsortedBin(arena);
  const first = bin.fd;
  if (first.bk != bin) corrupted(failure, addressOf(first));
  remainder.bk = bin;
  remainder.fd = first;
  bin.fd = remainder;
  first.bk = remainder;
  if (failure == Failure.REMAINDER_LIST_2 && isSmall(size)) arena.lastRemainder = remainder;
  writeSplit(arena, victim, size, remainder, rest);
  return victim.mem;
}

if (MIN_LARGE_SIZE % 16 != 0) ERROR("large chunks must be aligned");
