// Chunks: the units that the heap is tiled with, each with a boundary tag.
//
//   chunk ->  +--------------------------------------------------+
//             | mchunk_prev_size: size of the chunk before, if   |
//             |   that is free; else the last word of its block  |
//             +------------------------------------------+---+---+---+
//             | mchunk_size: this chunk's size           | A | M | P |
//   mem ->    +------------------------------------------+---+---+---+
//             | in use: the program's bytes              free: fd |
//             |                                               bk  |
//             |                 free and large: fd_nextsize       |
//             |                                 bk_nextsize       |
//             .                                                   .
//   next ->   +---------------------------------------------------+
//
//   P PREV_INUSE      bit 0: the chunk before is in use (fast and cached chunks count as in use)
//   M IS_MMAPPED      bit 1: a mapping of its own; mchunk_prev_size is the chunk's offset in it
//   A NON_MAIN_ARENA  bit 2: belongs to an arena other than main_arena
//
// A `Chunk` is the address of the header; `mem` is what the program sees. They are never mixed.

import { IS_SMALL } from "../abi/profile";
import { ILP32, MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK, SIZE_SZ } from "../abi/word";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";

/** The flag bits of a size word. @host */
const PREV_INUSE: word = 0x1;
const IS_MMAPPED: word = 0x2;
const NON_MAIN_ARENA: word = 0x4;

/** All flag bits of a size word (SIZE_BITS). @host */
export const SIZE_BITS: word = PREV_INUSE | IS_MMAPPED | NON_MAIN_ARENA;

export { PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA };

/** A chunk's header and, while it is free, its links (struct malloc_chunk). */
@unmanaged
export class Chunk {
  mchunkPrevSize: word; // mchunk_prev_size
  mchunkSize: word; // mchunk_size: bytes, with the flag bits
  fdWord: word; // fd
  bkWord: word; // bk
  fdNextsizeWord: word; // fd_nextsize: next smaller size in a large bin
  bkNextsizeWord: word; // bk_nextsize: next larger size

  /** The chunk that a block belongs to (mem2chunk). */
  static ofMem(mem: usize): Chunk {
    return changetype<Chunk>(mem - <usize>CHUNK_HDR_SZ);
  }

  /** The block that the program sees (chunk2mem). */
  get mem(): usize {
    return changetype<usize>(this) + <usize>CHUNK_HDR_SZ;
  }

  /** Bytes of this chunk, without the flag bits (chunksize). */
  get size(): word {
    return this.mchunkSize & ~SIZE_BITS;
  }

  /** The chunk `offset` bytes further on (chunk_at_offset). */
  at(offset: word): Chunk {
    return changetype<Chunk>(changetype<usize>(this) + <usize>offset);
  }

  /** The chunk `offset` bytes before. */
  before(offset: word): Chunk {
    return changetype<Chunk>(changetype<usize>(this) - <usize>offset);
  }

  get prevInuse(): bool {
    return (this.mchunkSize & PREV_INUSE) != 0;
  }

  get isMmapped(): bool {
    return (this.mchunkSize & IS_MMAPPED) != 0;
  }

  get isNonMain(): bool {
    return (this.mchunkSize & NON_MAIN_ARENA) != 0;
  }

  /** Whether this chunk is in use, by the P bit of the one behind it (inuse). */
  get inuse(): bool {
    return this.at(this.size).prevInuse;
  }

  /** Sets the P bit of the chunk `offset` bytes on (set_inuse_bit_at_offset). */
  markInuseAt(offset: word): void {
    const next = this.at(offset);
    next.mchunkSize |= PREV_INUSE;
  }

  /**
   * Writes the size word, the one place that does so whole: `size` bytes, and the flag bits
   * (set_head).
   */
  setHead(size: word, flags: word): void {
    if (HEAP_CHECK > 1 && (size & SIZE_BITS) + (flags & ~SIZE_BITS) != 0) unreachable();
    this.mchunkSize = size | flags;
  }

  /** Changes the size and keeps the flag bits; those of `size` are added (set_head_size). */
  setHeadSize(size: word): void {
    this.mchunkSize = (this.mchunkSize & SIZE_BITS) | size;
  }

  /** Writes the boundary tag of a free chunk of `size` bytes (set_foot). */
  setFoot(size: word): void {
    this.at(size).mchunkPrevSize = size;
  }

  get fd(): Chunk {
    return changetype<Chunk>(<usize>this.fdWord);
  }

  set fd(chunk: Chunk) {
    this.fdWord = <word>changetype<usize>(chunk);
  }

  get bk(): Chunk {
    return changetype<Chunk>(<usize>this.bkWord);
  }

  set bk(chunk: Chunk) {
    this.bkWord = <word>changetype<usize>(chunk);
  }

  get fdNextsize(): Chunk {
    return changetype<Chunk>(<usize>this.fdNextsizeWord);
  }

  set fdNextsize(chunk: Chunk) {
    this.fdNextsizeWord = <word>changetype<usize>(chunk);
  }

  get bkNextsize(): Chunk {
    return changetype<Chunk>(<usize>this.bkNextsizeWord);
  }

  set bkNextsize(chunk: Chunk) {
    this.bkNextsizeWord = <word>changetype<usize>(chunk);
  }
}

/** The address of a chunk as a number. */
export function addressOf(chunk: Chunk): usize {
  return changetype<usize>(chunk);
}

/** Whether a block at `mem` could not have come from us (misaligned_chunk, aligned_OK). */
export function isMisaligned(mem: usize): bool {
  return (mem & MALLOC_ALIGN_MASK) != 0;
}

/**
 * Whether an aligned block of an aligned size, not mmapped, is at `mem`, `head` being its size
 * word: three tests in one.
 */
export function isPlain(mem: usize, head: word): bool {
  return (
    ((mem & MALLOC_ALIGN_MASK) | ((<usize>head) & (MALLOC_ALIGNMENT / 2 + <usize>IS_MMAPPED))) == 0
  );
}

/** Whether `size` is no multiple of the alignment (aligned_OK). */
export function isMisalignedSize(size: word): bool {
  return (size & (<word>MALLOC_ALIGN_MASK)) != 0;
}

/**
 * The bytes that a program may use of a chunk that is not mmapped (memsize): up to the next chunk's
 * size word.
 */
export function usableSize(chunk: Chunk): word {
  return chunk.size - SIZE_SZ;
}

// Safe-linking: the links of singly-linked lists are stored exclusive-or'ed with the page number of
// the place where they are stored, so that overwriting one with a plain address gives a misaligned
// chunk (PROTECT_PTR, REVEAL_PTR).

/** @host */
const PAGE_SHIFT: usize = 12;

/**
 * The stored form of the link `target` at the address `place`. The same operation reads it back.
 */
export function protectLink(place: usize, target: usize): usize {
  return (place >> PAGE_SHIFT) ^ target;
}

/** The link stored at the address `place`. */
export function revealLink(place: usize): usize {
  return protectLink(place, <usize>load<word>(place));
}

if (offsetof<Chunk>("fdNextsizeWord") != <usize>MINSIZE)
  ERROR("MIN_CHUNK_SIZE differs from glibc's");
if (offsetof<Chunk>("fdWord") != <usize>CHUNK_HDR_SZ) ERROR("chunk2mem differs from glibc's");
if (offsetof<Chunk>() != (ILP32 ? 24 : 48)) ERROR("struct malloc_chunk differs from glibc's");
if (!IS_SMALL && SIZE_BITS >= MALLOC_ALIGNMENT / 2)
  ERROR("the size's odd bit must lie above the flags");
