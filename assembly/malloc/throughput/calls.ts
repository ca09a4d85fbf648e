// malloc, free, calloc and realloc of the profile "throughput": the cache first, then a run of
// blocks for it. What has no class, and whatever is odd, goes glibc's ways (api.ts).

import { ILP32, PTRDIFF_MAX, SIZE_SZ } from "../../abi/word";
import { queuesFrees } from "../../sync/mutex";
import { IS_THREADED } from "../../sync/tier";
import { allocate, allocateInline } from "../allocate";
import { NO_ARENA, arenaFor, otherArena, unlockArena } from "../arena";
import { maybeInitTcache, mayRetry, openArena } from "../call";
import { Chunk, SIZE_BITS, isPlain } from "../chunk";
import { freeChunk } from "../release";
import { setErrno } from "../state";
import { ENOMEM } from "../system";
import { takeRun } from "./allocate";
import { hasCache, keep, latest, take, takeSmall } from "./cache";
import { CACHED_SIZE, EXACT_SIZE, classFor, classedSize } from "../classes/classes";

export { keep, mayBeAtLimit } from "./cache";
export { emptyAfterFall, emptyCache, keepInstead } from "./empty";

/** Up to so many bytes are cleared and copied word by word: memory.fill costs more. */
const FEW: word = 512;

/** Whether a request of `bytes` <= PTRDIFF_MAX has a class that the cache keeps. */
export function isCached(bytes: word): bool {
  return bytes <= CACHED_SIZE - SIZE_SZ;
}

/** malloc. */
export function mallocCached(bytes: word): word {
  const mem = takeSmall(bytes);
  return <word>(mem != 0 ? mem : mallocAnew(bytes));
}

/**
 * malloc where the cache has no small block.
 * @noinline
 */
function mallocAnew(bytes: word): usize {
  if (bytes > PTRDIFF_MAX) {
    setErrno(ENOMEM);
    return 0;
  }
  maybeInitTcache();
  const size = classedSize(bytes);
  const isClassed = size <= CACHED_SIZE && hasCache();
  const index = isClassed ? classFor(size) : 0;
  const cached = isClassed ? take(index) : 0;
  if (cached != 0) return cached;
  const rounded = size - SIZE_SZ;
  let arena = openArena(rounded);
  // What was taken back from others may be what is wanted.
  if (IS_THREADED && queuesFrees && isClassed) {
    const back = take(index);
    if (back != 0) {
      unlockArena(arena);
      return back;
    }
  }
  let mem = isClassed && arena != NO_ARENA ? takeRun(arena, index) : allocateInline(arena, rounded);
  if (mayRetry(mem, arena)) {
    arena = otherArena(arena, rounded);
    mem = allocate(arena, rounded);
  }
  unlockArena(arena);
  return mem;
}

/**
 * The latest cached block for a request of `bytes`, if it lies at a multiple of `alignment`, or 0.
 */
export function takeAligned(alignment: word, bytes: word): usize {
  if (!isCached(bytes) || !hasCache()) return 0;
  const index = classFor(classedSize(bytes));
  return ((<word>latest(index)) & (alignment - 1)) == 0 ? take(index) : 0;
}

/** What is asked for in place of `bytes`: all that the class of such requests has. */
export function roundedRequest(bytes: word): word {
  return isCached(bytes) ? classedSize(bytes) - SIZE_SZ : bytes;
}

/** calloc of `bytes` that are cached. */
export function callocCached(bytes: word): word {
  const mem = <usize>mallocCached(bytes);
  if (mem == 0) return 0;
  if (bytes <= FEW) clearWords(mem, <usize>bytes);
  else memory.fill(mem, 0, <usize>bytes);
  return <word>mem;
}

/**
 * realloc of a block, or of none, that the cache serves: it stays where it is if it has room and is
 * at least half full; else it is moved. 0 where realloc's own way is to be gone.
 */
export function reallocCached(mem: usize, bytes: word): word {
  if (mem == 0) return <word>takeSmall(bytes);
  const p = Chunk.ofMem(mem);
  const head = p.mchunkSize;
  const size = head & ~SIZE_BITS;
  if (size > EXACT_SIZE || bytes - 1 >= CACHED_SIZE || !isPlain(mem, head)) return 0;
  const most = size - SIZE_SZ;
  if (bytes <= most && bytes > most >> 1) return <word>mem;
  const moved = <usize>mallocCached(bytes);
  if (moved == 0) return 0;
  const kept = <usize>min(most, bytes);
  if (kept <= <usize>FEW) copyWords(moved, mem, kept);
  else memory.copy(moved, mem, kept);
  if (!keep(mem)) freeChunk(arenaFor(p), p, false);
  return <word>moved;
}

// Blocks end at a size word: on ilp32 their sizes are 12, 28, 44 … bytes, on lp64 24, 40, 56 … To
// begin with 4 bytes on ilp32 leaves multiples of 8, of which the last may reach beyond `bytes`,
// and not beyond the block. These two are no one function: it would load what it does not need.

/** Clears the first `bytes` bytes of a block. */
function clearWords(mem: usize, bytes: usize): void {
  const end = mem + bytes;
  let to = mem;
  if (ILP32) {
    store<u32>(to, 0);
    to += 4;
  }
  for (; to < end; to += 8) store<u64>(to, 0);
}

/** Copies the first `bytes` bytes of a block to another. */
function copyWords(target: usize, source: usize, bytes: usize): void {
  const end = source + bytes;
  let from = source;
  let to = target;
  if (ILP32) {
    store<u32>(to, load<u32>(from));
    from += 4;
    to += 4;
  }
  for (; from < end; from += 8, to += 8) store<u64>(to, load<u64>(from));
}
