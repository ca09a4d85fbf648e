// From a request in bytes to the size of the chunk that serves it.

import { MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK, PTRDIFF_MAX, SIZE_SZ, ILP32 } from "../abi/word";

/** Bytes of a chunk's header, the two words in front of the block (CHUNK_HDR_SZ). */
export const CHUNK_HDR_SZ: word = 2 * SIZE_SZ;

/** The smallest chunk, bytes (MINSIZE): header, fd and bk. */
export const MINSIZE: word = (4 * SIZE_SZ + MALLOC_ALIGN_MASK) & ~MALLOC_ALIGN_MASK;

/**
 * The size of the chunk for a request of `bytes` <= PTRDIFF_MAX: one word of overhead, rounded up
 * to the alignment, at least MINSIZE (request2size).
 */
export function requestToSize(bytes: word): word {
  const size = (bytes + (SIZE_SZ + MALLOC_ALIGN_MASK)) & ~(<word>MALLOC_ALIGN_MASK);
  // Where it rounds to 16, the rounding alone already gives at least MINSIZE.
  if (MINSIZE == MALLOC_ALIGNMENT) return size;
  return size < MINSIZE ? MINSIZE : size;
}

/** `requestToSize`, or 0 for a request over PTRDIFF_MAX (checked_request2size). */
export function checkedRequestToSize(bytes: word): word {
  return bytes > PTRDIFF_MAX ? 0 : requestToSize(bytes);
}

if (MINSIZE != (ILP32 ? 16 : 32)) ERROR("MINSIZE differs from glibc's");
