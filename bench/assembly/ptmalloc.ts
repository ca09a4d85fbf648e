// This project's allocator with the benchmark's loops in one module. (Traces run in the `replay` build, which users have.)

import { calloc, free, malloc, memalign, realloc } from "../../assembly/malloc/api";
import { runBatches, runPairs } from "./loops";

export * from "../../assembly/index";

/** This project's allocator, as the loops see it. */
@unmanaged
class Ptmalloc {
  malloc(bytes: word): word {
    return malloc(bytes);
  }

  calloc(count: word, bytes: word): word {
    return calloc(count, bytes);
  }

  memalign(alignment: word, bytes: word): word {
    return memalign(alignment, bytes);
  }

  realloc(block: word, bytes: word): word {
    return realloc(block, bytes);
  }

  free(block: word): void {
    free(block);
  }
}

/** Allocates and frees one block, `rounds` times; see `runPairs`. */
export function pairs(rounds: u32, bytes: word): word {
  return runPairs<Ptmalloc>(rounds, bytes);
}

/** Allocates and frees a table of blocks, `rounds` times; see `runBatches`. */
export function batches(rounds: u32, blocks: u32, bytes: word, table: usize): word {
  return runBatches<Ptmalloc>(rounds, blocks, bytes, table);
}
