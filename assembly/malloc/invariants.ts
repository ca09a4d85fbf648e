// The whole-heap checker, in the checked builds only: first line of every public call there, and on request. It trusts nothing but
// the kernel's region table, visits every chunk of every heap segment and every list, and compares the two views.
//
// glibc's own checks (Failure) guard a program against itself; these (Invariant) guard this allocator against us.

import { MALLOC_ALIGN_MASK, SIZE_SZ } from "../abi/word";
import { corrupted } from "../base/failure";
import { binAt, binIndex, binmapWord, isSmall, unsortedBin } from "./bins";
import { Chunk, addressOf, isMisaligned, isOddSize, revealLink } from "./chunk";
import { fastbinAt, fastbinIndex, linkPlace } from "./fastbins";
import { segmentCount, segmentStart } from "./segments";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { LibcData, MallocState, NBINS, NFASTBINS, libc, mainArena, mp } from "./state";
import { Mallinfo2, collectInfo } from "./stats";
import { Invariant, PAGE_SIZE, checkKernel, currentBreak, isAligned } from "./system";
import { TCACHE_MAX_BINS, TcacheEntry, TcachePerthreadStruct, tcache, tcacheIndex } from "./tcache";

// What the walks found, to be compared at the end.
let found: i32 = 0; // Invariant.HOLDS; an enum's member here would need a start function
let foundAddress: usize = 0;
let freeChunks: word = 0;
let freeBytes: word = 0;
let usedBytes: word = 0;
let binnedChunks: word = 0;
let binnedBytes: word = 0;
let fastChunks: word = 0;
let fastBytes: word = 0;
let hasSeenTop: bool = false;
let coveredBytes: word = 0;

/** Notes the first broken invariant. Always false, so that a check can end with it. */
function broken(invariant: Invariant, address: usize): bool {
  if (found == Invariant.HOLDS) {
    found = invariant;
    foundAddress = address;
  }
  return false;
}

/** Where the last `checkHeap` found its invariant broken. */
export function checkAddress(): usize {
  return foundAddress;
}

/** Checks everything. `Invariant.HOLDS`, or the first invariant that does not. */
export function checkHeap(): i32 {
  found = Invariant.HOLDS;
  foundAddress = 0;
  freeChunks = 0;
  freeBytes = 0;
  usedBytes = 0;
  binnedChunks = 0;
  binnedBytes = 0;
  fastChunks = 0;
  fastBytes = 0;
  hasSeenTop = false;
  coveredBytes = 0;
  const kernel = checkKernel();
  if (kernel != Invariant.HOLDS) broken(kernel, 0);
  else if (addressOf(mainArena.top) != addressOf(unsortedBin(mainArena))) checkArena(mainArena);
  return found;
}

/** Whether public calls begin with a check. */
let isVerifying: bool = true;

/** Switches the check at the entry of every public call on (1, as it is at first) or off (0). */
export function verifyCalls(on: i32): void {
  isVerifying = on != 0;
}

/** In the checked builds: ends the call when an invariant is broken. Compiles to nothing in release builds. */
export function verifyHeap(): void {
  if (HEAP_CHECK > 1) {
    if (!isVerifying) return;
    const invariant = checkHeap();
    if (invariant != Invariant.HOLDS) corrupted(<i32>invariant, foundAddress);
  }
}

/** Every check of an arena that has a heap, each only while those before it held. */
function checkArena(arena: MallocState): void {
  for (let index: u32 = 0; index < segmentCount(); index++) {
    if (!checkSegment(arena, segmentStart(index))) return;
  }
  if (!hasSeenTop) {
    broken(Invariant.TOP_MISSING, addressOf(arena.top));
    return;
  }
  for (let index: u32 = 1; index < NBINS; index++) {
    if (!checkBin(arena, index)) return;
  }
  for (let index: u32 = 0; index < NFASTBINS; index++) {
    if (!checkFastbin(arena, index)) return;
  }
  if (freeChunks != binnedChunks || freeBytes != binnedBytes) {
    broken(Invariant.FREE_NOT_BINNED, 0);
    return;
  }
  if (tcache != 0 && !checkTcache()) return;
  if (!checkSums(arena)) return;
  checkInfo(arena);
}

/** Walks one segment: its chunks tile it, end in top or in two fenceposts, and their flags and tags agree. */
function checkSegment(arena: MallocState, start: usize): bool {
  let p = changetype<Chunk>(start);
  if (!isInHeap(p)) return broken(Invariant.CHUNK_SIZE, start);
  if (!p.prevInuse) return broken(Invariant.PREV_INUSE, start);
  let isPreviousFree = false;
  while (p != arena.top) {
    const size = p.size;
    if (size == CHUNK_HDR_SZ) return checkFenceposts(p, start);
    if (size < MINSIZE || isOddSize(size)) return broken(Invariant.CHUNK_SIZE, addressOf(p));
    if (p.isMmapped || p.isNonMain || isMisaligned(p.mem))
      return broken(Invariant.CHUNK_FLAGS, addressOf(p));
    const next = p.at(size);
    if (!endsInHeap(p)) return broken(Invariant.CHUNK_SIZE, addressOf(p));
    const isFree = !next.prevInuse;
    if (isFree) {
      if (isPreviousFree) return broken(Invariant.ADJACENT_FREE, addressOf(p));
      if (next.mchunkPrevSize != size) return broken(Invariant.FOOT, addressOf(p));
      freeChunks++;
      freeBytes += size;
    } else {
      usedBytes += size;
    }
    isPreviousFree = isFree;
    p = next;
  }
  hasSeenTop = true;
  const end = addressOf(p.at(p.size));
  if (!p.prevInuse || isPreviousFree || p.isMmapped)
    return broken(Invariant.TOP_FLAGS, addressOf(p));
  if (p.size < MINSIZE || !isAligned(end, PAGE_SIZE))
    return broken(Invariant.TOP_SIZE, addressOf(p));
  coveredBytes += end - start;
  return true;
}

/** A segment that is not the last ends in two chunks of header size, both marked in use. */
function checkFenceposts(p: Chunk, start: usize): bool {
  const second = p.at(CHUNK_HDR_SZ);
  if (second.size != CHUNK_HDR_SZ || !second.prevInuse)
    return broken(Invariant.FENCEPOST, addressOf(p));
  coveredBytes += addressOf(second) + <usize>CHUNK_HDR_SZ - start;
  return true;
}

/** A bin's ring is whole, holds free chunks of its sizes, in order when large, and the binmap knows of it. */
function checkBin(arena: MallocState, index: u32): bool {
  const bin = binAt(arena, index);
  let larger: word = 0;
  for (let p = bin.bk; p != bin; p = p.bk) {
    if (!isInHeap(p) || !isInHeap(p.fd) || !isInHeap(p.bk))
      return broken(Invariant.BIN_LINKS, addressOf(p));
    const size = p.size;
    if (p.fd.bk != p || p.bk.fd != p) return broken(Invariant.BIN_LINKS, addressOf(p));
    if (!endsInHeap(p)) return broken(Invariant.BIN_SIZE, addressOf(p));
    if (p.inuse) return broken(Invariant.BIN_HOLDS_USED, addressOf(p));
    if (index > 1 && binIndex(size) != index) return broken(Invariant.BIN_SIZE, addressOf(p));
    if (index > 1 && !isSmall(size)) {
      if (size < larger) return broken(Invariant.BIN_ORDER, addressOf(p));
      larger = size;
    }
    binnedChunks++;
    binnedBytes += size;
    if (binnedChunks > freeChunks) return broken(Invariant.FREE_NOT_BINNED, addressOf(p));
  }
  if (index == 1 || bin.bk == bin) return true;
  const isMarked = (load<u32>(binmapWord(arena, index >> 5)) >> (index & 31)) & 1;
  if (!isMarked) return broken(Invariant.BINMAP, addressOf(bin));
  return isSmall(bin.bk.size) || checkSizes(bin);
}

/** In a large bin the first chunk of each size, and no other, is in the ring of sizes. */
function checkSizes(bin: Chunk): bool {
  let previous = changetype<Chunk>(0);
  const first = bin.fd;
  for (let p = first; p != bin; p = p.fd) {
    const isFirst = p == first || p.fdNextsizeWord != 0;
    const isNewSize = p == first || p.size != p.bk.size;
    if (isFirst != isNewSize) return broken(Invariant.NEXTSIZE, addressOf(p));
    if (!isFirst) continue;
    if (p != first && (p.bkNextsize != previous || previous.fdNextsize != p)) {
      return broken(Invariant.NEXTSIZE, addressOf(p));
    }
    previous = p;
  }
  if (previous.fdNextsize != first || first.bkNextsize != previous)
    return broken(Invariant.NEXTSIZE, addressOf(first));
  return true;
}

/** A fast bin holds chunks of its size that look in use. */
function checkFastbin(arena: MallocState, index: u32): bool {
  let p = changetype<Chunk>(<usize>load<word>(fastbinAt(arena, index)));
  if (addressOf(p) != 0 && !arena.haveFastchunks)
    return broken(Invariant.HAVE_FASTCHUNKS, addressOf(p));
  while (addressOf(p) != 0) {
    if (isMisaligned(p.mem) || !isInHeap(p)) return broken(Invariant.FASTBIN_LINK, addressOf(p));
    if (fastbinIndex(p.size) != index) return broken(Invariant.FASTBIN_SIZE, addressOf(p));
    if (!endsInHeap(p) || !p.inuse) return broken(Invariant.FASTBIN_FREE, addressOf(p));
    fastChunks++;
    fastBytes += p.size;
    if (fastBytes > arena.systemMem) return broken(Invariant.FASTBIN_LINK, addressOf(p));
    p = changetype<Chunk>(revealLink(linkPlace(p)));
  }
  return true;
}

/** Whether a chunk lies in memory at all, so that it can be looked at. */
function isInHeap(p: Chunk): bool {
  return (
    addressOf(p) > changetype<usize>(libc) &&
    <word>addressOf(p) <= ((<word>memory.size()) << 16) - MINSIZE
  );
}

/** Whether behind the chunk, which is in memory, there is room for the header of another. */
function endsInHeap(p: Chunk): bool {
  const end = addressOf(p.at(p.size));
  return p.size <= (<word>memory.size()) << 16 && end > addressOf(p) && isInHeap(p.at(p.size));
}

/** Each tcache bin holds as many blocks as it counts, of its size, in use and with the key. */
function checkTcache(): bool {
  if (!isInHeap(Chunk.ofMem(tcache)) || !endsInHeap(Chunk.ofMem(tcache)))
    return broken(Invariant.TCACHE_LINK, tcache);
  for (let index: u32 = 0; index < TCACHE_MAX_BINS; index++) {
    const place = tcache + <usize>index * SIZE_SZ;
    let mem = <usize>load<word>(place, offsetof<TcachePerthreadStruct>("entries"));
    let left = <i32>load<u16>(tcache + ((<usize>index) << 1));
    for (; mem != 0; mem = revealLink(mem)) {
      const p = Chunk.ofMem(mem);
      if (--left < 0) return broken(Invariant.TCACHE_COUNT, mem);
      if ((mem & MALLOC_ALIGN_MASK) != 0 || !isInHeap(p)) return broken(Invariant.TCACHE_LINK, mem);
      if (tcacheIndex(p.size) != index) return broken(Invariant.TCACHE_SIZE, mem);
      if (!endsInHeap(p) || !p.inuse) return broken(Invariant.TCACHE_FREE, mem);
      if (changetype<TcacheEntry>(mem).key != libc.tcacheKey)
        return broken(Invariant.TCACHE_KEY, mem);
    }
    if (left != 0) return broken(Invariant.TCACHE_COUNT, place);
  }
  return true;
}

/** system_mem is what the segments cover, and no maximum is below its present value. */
function checkSums(arena: MallocState): bool {
  if (arena.systemMem > arena.maxSystemMem)
    return broken(Invariant.SYSTEM_MEM, changetype<usize>(arena));
  if (mp.nMmaps < 0 || mp.nMmaps > mp.maxNMmaps)
    return broken(Invariant.MMAP_COUNT, changetype<usize>(mp));
  if (mp.mmappedMem > mp.maxMmappedMem || !isAligned(mp.mmappedMem, PAGE_SIZE)) {
    return broken(Invariant.MMAPPED_MEM, changetype<usize>(mp));
  }
  // Between segments on the break may lie what somebody else's sbrk took: that counts as ours, too.
  if (coveredBytes > arena.systemMem) return broken(Invariant.SYSTEM_MEM, changetype<usize>(arena));
  const end = addressOf(arena.top.at(arena.top.size));
  if (arena.contiguous && end > currentBreak())
    return broken(Invariant.TOP_SIZE, addressOf(arena.top));
  return true;
}

/** mallinfo2 says what the walks counted. */
function checkInfo(arena: MallocState): bool {
  const info = changetype<Mallinfo2>(changetype<usize>(libc) + offsetof<LibcData>("scratch"));
  collectInfo(info);
  const free = freeBytes + fastBytes + arena.top.size;
  if (info.fordblks != free) return broken(Invariant.MALLINFO, 0);
  if (info.ordblks != freeChunks + 1 || info.smblks != fastChunks || info.fsmblks != fastBytes) {
    return broken(Invariant.MALLINFO, 0);
  }
  if (segmentCount() > 1 || !arena.contiguous) return true;
  // A heap in one piece holds nothing but chunks, and what was skipped to align the first.
  const used = usedBytes + segmentStart(0) - mp.sbrkBase;
  if (info.uordblks + fastBytes != used) return broken(Invariant.MALLINFO, 0);
  return true;
}
