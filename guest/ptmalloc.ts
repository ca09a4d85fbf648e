// A runtime for AssemblyScript programs whose heap is ptmalloc-wasm's:
// asc program.ts --runtime ./node_modules/ptmalloc-wasm/guest/ptmalloc
// AssemblyScript's own garbage collector, over malloc and free in place of its allocator.

@external("ptmalloc", "malloc")
declare function ptmalloc_malloc(size: usize): usize;

@external("ptmalloc", "realloc")
declare function ptmalloc_realloc(block: usize, size: usize): usize;

@external("ptmalloc", "free")
declare function ptmalloc_free(block: usize): void;

// The collector reads a block's size from the four bytes before it, where glibc keeps its own header:
// so it gets a word of its own there, and as blocks are aligned to 16, that takes 16 bytes.
const HEADER: usize = 16;
const WORD: usize = 4;
const MOST: usize = (1 << 30) - HEADER;

@inline
function begin(mem: usize, size: usize): usize {
  if (mem == 0) unreachable();
  const block = mem + HEADER;
  store<u32>(block - WORD, <u32>size);
  return block;
}

@inline
function rounded(size: usize): usize {
  if (size > MOST) unreachable();
  return (size + 15) & ~15;
}

// @ts-ignore: decorator
@global @unsafe
export function __alloc(size: usize): usize {
  const bytes = rounded(size);
  return begin(ptmalloc_malloc(bytes + HEADER), bytes);
}

// @ts-ignore: decorator
@global @unsafe
export function __realloc(block: usize, size: usize): usize {
  // Static data is not the heap's: it is copied when it has to grow.
  if (block < __heap_base) {
    const moved = __alloc(size);
    memory.copy(moved, block, load<u32>(block - WORD) & ~3);
    return moved;
  }
  const bytes = rounded(size);
  return begin(ptmalloc_realloc(block - HEADER, bytes + HEADER), bytes);
}

// @ts-ignore: decorator
@global @unsafe
export function __free(block: usize): void {
  if (block >= __heap_base) ptmalloc_free(block - HEADER);
}

import "rt/itcms";
