// The decision path: which way a call takes through malloc, step by step, told to whoever asks. In
// the full build only, and only while somebody listens; elsewhere `note` is nothing.

import { step } from "../base/host";
import { IS_FULL, isTelling, tellOf } from "./system";

/**
 * What was decided. Each comes with two numbers: sizes are chunk sizes in bytes, bins are numbered
 * as glibc does. Who decides it, and in what words it is told: src/inspect/steps.ts.
 */
export enum Step {
  TCACHE_TAKE = 1, // tcache bin, blocks in it before
  TCACHE_EMPTY = 2, // tcache bin, 0
  TCACHE_NONE = 3, // size, 1 where the thread has no tcache: no bin has it
  FASTBIN_TAKE = 4, // size, chunk
  FASTBIN_EMPTY = 5, // size, 0
  TCACHE_STASH = 6, // tcache bin, chunk: met on the way
  SMALLBIN_TAKE = 7, // bin, chunk
  SMALLBIN_EMPTY = 8, // bin, 0
  CONSOLIDATE = 9, // arena, 0
  UNSORTED_EXACT = 10, // size, chunk
  UNSORTED_REMAINDER = 11, // size, chunk
  UNSORTED_SORT = 12, // bin, chunk
  UNSORTED_CACHED = 13, // tcache bin, 0
  LARGEBIN_TAKE = 14, // size, chunk
  BIN_TAKE = 15, // bin, chunk
  SPLIT = 16, // size of what remains, where it is
  TOP_TAKE = 17, // size of top before, chunk
  TOP_SMALL = 18, // size of top, size wanted
  MMAP = 19, // size, mmap_threshold
  BREAK_GROW = 20, // bytes, where they begin
  BREAK_REFUSED = 21, // bytes, 0
  MMAP_TOP = 22, // bytes, where they begin
  HEAP_GROW = 23, // bytes in use now, heap
  HEAP_NEW = 24, // bytes in use, heap
  REFUSED = 25, // size, 0: ENOMEM
  MUNMAP = 26, // bytes of the mapping, chunk
  THRESHOLD = 27, // mmap_threshold, trim_threshold
  TCACHE_PUT = 28, // tcache bin, blocks in it before
  TCACHE_FULL = 29, // tcache bin, blocks in it
  FASTBIN_PUT = 30, // size, chunk
  FASTBIN_NONE = 31, // size, global_max_fast
  MERGE_BACK = 32, // size of the chunk before, that chunk
  MERGE_NEXT = 33, // size of the chunk behind, that chunk
  MERGE_TOP = 34, // size of top now, top
  UNSORTED_PUT = 35, // size, chunk
  TRIM_KEEP = 36, // size of top, trim_threshold
  TRIM = 37, // bytes given back, size of top now
  REALLOC_KEEP = 38, // size, size wanted
  REALLOC_TOP = 39, // size together with top, size wanted
  REALLOC_NEXT = 40, // size together with the free chunk behind, size wanted
  REALLOC_MOVE = 41, // size, size wanted
  REALLOC_MREMAP = 42, // size, size wanted
  ALIGN = 43, // alignment, size asked for so that it can be aligned
  CONSOLIDATED = 44, // size, chunk: out of a fast bin
  SMALLBIN_PUT = 45, // bin, chunk: freed, and small
  TCACHE_MAKE = 46, // arena, bytes: the thread's tcache is made
}

/**
 * Whether steps are told at all: where what `note` is given has to be read from memory first, it
 * stands behind this.
 */
export const TELLS: bool = IS_FULL;

/** Turns the calls of `host.step` on or off. */
export function tellSteps(on: i32): void {
  tellOf(on != 0);
}

/** Tells a step, if somebody listens. */
export function note(what: Step, first: word, second: word): void {
  if (TELLS && isTelling()) step(what, first, second);
}
