// The checker's walk over mapped chunks. Nothing lists them: the region table says what is mapped,
// and neighbours are one region there. So each page where a region, or a chunk before, does not go
// on may begin with a header; what a program has mapped for itself does not, and is passed over
// page by page. Checked builds only.

import { MAPPED_HAS_TRAILER } from "../../abi/version";
import { MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK } from "../../abi/word";
import { IS_THREADED } from "../../sync/tier";
import { Chunk, IS_MMAPPED, SIZE_BITS, addressOf } from "../chunk";
import { broken } from "./findings";
import { TRAILER, mappedOffset } from "../mapped";
import { CHUNK_HDR_SZ } from "../sizes";
import { mp } from "../state";
import { Invariant, PAGE_SIZE, isAligned, regionEnd, regionFrom } from "../system";

/**
 * Bytes of the mapping of [start, end) that the chunk `p` fills to its end; 0 when no header of one
 * is there.
 */
function lengthOf(p: Chunk, start: usize, end: usize): word {
  const lead = <word>(addressOf(p) - start);
  if ((p.mchunkSize & SIZE_BITS) != IS_MMAPPED || mappedOffset(p) != lead) return 0;
  const length = lead + p.size + TRAILER;
  return length <= <word>(end - start) && isAligned(length, PAGE_SIZE) ? length : 0;
}

/** Where the chunk of a mapping begins that nobody asked to be aligned. */
function plainChunk(start: usize): Chunk {
  const misalignment = (start + <usize>CHUNK_HDR_SZ) & MALLOC_ALIGN_MASK;
  return changetype<Chunk>(misalignment != 0 ? start + MALLOC_ALIGNMENT - misalignment : start);
}

/**
 * Bytes of the mapping that begins at `start` with a chunk and ends at `end` at the latest; 0 when
 * there is no such chunk.
 */
function lengthAt(start: usize, end: usize): word {
  return lengthOf(plainChunk(start), start, end);
}

/** How far behind the start of its mapping an aligned chunk is looked for, bytes. */
const MOST_LEAD: usize = 1024 * 1024;

/**
 * As `lengthAt`, for a chunk that memalign has moved up: what is in front of it is nobody's, and
 * may be an older header.
 */
function alignedLengthAt(start: usize, end: usize): word {
  const first = addressOf(plainChunk(start)) + MALLOC_ALIGNMENT;
  for (let at = first; at < min(end, start + MOST_LEAD); at += MALLOC_ALIGNMENT) {
    const length = lengthOf(changetype<Chunk>(at), start, end);
    if (length != 0) return length;
  }
  return lengthAt(start, end);
}

/**
 * As many chunks as n_mmaps says are mapped, and they have as many bytes as mmapped_mem says; where
 * they have a trailer it says more for each move (mapped.ts).
 */
export function checkMapped(): bool {
  // What a dead thread was given, and nobody knows of, is no chunk that can be told from others.
  return IS_THREADED || mp.nMmaps <= 0 || findMapped(false) || findMapped(true) || isLost();
}

function isLost(): bool {
  return broken(Invariant.MAPPED_CHUNK, missed != 0 ? missed : addressOf(changetype<Chunk>(mp)));
}

/** Where `findMapped` first found no chunk. */
let missed: usize = 0;

/**
 * Whether all mapped chunks are found. The second time aligned ones are looked for, which takes
 * long.
 */
function findMapped(areAligned: bool): bool {
  missed = 0;
  let chunks = 0;
  let bytes: word = 0;
  for (let start = regionFrom(0); start != 0;) {
    const end = regionEnd(start);
    while (start < end) {
      const length = areAligned ? alignedLengthAt(start, end) : lengthAt(start, end);
      if (length != 0) {
        chunks++;
        bytes += length;
      } else if (missed == 0) {
        missed = start;
      }
      // What only looks like a header, an older one for one, hides none of those behind it.
      start += areAligned ? <usize>max(length, PAGE_SIZE) : PAGE_SIZE;
    }
    start = regionFrom(end);
  }
  return chunks >= mp.nMmaps && (MAPPED_HAS_TRAILER || bytes >= mp.mmappedMem);
}
