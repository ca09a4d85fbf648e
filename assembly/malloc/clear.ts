// calloc's clearing: only the bytes that may be anything but zero.

import { CALLOC_USES_TCACHE } from "../abi/version";
import { SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { allocate } from "./allocate";
import { Chunk, addressOf } from "./chunk";
import { MallocState, libc, mainArena } from "./state";
import { currentBreak, knownZeroFrom } from "./system";

/** A block of `bytes` zeros from `arena`, or 0. It never comes from tcache. */
export function clearedAllocate(arena: MallocState, bytes: word): usize {
  const oldTop = arena.top;
  const mem = allocate(arena, bytes);
  if (mem == 0) return 0;
  const p = Chunk.ofMem(mem);
  let start = mem;
  let end = addressOf(p.at(p.size));
  if (p.isMmapped) {
    // Cleared only where the pages were somebody's before; a native mapping is zero by itself.
    end = libc.perturbByte ? mem + <usize>bytes : knownZeroFrom(mem, end);
    memory.fill(mem, 0, end - mem);
  } else {
    // glibc clears word by word, at least three. Until 2.40 it says so; later it clears the last
    // two of a chunk that has none, too: its own header.
    const words = (p.size - SIZE_SZ) / SIZE_SZ;
    if (!CALLOC_USES_TCACHE && words < 3) corrupted(Failure.ASSERT_CALLOC_CLEARS, addressOf(p));
    if (CALLOC_USES_TCACHE && words < 2) start -= <usize>(2 - words) * SIZE_SZ;
    // The block reaches to the next chunk's size word.
    end += SIZE_SZ;
    if (CALLOC_USES_TCACHE) end = max(end, mem + 3 * SIZE_SZ);
    if (p == oldTop && libc.perturbByte == 0 && isFromBreak(arena, end))
      end = knownZeroFrom(mem, end);
    clear(start, end);
  }
  return mem;
}

/** Bytes up to which a loop is faster than memory.fill and memory.copy, which V8 calls C for. */
const SHORT: usize = 256;

/** Writes zeros from `start` to `end`, both multiples of a word. @shared */
export function clear(start: usize, end: usize): void {
  if (end - start > SHORT) {
    memory.fill(start, 0, end - start);
    return;
  }
  let at = start;
  for (; at + 8 <= end; at += 8) store<u64>(at, 0);
  if (SIZE_SZ < 8 && at < end) store<u32>(at, 0);
}

/** Copies `bytes` bytes, a multiple of a word, to `to` from `from`, which is elsewhere. @shared */
export function copy(to: usize, from: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.copy(to, from, bytes);
    return;
  }
  let at: usize = 0;
  for (; at + 8 <= bytes; at += 8) store<u64>(to + at, load<u64>(from + at));
  if (SIZE_SZ < 8 && at < bytes) store<u32>(to + at, load<u32>(from + at));
}

/**
 * Whether a chunk cut from top that ends at `end` lies in the brk area, where the kernel knows what
 * has been used.
 */
function isFromBreak(arena: MallocState, end: usize): bool {
  return arena == mainArena && arena.contiguous && end <= currentBreak();
}
