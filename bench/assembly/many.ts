// Many blocks in one call from JavaScript: loops in a module of their own, which imports the
// allocator from the heap's instance and shares its memory.

declare function malloc(bytes: word): word;
declare function free(block: word): void;

/**
 * Allocates a block for each of `count` sizes, 32 bits each, and puts its address in the size's
 * place.
 */
export function malloc_many(list: u32, count: u32): void {
  for (let at = list, end = list + (count << 2); at < end; at += 4) {
    store<u32>(at, <u32>malloc(<word>load<u32>(at)));
  }
}

/** Frees `count` blocks, whose addresses have 32 bits each. */
export function free_many(list: u32, count: u32): void {
  for (let at = list, end = list + (count << 2); at < end; at += 4) {
    free(<word>load<u32>(at));
  }
}
