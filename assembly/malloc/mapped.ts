// Mmapped chunks: blocks so large that each is a mapping of its own. The M bit is set;
// mchunk_prev_size is the distance from the mapping's start to the chunk; the end of the mapping is
// the end of the chunk.

import { ADVISES_MOVED, MAPPED_HAS_TRAILER } from "../abi/version";
import { MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK, SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { Chunk, IS_MMAPPED, addressOf, isMisaligned } from "./chunk";
import { mustBeMapped } from "./links";
import { CHUNK_HDR_SZ } from "./sizes";
import { DEFAULT_MMAP_THRESHOLD_MAX, mp } from "./state";
import { Step, TELLS, note } from "./steps";
import {
  MAP_FAILED,
  PAGE_SIZE,
  adviseHuge,
  alignUp,
  enterKernel,
  leaveKernel,
  mapPages,
  namePages,
  remapPages,
  unmapPages,
} from "./system";

/**
 * Bytes that a mapping holds beyond the chunk of the request: there is no next chunk whose first
 * word could be used.
 */
const OVERHEAD: word = MAPPED_HAS_TRAILER
  ? MALLOC_ALIGNMENT
  : SIZE_SZ + (MALLOC_ALIGNMENT == <usize>CHUNK_HDR_SZ ? 0 : MALLOC_ALIGN_MASK);

/** Bytes of a mapping behind its chunk, where one has a header there as others do. */
export const TRAILER: word = MAPPED_HAS_TRAILER ? CHUNK_HDR_SZ : 0;

/** Bytes of a mapped chunk that are not for the program. */
export const MAPPED_OVERHEAD: word = MAPPED_HAS_TRAILER ? SIZE_SZ : CHUNK_HDR_SZ;

/** In mchunk_prev_size, where a mapped chunk has a trailer: its pages are explicit huge ones. */
const HUGE_BIT: word = 1;

/** How far from its mapping's start a mapped chunk begins, bytes. */
export function mappedOffset(p: Chunk): word {
  return MAPPED_HAS_TRAILER ? p.mchunkPrevSize & ~HUGE_BIT : p.mchunkPrevSize;
}

/** Makes the mapped chunk `p` begin `lead` bytes later. */
export function moveMapped(p: Chunk, lead: word): Chunk {
  const moved = p.at(lead);
  moved.mchunkPrevSize = p.mchunkPrevSize + lead;
  moved.setHead(p.size - lead, IS_MMAPPED);
  return moved;
}

/** The pages of a mapped chunk, bytes. */
function pagesOf(p: Chunk): word {
  return MAPPED_HAS_TRAILER && p.mchunkPrevSize & HUGE_BIT ? mp.hpPagesize : PAGE_SIZE;
}

/**
 * Serves a chunk of `size` bytes by a mapping in pages of `pageSize` bytes. The block, or 0 when
 * refused (sysmalloc_mmap).
 * @noinline
 */
export function mapChunk(size: word, pageSize: word): usize {
  const length = alignUp(size + OVERHEAD, pageSize);
  if (length <= size) return 0;
  enterKernel();
  const start = mapPages(length, pageSize);
  const isHuge = MAPPED_HAS_TRAILER && pageSize != PAGE_SIZE;
  const mem: usize = start == MAP_FAILED ? 0 : makeMapped(start, length, isHuge);
  if (mem != 0) {
    if (pageSize == PAGE_SIZE) adviseHuge(start, length);
    namePages(start, length, false);
  }
  leaveKernel();
  return mem;
}

/** Makes the mapping of `length` bytes at `start` a chunk. Its block. */
function makeMapped(start: usize, length: word, isHuge: bool): usize {
  const misalignment = (start + <usize>CHUNK_HDR_SZ) & MALLOC_ALIGN_MASK;
  const correction = misalignment != 0 ? MALLOC_ALIGNMENT - misalignment : 0;
  const p = changetype<Chunk>(start + correction);
  p.mchunkPrevSize = correction | (isHuge ? HUGE_BIT : 0);
  p.setHead(length - correction - TRAILER, IS_MMAPPED);
  if (++mp.nMmaps > mp.maxNMmaps) mp.maxNMmaps = mp.nMmaps;
  countMapped(length);
  return p.mem;
}

/** Counts `bytes` more (modulo the word, so fewer) as mapped. */
function countMapped(bytes: word): void {
  mp.mmappedMem += bytes;
  if (mp.mmappedMem > mp.maxMmappedMem) mp.maxMmappedMem = mp.mmappedMem;
}

/**
 * Whether `mem` lies where a mapping that [block, block + length) claims to be could have put it.
 */
function isPlausible(mem: usize, block: usize, length: word): bool {
  if ((((<word>block) | length) & (PAGE_SIZE - 1)) != 0) return false;
  const inPage = mem & (PAGE_SIZE - 1);
  return (inPage & (inPage - 1)) == 0;
}

/**
 * After such a block was freed, blocks of its size come from the heap (the dynamic threshold of
 * __libc_free).
 */
export function adjustThreshold(p: Chunk): void {
  if (mp.noDynThreshold) return;
  if (p.mchunkSize <= mp.mmapThreshold || p.mchunkSize > DEFAULT_MMAP_THRESHOLD_MAX) return;
  mp.mmapThreshold = p.size;
  mp.trimThreshold = 2 * mp.mmapThreshold;
  if (TELLS) note(Step.THRESHOLD, mp.mmapThreshold, mp.trimThreshold);
}

/** Gives an mmapped chunk back to the kernel (munmap_chunk). @noinline */
export function unmapChunk(p: Chunk): void {
  mustBeMapped(p);
  if (!p.isMmapped) corrupted(Failure.ASSERT_MUNMAP_MMAPPED, addressOf(p));
  const offset = mappedOffset(p);
  const block = addressOf(p) - <usize>offset;
  const length = offset + p.size + TRAILER;
  if (!isPlausible(p.mem, block, length)) corrupted(Failure.MUNMAP_POINTER, addressOf(p));
  enterKernel();
  mp.nMmaps--;
  mp.mmappedMem -= length;
  note(Step.MUNMAP, length, addressOf(p));
  // The bytes stay: whoever frees the block again, in a mapping made meanwhile, must not meet its
  // header.
  p.setHead(0, 0);
  unmapPages(block, length);
  leaveKernel();
}

/**
 * Makes an mmapped chunk hold a request whose chunk would be `size` bytes. The chunk, perhaps
 * elsewhere, or 0 (mremap_chunk).
 */
export function remapChunk(p: Chunk, size: word): Chunk {
  mustBeMapped(p);
  const offset = mappedOffset(p);
  if (!MAPPED_HAS_TRAILER && !p.isMmapped) corrupted(Failure.ASSERT_MREMAP_MMAPPED, addressOf(p));
  const block = addressOf(p) - <usize>offset;
  const oldLength = offset + p.size + TRAILER;
  if (!isPlausible(p.mem, block, oldLength)) corrupted(Failure.MREMAP_POINTER, addressOf(p));
  const newLength = alignUp(
    size + offset + (MAPPED_HAS_TRAILER ? CHUNK_HDR_SZ : SIZE_SZ),
    pagesOf(p),
  );
  if (newLength == oldLength) return p;
  enterKernel();
  const start = remapPages(block, oldLength, newLength);
  if (ADVISES_MOVED && start != MAP_FAILED) adviseHuge(start, newLength);
  const moved =
    start == MAP_FAILED ? changetype<Chunk>(0) : makeMoved(start, offset, oldLength, newLength);
  leaveKernel();
  return moved;
}

/** Makes what is at `start` now, `newLength` bytes, a chunk again. */
function makeMoved(start: usize, offset: word, oldLength: word, newLength: word): Chunk {
  const moved = changetype<Chunk>(start + <usize>offset);
  if (isMisaligned(moved.mem)) corrupted(Failure.ASSERT_MREMAP_ALIGNED, addressOf(moved));
  moved.setHead(newLength - offset - TRAILER, IS_MMAPPED);
  // glibc 2.43 forgets the trailer here: each move leaves its bytes in mmapped_mem for ever.
  countMapped(newLength - oldLength + TRAILER);
  return moved;
}

/** Frees an mmapped block of the program's. @noinline */
export function freeMapped(p: Chunk): void {
  adjustThreshold(p);
  unmapChunk(p);
}
