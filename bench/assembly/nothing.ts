// No allocator: blocks are the next places of a scratch area, one over the other. What a loop costs
// then is its own, its program's two bytes included.

import { freeAll, runOps, Touched } from "../../assembly/replay/loop";

const AREA_BYTES: usize = 1 << 18;

let next: usize = 0;

/** The scratch area, as the loops see an allocator. */
@unmanaged
class Nothing {
  malloc(bytes: word): word {
    const place = next;
    next = (place + bytes + 15) & ~15 & (AREA_BYTES - 1);
    return __heap_base + place;
  }

  calloc(count: word, bytes: word): word {
    return this.malloc(count * bytes);
  }

  memalign(alignment: word, bytes: word): word {
    return this.malloc(bytes);
  }

  realloc(block: word, bytes: word): word {
    return bytes == 0 ? 0 : block == 0 ? this.malloc(bytes) : block;
  }

  free(block: word): void {}
}

/** Runs the packed operations in [begin, end) over the block table; see `runOps`. */
function replayTouching(begin: usize, end: usize, blocks: usize): word {
  return runOps<Nothing, Touched>(begin, end, blocks);
}

/** Empties a table of `count` slots; see `freeAll`. */
function releaseAll(blocks: usize, count: u32): void {
  freeAll<Nothing>(blocks, count);
}

export { releaseAll as release_all, replayTouching as replay_touching };
