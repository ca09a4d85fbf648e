// The two memory layouts that one source compiles to. `word` is glibc's size_t (INTERNAL_SIZE_T):
// `asc --use word=u32` is i386's layout (ilp32), `--use word=u64` x86-64's (lp64). Addresses stay
// below 4 GiB in both, so pointers are `usize` (32 bits) in registers and one `word` wide in
// memory.

import { IS_SMALL } from "./profile";

/** Bytes of a size_t or a pointer in memory (SIZE_SZ): 4 in ilp32, 8 in lp64. */
export const SIZE_SZ: usize = sizeof<word>();

/** Whether this is the i386 layout, known at compile time. */
export const ILP32: bool = sizeof<word>() == 4;

/**
 * The alignment of every block, bytes (MALLOC_ALIGNMENT): 16 in both layouts, as on i386 and
 * x86-64; in the profile "small" two words. @host
 */
export const MALLOC_ALIGNMENT: usize = IS_SMALL ? 2 * SIZE_SZ : 16;

/** The low bits that must be zero in a block's address (MALLOC_ALIGN_MASK). */
export const MALLOC_ALIGN_MASK: usize = MALLOC_ALIGNMENT - 1;

/** The largest distance between two pointers (PTRDIFF_MAX): no request may exceed it. */
export const PTRDIFF_MAX: word = (<word>-1) >> 1;

/** The greatest size_t (SIZE_MAX). @host */
export const SIZE_MAX: word = <word>-1;

if (sizeof<word>() != 4 && sizeof<word>() != 8) ERROR("word must be u32 (ilp32) or u64 (lp64)");
