// AssemblyScript's own allocator, TLSF (`--runtime minimal`), with the benchmark's loops in one module. ilp32 only.

import { freeAll, runOps } from "../../assembly/replay/loop";
import { runBatches, runPairs } from "./loops";

/** The allocator, as the loops see it: `heap`, with C's meaning of NULL and of size 0. */
@unmanaged
class Tlsf {
  malloc(bytes: word): word {
    return heap.alloc(bytes);
  }

  calloc(count: word, bytes: word): word {
    const block = heap.alloc(count * bytes);
    memory.fill(block, 0, count * bytes);
    return block;
  }

  // There is no aligned allocation: this asks for enough to align in, and leaves that out.
  memalign(alignment: word, bytes: word): word {
    return heap.alloc(alignment > 16 ? bytes + alignment - 1 : bytes);
  }

  realloc(block: word, bytes: word): word {
    if (block == 0) return heap.alloc(bytes);
    if (bytes != 0) return heap.realloc(block, bytes);
    heap.free(block);
    return 0;
  }

  free(block: word): void {
    if (block != 0) heap.free(block);
  }
}

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
  return runPairs<Tlsf>(rounds, bytes);
}

/** Allocates and frees a table of blocks, `rounds` times; see `runBatches`. */
export function batches(rounds: u32, blocks: u32, bytes: word, table: usize): word {
  return runBatches<Tlsf>(rounds, blocks, bytes, table);
}

/** Runs the packed operations in [begin, end) over the block table; see `runOps`. */
export function replay(begin: usize, end: usize, blocks: usize): word {
  return runOps<Tlsf>(begin, end, blocks);
}

/** Frees every block of a table of `count` slots; see `freeAll`. */
function releaseAll(blocks: usize, count: u32): void {
  freeAll<Tlsf>(blocks, count);
}

export { releaseAll as release_all };
