// The allocator with the replay loop in one module.

import { Ptmalloc } from "./contestant";
import { freeAll, runOps, Touched, Untouched } from "./loop";

export * from "../index";

/** Runs the packed operations in [begin, end) over the block table; see `runOps`. */
export function replay(begin: usize, end: usize, blocks: usize): word {
  return runOps<Ptmalloc, Untouched>(begin, end, blocks);
}

/** The same by a program that writes the first and the last byte of every block that it gets. */
function replayTouching(begin: usize, end: usize, blocks: usize): word {
  return runOps<Ptmalloc, Touched>(begin, end, blocks);
}

/** Frees every block of a table of `count` slots; see `freeAll`. */
function releaseAll(blocks: usize, count: u32): void {
  freeAll<Ptmalloc>(blocks, count);
}

export { releaseAll as release_all, replayTouching as replay_touching };
