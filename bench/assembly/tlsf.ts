// AssemblyScript's own allocator, TLSF (`--runtime minimal`), with the benchmark's loops in one
// module. ilp32 only.

import { freeAll, runOps, Touched, Untouched } from "../../assembly/replay/loop";
import { AsHeap } from "./as-heap";
import { runBatches, runPairs } from "./loops";

/** malloc(3), for calls from JavaScript. */
export function malloc(bytes: word): word {
  return heap.alloc(bytes);
}

/** free(3), for calls from JavaScript. */
export function free(block: word): void {
  heap.free(block);
}

/** Allocates and frees one block, `rounds` times; see `runPairs`. */
export function pairs(rounds: u32, bytes: word): word {
  return runPairs<AsHeap>(rounds, bytes);
}

/** Allocates and frees a table of blocks, `rounds` times; see `runBatches`. */
export function batches(rounds: u32, blocks: u32, bytes: word, table: usize): word {
  return runBatches<AsHeap>(rounds, blocks, bytes, table);
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
