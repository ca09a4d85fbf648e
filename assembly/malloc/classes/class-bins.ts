// The arena's free chunks: one list for each class, the latest first. A bit of the binmap says
// which lists hold any, so that the next larger one is found in two steps. They lie where glibc's
// bins do, without an unsorted bin and without an order of size.

import { IS_THROUGHPUT } from "../../abi/profile";
import { SIZE_SZ } from "../../abi/word";
import { binAt, binmapWord, takeOut } from "../bins";
import { Chunk, PREV_INUSE, addressOf } from "../chunk";
import { MallocState, NBINS } from "../state";
import { LAST_CLASS, classOf } from "./classes";

/** The bin of class 0: bin 1 is what top is before there is a heap. */
const FIRST_BIN: u32 = 2;

/** What `nextBin` says when no bin holds anything. */
export const NO_BIN: u32 = 0;

/** The bin of a class. */
export function binOfClass(index: u32): u32 {
  return index + FIRST_BIN;
}

/** Writes the tags of a free chunk of `size` bytes and puts it into its bin. @inline */
export function putFree(arena: MallocState, p: Chunk, size: word): void {
  p.setHead(size, PREV_INUSE);
  p.setFoot(size);
  if (IS_THROUGHPUT) addBinned(arena, size);
  const index = binOfClass(classOf(size));
  const bin = binAt(arena, index);
  const first = bin.fd;
  p.fd = first;
  p.bk = bin;
  bin.fd = p;
  first.bk = p;
  const place = mapPlace(arena, index);
  store<u64>(place, load<u64>(place) | ((<u64>1) << (index & 63)));
}

/** Takes the free chunk `p` of `size` bytes out of its bin. @inline */
export function remove(arena: MallocState, p: Chunk, size: word): void {
  const fd = takeOut(p, size);
  if (IS_THROUGHPUT) addBinned(arena, 0 - size);
  if (fd == p.bk) noteEmpty(arena, fd);
}

/** Clears the bit of the bin whose head is `bin`. */
function noteEmpty(arena: MallocState, bin: Chunk): void {
  const index = <u32>((addressOf(bin) - addressOf(binAt(arena, 0))) / (2 * SIZE_SZ));
  // Where links are broken, this may be another chunk.
  if (index >= NBINS) return;
  const place = mapPlace(arena, index);
  store<u64>(place, load<u64>(place) & ~((<u64>1) << (index & 63)));
}

/** How many bytes of chunks the bins hold; in the profile "throughput". */
export function bytesInBins(arena: MallocState): word {
  // There are no fast bins that the field could speak of.
  return <word>(<u32>arena.haveFastchunks);
}

function addBinned(arena: MallocState, size: word): void {
  arena.haveFastchunks += <i32>size;
}

/** The first bin from `index` on that holds a chunk, or NO_BIN. */
export function nextBin(arena: MallocState, index: u32): u32 {
  const map = load<u64>(mapPlace(arena, index)) & ((<u64>-1) << (index & 63));
  if (map != 0) return (index & 64) + <u32>ctz(map);
  if (index >= 64) return NO_BIN;
  const rest = load<u64>(mapPlace(arena, 64));
  return rest != 0 ? 64 + <u32>ctz(rest) : NO_BIN;
}

/** Where the 64 bits are of which one is that of bin `index`. */
function mapPlace(arena: MallocState, index: u32): usize {
  return binmapWord(arena, (index >> 6) << 1);
}

if (FIRST_BIN + LAST_CLASS >= NBINS) ERROR("there are not so many bins");
