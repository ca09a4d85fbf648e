// The allocator with the replay loop in one module.

import { calloc, free, malloc, memalign, realloc } from "../malloc/api";
import { freeAll, runOps } from "./loop";

export * from "../index";

/** This project's allocator, as the loop sees it. */
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

/** Runs the packed operations in [begin, end) over the block table; see `runOps`. */
export function replay(begin: usize, end: usize, blocks: usize): word {
  return runOps<Ptmalloc>(begin, end, blocks);
}

/** Frees every block of a table of `count` slots; see `freeAll`. */
function releaseAll(blocks: usize, count: u32): void {
  freeAll<Ptmalloc>(blocks, count);
}

export { releaseAll as release_all };
