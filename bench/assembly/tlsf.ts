// AssemblyScript's own allocator, TLSF (`--runtime minimal`), with the replay loop in one module.
// ilp32 only.

import { freeAll, runOps, Touched, Untouched } from "../../assembly/replay/loop";
import { AsHeap } from "./as-heap";

/** malloc(3), for calls from JavaScript. */
export function malloc(bytes: word): word {
  return heap.alloc(bytes);
}

/** free(3), for calls from JavaScript. */
export function free(block: word): void {
  heap.free(block);
}

/** Runs the packed operations in [begin, end) over the block table; see `runOps`. */
export function replay(begin: usize, end: usize, blocks: usize): word {
  return runOps<AsHeap, Untouched>(begin, end, blocks);
}

/** The same by a program that writes the first and the last byte of every block that it gets. */
function replayTouching(begin: usize, end: usize, blocks: usize): word {
  return runOps<AsHeap, Touched>(begin, end, blocks);
}

/** Frees every block of a table of `count` slots; see `freeAll`. */
function releaseAll(blocks: usize, count: u32): void {
  freeAll<AsHeap>(blocks, count);
}

export { releaseAll as release_all, replayTouching as replay_touching };
