// This project's allocator with the benchmark's loops in one module. (Traces run in the `replay`
// build, which users have.)

import { Ptmalloc } from "../../assembly/replay/contestant";
import { runBatches, runPairs } from "./loops";

export * from "../../assembly/index";

/** Allocates and frees one block, `rounds` times; see `runPairs`. */
export function pairs(rounds: u32, bytes: word): word {
  return runPairs<Ptmalloc>(rounds, bytes);
}

/** Allocates and frees a table of blocks, `rounds` times; see `runBatches`. */
export function batches(rounds: u32, blocks: u32, bytes: word, table: usize): word {
  return runBatches<Ptmalloc>(rounds, blocks, bytes, table);
}
