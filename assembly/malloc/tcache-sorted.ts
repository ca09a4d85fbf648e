// tcache where a list is gone into: memalign looks for an aligned block (2.38), and the large bins,
// each of which has all sizes of a doubling, keep their lists in the order of sizes (2.42). The
// link in the struct is plain; those in blocks are protected.

import { TCACHE_LARGE_BINS, TCACHE_SMALL_BINS } from "../abi/version";
import { Failure, corrupted } from "../base/failure";
import { Chunk, isMisaligned, protectLink, revealLink } from "./chunk";
import { followAside, mostChunks } from "./links";
import { mp } from "./state";
import { Step, TELLS, note } from "./steps";
import { countOf, entryPlace, popEntry, setCount, setKey } from "./tcache-lists";
import {
  MAX_SMALL_SIZE,
  blocksIn,
  hasBin,
  hasRoom,
  tcache,
  tcacheIndex,
  tcacheKey,
} from "./tcache";

/** Whether chunks of `size` bytes are for tcache, in a bin of one size or a large one. */
export function isCachedSize(size: word): bool {
  return TCACHE_LARGE_BINS == 0 ? hasBin(tcacheIndex(size)) : size < mp.tcacheMaxBytes;
}

/** The bin of a chunk whose size `isCachedSize` (csize2tidx, large_csize2tidx). */
export function sortedIndex(size: word): u32 {
  const index = tcacheIndex(size);
  if (TCACHE_LARGE_BINS == 0 || index < TCACHE_SMALL_BINS) return index;
  return TCACHE_SMALL_BINS + clz<u32>(<u32>MAX_SMALL_SIZE) - clz<u32>(<u32>size);
}

/** The block that the link at `place` leads to; `head` is the link in the struct. */
function blockAt(place: usize, head: usize): usize {
  return place == head ? <usize>load<word>(place) : revealLink(place);
}

/** Makes the link at `place` lead to the block `mem`. */
function linkTo(place: usize, head: usize, mem: usize): void {
  store<word>(place, <word>(place == head ? mem : protectLink(place, mem)));
}

/**
 * The link of bin `index` that leads to the first block of at least `size` bytes at a multiple of
 * `alignment`, or to the end (tcache_location_large, tcache_get_align).
 * @noinline
 */
function placeFor(index: u32, size: word, alignment: word): usize {
  const head = entryPlace(tcache, index);
  let place = head;
  let left = mostChunks();
  for (let mem = blockAt(place, head); mem != 0; mem = revealLink(place)) {
    const p = Chunk.ofMem(mem);
    left = followAside(p, p, left, Failure.SEGV_TCACHE);
    const isWanted = ((<word>mem) & (alignment - 1)) == 0;
    // Where all bins have one size, sizes are not looked at.
    if (TCACHE_LARGE_BINS == 0 ? isWanted : p.size > size || (p.size == size && isWanted)) break;
    place = mem;
  }
  return place;
}

/**
 * Takes a block for chunks of exactly `size` bytes, which `isCachedSize`, at a multiple of
 * `alignment`, a power of two, or 0 (tcache_get_large, tcache_get_align).
 * @noinline
 */
export function takeSorted(size: word, alignment: word): usize {
  const index = sortedIndex(size);
  const head = entryPlace(tcache, index);
  const place = placeFor(index, size, alignment);
  const mem = blockAt(place, head);
  if (mem == 0 || (TCACHE_LARGE_BINS > 0 && Chunk.ofMem(mem).size != size)) return 0;
  if (isMisaligned(mem)) corrupted(Failure.TCACHE_UNALIGNED, mem);
  if (TELLS) note(Step.TCACHE_TAKE, index, blocksIn(index));
  if (place == head) {
    popEntry(tcache, index, mem, countOf(tcache, index));
    return mem;
  }
  linkTo(place, head, revealLink(mem));
  setCount(tcache, index, -1);
  setKey(mem, 0);
  return mem;
}

/**
 * Puts the block `mem` of a large chunk of `size` bytes in front of those that are not smaller, if
 * its bin has a slot. Whether it did (tcache_put_large).
 * @noinline
 */
export function putSorted(mem: usize, size: word): bool {
  const index = sortedIndex(size);
  if (TELLS) note(hasRoom(index) ? Step.TCACHE_PUT : Step.TCACHE_FULL, index, blocksIn(index));
  if (!hasRoom(index)) return false;
  const head = entryPlace(tcache, index);
  const place = placeFor(index, size, 1);
  setKey(mem, tcacheKey());
  store<word>(mem, <word>protectLink(mem, blockAt(place, head)));
  linkTo(place, head, mem);
  setCount(tcache, index, 1);
  return true;
}
