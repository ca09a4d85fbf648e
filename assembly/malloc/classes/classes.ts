// Size classes: the cache's lists and the arenas' bins are numbered by them. Up to 1 KiB each size
// is a class of its own; then there are eight for each doubling up to 64 KiB, then two.
//
//   class   0   1  …    63    64    65  …    71    72  …   111   112   113  …  124
//   size   16  32  …  1024  1152  1280  …  2048  2304  …   64K   96K  128K  …   6M

import { MALLOC_ALIGNMENT } from "../../abi/word";
import { KIB } from "../../base/align";
import { requestToSize } from "../sizes";

/** Whether sizes are multiples of 8. */
const BY_8: bool = MALLOC_ALIGNMENT == 8;

/** The size up to which each multiple of 16 is a class, bytes; its logarithm; its class. */
export const EXACT_SIZE: word = BY_8 ? 512 : KIB;
const EXACT_LOG2: u32 = BY_8 ? 9 : 10;
const EXACT_CLASS: u32 = <u32>(EXACT_SIZE / MALLOC_ALIGNMENT) - (BY_8 ? 2 : 1);

/** Beyond it there are 8 classes for each doubling. */
export const STEPS_LOG2: u32 = 3;

/** The largest size that the cache keeps, bytes; its logarithm; its class. */
export const CACHED_SIZE: word = 64 * KIB;
const CACHED_LOG2: u32 = 16;
const CACHED_CLASS: u32 = EXACT_CLASS + ((CACHED_LOG2 - EXACT_LOG2) << STEPS_LOG2);

/** How many classes the cache has a list for. */
export const CACHE_CLASSES: u32 = CACHED_CLASS + 1;

/** The class of the largest chunks. */
export const LAST_CLASS: u32 = 124;

/** The class of a chunk of `size` bytes: that of the largest class that is not larger. */
export function classOf(size: word): u32 {
  if (size <= EXACT_SIZE) return exactClass(size);
  if (size <= CACHED_SIZE) return steppedClass(<u32>size);
  // Up to 4 GiB, since all memory ends there.
  const bits = 31 - <u32>clz(<u32>size);
  const half = ((<u32>size) >> (bits - 1)) & 1;
  return min(CACHED_CLASS + ((bits - CACHED_LOG2) << 1) + half, LAST_CLASS);
}

/** The same up to CACHED_SIZE. */
export function cachedClassOf(size: word): u32 {
  return size <= EXACT_SIZE ? exactClass(size) : steppedClass(<u32>size);
}

/** The smallest class of which every chunk holds `size` bytes; for up to CACHED_SIZE. */
export function classFor(size: word): u32 {
  return size <= EXACT_SIZE ? exactClass(size) : steppedClass(<u32>size - 1) + 1;
}

/** The class of a size up to EXACT_SIZE. */
export function exactClass(size: word): u32 {
  return BY_8 ? <u32>(size >> 3) - 2 : <u32>(size >> 4) - 1;
}

/** The class of a size from EXACT_SIZE to CACHED_SIZE. */
function steppedClass(size: u32): u32 {
  const bits = 31 - <u32>clz(size);
  return EXACT_CLASS + ((bits - EXACT_LOG2) << STEPS_LOG2) + ((size >> (bits - STEPS_LOG2)) & 7);
}

/** Whether all chunks of a class have the same size. */
export function isExact(index: u32): bool {
  return index < EXACT_CLASS;
}

/** The size of a class that the cache has, bytes. */
export function sizeOfClass(index: u32): word {
  if (index <= EXACT_CLASS) return <word>((index + 1) << 4);
  const step = index - EXACT_CLASS;
  return <word>((8 + (step & 7)) << (EXACT_LOG2 - STEPS_LOG2 + (step >> STEPS_LOG2)));
}

/**
 * The size of the chunk for a request of `bytes` <= PTRDIFF_MAX: that of its class, if the cache
 * has it.
 */
export function classedSize(bytes: word): word {
  const size = requestToSize(bytes);
  return size <= EXACT_SIZE || size > CACHED_SIZE ? size : sizeOfClass(classFor(size));
}

if (CACHED_CLASS != (BY_8 ? 118 : 111)) ERROR("64 KiB must be class 111");
