// Rounding to powers of two, and the sizes that everybody counts in.

export const KIB: usize = 1024;
export const MIB: usize = 1024 * KIB;

/** The kernel's page, bytes: what brk and mmap round to. @host */
export const PAGE_SIZE: usize = 4 * KIB;

/** WebAssembly's page, bytes: what memory.grow counts in. @host */
export const WASM_PAGE_SIZE: usize = 64 * KIB;

/** `value` rounded down to a multiple of `alignment`, a power of two. */
export function alignDown(value: word, alignment: word): word {
  return value & ~(alignment - 1);
}

/**
 * `value` rounded up to a multiple of `alignment`, a power of two. Wraps to 0 at the top of the
 * range, as in C.
 */
export function alignUp(value: word, alignment: word): word {
  return (value + alignment - 1) & ~(alignment - 1);
}

/** Whether `value` is a multiple of `alignment`, a power of two. */
export function isAligned(value: word, alignment: word): bool {
  return (value & (alignment - 1)) == 0;
}

/**
 * The bytes of the kernel's pages that hold `length` bytes. Wraps to 0 when there is no such
 * number.
 */
export function pageAlign(length: word): word {
  return alignUp(length, <word>PAGE_SIZE);
}
