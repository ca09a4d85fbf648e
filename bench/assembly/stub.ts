// AssemblyScript's stub (`--runtime stub`) with the replay loop in one module: it bumps a
// pointer and frees nothing but the block that it gave last. The floor of what any allocator can
// cost.

import { runOps, Touched, Untouched } from "../../assembly/replay/loop";
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

/** Forgets every block: empties the table and the heap. */
function releaseAll(blocks: usize, count: u32): void {
  memory.fill(blocks, 0, <usize>count * sizeof<word>());
  // @ts-expect-error AssemblyScript's own declarations leave it out
  heap.reset();
}

export { releaseAll as release_all, replayTouching as replay_touching };
