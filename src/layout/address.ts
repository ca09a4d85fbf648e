// Two kinds of address, two types. malloc hands out the address of a block's first byte (glibc's
// "mem"); the chunk that holds the block begins two words earlier. Mixing them up is the classic
// bug of heap tools, so the compiler keeps them apart. Both are plain numbers at run time, always
// unsigned, and a plain number may stand for either.

/**
 * The two memory layouts: i386's (4-byte words) and x86-64's (8-byte words). Addresses stay below 4
 * GiB in both.
 */
export type Abi = "ilp32" | "lp64";

/** The greatest address, in both: memories of WebAssembly have 32-bit addresses. */
export const ADDRESS_MAX = 2 ** 32 - 1;

declare const unit: unique symbol;

/**
 * The address of a block, as malloc returns it and free takes it: unsigned, a multiple of 16; 0 is
 * NULL.
 */
export type Mem = number & {
  /** For the compiler only: at run time it is a plain number. */
  readonly [unit]?: "mem";
};

/** The address of a chunk (glibc's `mchunkptr`): unsigned, two words below its block. */
export type Chunk = number & {
  /** For the compiler only: at run time it is a plain number. */
  readonly [unit]?: "chunk";
};

/**
 * The size of a header word (glibc's SIZE_SZ).
 * @param abi the layout
 * @returns bytes: 4 in ilp32, 8 in lp64
 */
export function wordBytes(abi: Abi): 4 | 8 {
  return abi === "ilp32" ? 4 : 8;
}

/**
 * The chunk that holds the block `mem` (glibc's mem2chunk).
 * @param mem a block's address
 * @param abi the layout: a word is 4 or 8 bytes
 * @returns the address of the chunk's first header word, unsigned
 */
export function chunkOf(mem: Mem, abi: Abi): Chunk {
  return (mem - 2 * wordBytes(abi)) >>> 0;
}

/**
 * The block in the chunk `chunk` (glibc's chunk2mem).
 * @param chunk a chunk's address
 * @param abi the layout: a word is 4 or 8 bytes
 * @returns the address of the block's first byte, unsigned
 */
export function memOf(chunk: Chunk, abi: Abi): Mem {
  return (chunk + 2 * wordBytes(abi)) >>> 0;
}
