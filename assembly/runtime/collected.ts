// What AssemblyScript's garbage collectors ask of an allocator: blocks, never NULL. They live right
// behind the program's static data. Addresses below `__heap_base` are the compiler's: static
// objects, which are never freed and move into the heap when they are resized.
//
// A collector frees in bursts, and what it frees first is asked for long after. While the heap is
// small that does not matter, all of it is in the processor's cache: tcache takes whatever fits it,
// without limit. In a larger heap the order in memory is worth more than the shortest way: neither
// tcache nor fast bins are used, all that is free is merged, and new objects lie side by side.
// So it is with the profile "throughput" and its cache, but that under the minimal collector all
// heaps count as small: the host lets it free everything at once, in order.

import { IS_THROUGHPUT } from "../abi/profile";
import { SIZE_MAX, SIZE_SZ } from "../abi/word";
import { MIB } from "../base/align";
import { allocateInline } from "../malloc/allocate";
import { free, freeUncached, mallocUncached } from "../malloc/api";
import { realloc } from "../malloc/realloc";
import { emptyTcache } from "../malloc/thread-exit";
import { Chunk, isMisaligned, usableSize } from "../malloc/chunk";
import { consolidate } from "../malloc/fastbins";
import { verifyHeap } from "../malloc/checker/invariants";
import { Tunable, setTunableValue } from "../malloc/parameters";
import { freeChunk } from "../malloc/release";
import { mainArena } from "../malloc/state";
import { MAX_TCACHE_COUNT, isCacheable, requestIndex, tcache } from "../malloc/tcache";
import { countOf, holdsBlock, latestIn, popEntry } from "../malloc/tcache-lists";
import { closeCache, keep, takeSmall } from "../malloc/throughput/cache";
import { emptyCache } from "../malloc/throughput/empty";
import { startHeap } from "./start";
import { noMemory } from "./texts";

/**
 * Above it a heap is large, bytes: what the caches of today's processors hold beside everything
 * else.
 */
const SMALL_HEAP_MAX: word = MIB;

/** The largest request that tcache serves in a small heap, bytes. */
const SMALL_HEAP_TCACHE_MAX: word = 508;

/** The same of this heap. */
let smallHeapMax: word = SMALL_HEAP_MAX;

/** Whether the heap has become large. */
let isLarge: bool = false;

/** The bytes of a static block, which the compiler has written in front of it. */
function staticSize(address: usize): usize {
  return load<usize>(address - sizeof<usize>()) & ~3;
}

/**
 * Begins the heap behind the static data. To be called once, before everything else.
 * `isIncremental`: whether the collector frees while the program goes on.
 */
export function startCollected(isIncremental: bool): void {
  if (startHeap() != 0) noMemory(0);
  if (GLIBC_DEFAULTS) return;
  if (IS_THROUGHPUT) {
    if (!isIncremental) smallHeapMax = SIZE_MAX;
  } else {
    setTunableValue(Tunable.TCACHE_COUNT, MAX_TCACHE_COUNT);
    setTunableValue(Tunable.TCACHE_MAX, SMALL_HEAP_TCACHE_MAX);
  }
  // WebAssembly cannot give memory back.
  setTunableValue(Tunable.TRIM_THRESHOLD, SIZE_MAX);
}

/**
 * Begins to keep order: merges all that tcache or the cache, and the fast bins hold, and makes no
 * more use of them.
 */
function becomeLarge(): void {
  isLarge = true;
  if (IS_THROUGHPUT) {
    emptyCache(false);
    closeCache();
    return;
  }
  setTunableValue(Tunable.TCACHE_COUNT, 0);
  setTunableValue(Tunable.TCACHE_MAX, 0);
  emptyTcache();
  consolidate(mainArena);
  setTunableValue(Tunable.MXFAST, 0);
}

/**
 * A block of at least `bytes` bytes, aligned to 16. Aborts the program when the memory cannot grow.
 * @inline
 */
export function allocateBlock(bytes: usize): usize {
  verifyHeap();
  // malloc's short way.
  if (IS_THROUGHPUT) {
    const mem = takeSmall(<word>bytes);
    if (mem != 0) return mem;
  }
  if (isCacheable(<word>bytes)) {
    const cache = tcache;
    const index = requestIndex(<word>bytes);
    const count = countOf(cache, index);
    if (holdsBlock(cache, index, count)) {
      const mem = latestIn(cache, index);
      if (!isMisaligned(mem)) {
        popEntry(cache, index, mem, count);
        return mem;
      }
    }
  }
  return allocateSlowly(bytes);
}

function allocateSlowly(bytes: usize): usize {
  if (GLIBC_DEFAULTS == 0) {
    if (!isLarge && mainArena.systemMem > smallHeapMax) becomeLarge();
    if (isLarge) {
      const mem = allocateInline(mainArena, <word>bytes);
      if (mem == 0) noMemory(bytes);
      return mem;
    }
  }
  let mem = mallocUncached(<word>bytes);
  if (mem == 0) {
    // Perhaps what tcache has kept makes a block when it is merged.
    emptyTcache();
    consolidate(mainArena);
    mem = mallocUncached(<word>bytes);
    if (mem == 0) noMemory(bytes);
  }
  return mem;
}

/** Makes the block at `address`, or a new one for 0, hold `bytes` bytes. It may move. */
export function resizeBlock(address: usize, bytes: usize): usize {
  if (address != 0 && address < __heap_base) return copyStatic(address, bytes);
  // Unlike C's, a resize to nothing leaves a block.
  const mem = <usize>realloc(<word>address, <word>(bytes == 0 ? 1 : bytes));
  return mem != 0 ? mem : moveBlock(address, bytes);
}

/** The last try of a resize: what there is may hold a block when it is merged. */
function moveBlock(address: usize, bytes: usize): usize {
  const mem = allocateSlowly(bytes);
  if (address != 0) {
    memory.copy(mem, address, min(bytes, sizeOf(address)));
    free(<word>address);
  }
  return mem;
}

function copyStatic(address: usize, bytes: usize): usize {
  const mem = allocateBlock(bytes);
  memory.copy(mem, address, min(bytes, staticSize(address)));
  return mem;
}

/** Gives a block back. @inline */
export function freeBlock(address: usize): void {
  if (address < __heap_base) return;
  if (GLIBC_DEFAULTS == 0 && isLarge) {
    verifyHeap();
    freeChunk(mainArena, Chunk.ofMem(address), false);
  } else if (IS_THROUGHPUT) {
    verifyHeap();
    if (!keep(address)) freeUncached(address);
  } else {
    free(<word>address);
  }
}

// The compiler takes every custom runtime for an incremental one, whose objects are zero when they
// are made and when they grow. The minimal collector leaves that to its allocator.

/** The most bytes that are not worth a memory.fill, which V8 does by a call out of WebAssembly. */
const FILL_MIN: usize = 256;

/** What the collector writes in front of each object, bytes of the block. */
const OBJECT_HEADER: usize = 16;

/**
 * `allocateBlock`, zeroed from where the object begins to the last byte that the block has.
 * @inline
 */
export function allocateZeroed(bytes: usize): usize {
  const mem = allocateBlock(bytes);
  if (bytes < OBJECT_HEADER) return mem;
  const end = mem + sizeOf(mem);
  let at = mem + OBJECT_HEADER;
  if (end - at > FILL_MIN) {
    memory.fill(at, 0, end - at);
    return mem;
  }
  // 12 bytes, and as many times 16 as there are: the next chunk's word ends the last 16.
  store<u64>(at, 0);
  store<u32>(at, 0, sizeof<u64>());
  for (at += 12; at < end; at += 16) {
    store<u64>(at, 0);
    store<u64>(at, 0, sizeof<u64>());
  }
  return mem;
}

/** `resizeBlock`; what the block has gained is zero. */
export function resizeZeroed(address: usize, bytes: usize): usize {
  const had = keptBytes(address, bytes);
  const mem = resizeBlock(address, bytes);
  const has = sizeOf(mem);
  if (has > had) memory.fill(mem + had, 0, has - had);
  return mem;
}

/** How many bytes of the block at `address`, or of none, a resize to `bytes` keeps as they are. */
function keptBytes(address: usize, bytes: usize): usize {
  if (address == 0) return 0;
  return address < __heap_base ? min(bytes, staticSize(address)) : sizeOf(address);
}

/** The bytes that a block of the heap's has. */
function sizeOf(mem: usize): usize {
  return <usize>usableSize(Chunk.ofMem(mem));
}

if (SIZE_SZ != sizeof<usize>()) ERROR("the collectors read sizes of 4 bytes: ilp32 only");
