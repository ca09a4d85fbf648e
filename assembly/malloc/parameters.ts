// Parameters: mallopt while the program runs, the tunables glibc.malloc.* before it starts.

import {
  HAS_MAX_FAST,
  UNSORTED_FEEDS_TCACHE,
  HUGE_SETS_THRESHOLD,
  TCACHE_FILL_COUNT,
  TCACHE_LARGE_BINS,
  TCACHE_SMALL_BINS,
} from "../abi/version";
import { ILP32, MALLOC_ALIGNMENT, SIZE_MAX, SIZE_SZ } from "../abi/word";
import { lockArena, unlockArena } from "./arena";
import { consolidate } from "./fastbins";
import { verifyHeap } from "./checker/invariants";
import { requestToSize } from "./sizes";
import { DEFAULT_MMAP_THRESHOLD, MAX_FAST_SIZE, libc, mainArena, mp, setMaxFast } from "./state";
import { MAP_HUGETLB, MAP_HUGE_SHIFT, nameMappings } from "./system";
import { MAX_SMALL_SIZE, MAX_TCACHE_COUNT, tcacheIndex } from "./tcache";
import { sortedIndex } from "./tcache-sorted";

/** mallopt's parameters. @host */
const M_MXFAST: i32 = 1;
const M_TRIM_THRESHOLD: i32 = -1;
const M_TOP_PAD: i32 = -2;
const M_MMAP_THRESHOLD: i32 = -3;
/** mallopt's name for the most mappings that there may be. */
export const M_MMAP_MAX: i32 = -4;
const M_PERTURB: i32 = -6;
const M_ARENA_TEST: i32 = -7;
const M_ARENA_MAX: i32 = -8;

/**
 * glibc's tunables with the range of each that does not go from 0 to SIZE_MAX, then what this model
 * asks about the machine, and a tunable that is not malloc's own.
 */
export enum Tunable {
  CHECK, // glibc.malloc.check, 0 … 3: accepted, without effect as without the debug library
  TOP_PAD, // glibc.malloc.top_pad, bytes
  PERTURB, // glibc.malloc.perturb, 0 … 255
  MMAP_MAX, // glibc.malloc.mmap_max, 0 … 2147483647
  MMAP_THRESHOLD, // glibc.malloc.mmap_threshold, bytes
  TRIM_THRESHOLD, // glibc.malloc.trim_threshold, bytes
  ARENA_MAX, // glibc.malloc.arena_max, 1 … SIZE_MAX
  ARENA_TEST, // glibc.malloc.arena_test, 1 … SIZE_MAX
  TCACHE_MAX, // glibc.malloc.tcache_max, 0 … MAX_TCACHE_SIZE, bytes
  TCACHE_COUNT, // glibc.malloc.tcache_count, 0 … MAX_TCACHE_COUNT
  TCACHE_UNSORTED_LIMIT, // glibc.malloc.tcache_unsorted_limit, until 2.43
  MXFAST, // glibc.malloc.mxfast, 0 … MOST_FAST, bytes
  HUGETLB, // glibc.malloc.hugetlb: 0, 1, 2 or a page size
  THP_PAGESIZE, // the model's transparent huge pages, bytes; 0: none on request
  HUGE_PAGESIZE, // the model's default huge pages, bytes; 0: none are known
  HUGE_PAGES_FREE, // whether mappings of explicit huge pages succeed: 0 by default
  CORES, // the model's processors, which decide how many arenas there may be
  DECORATE_MAPS, // glibc.mem.decorate_maps, 0 … 1, since 2.39
}

/** The largest request that a bin of one size can serve, bytes. */
const MAX_SMALL_REQUEST: word = MAX_SMALL_SIZE - SIZE_SZ;

/** The largest request that tcache can be made to serve, bytes (MAX_TCACHE_SIZE). @host */
const MAX_TCACHE_SIZE: word =
  TCACHE_LARGE_BINS == 0 ? MAX_SMALL_REQUEST : (1 << 22) - MALLOC_ALIGNMENT - SIZE_SZ;

/** The largest request that fast bins can be made to serve, bytes, where there are any. @host */
const MOST_FAST: word = HAS_MAX_FAST ? MAX_FAST_SIZE : SIZE_MAX;

/** Sets the defaults that depend on other files' constants. */
export function initParameters(): void {
  mp.tcacheCount = TCACHE_FILL_COUNT;
  if (TCACHE_LARGE_BINS == 0) mp.tcacheBins = TCACHE_SMALL_BINS;
  else mp.tcacheSmallBins = TCACHE_SMALL_BINS;
  mp.tcacheMaxBytes = TCACHE_LARGE_BINS == 0 ? MAX_SMALL_REQUEST : MAX_SMALL_SIZE + 1;
}

/**
 * mallopt(3): sets parameter `param` and returns 1, or 0 when the value is refused. Unknown
 * parameters return 1, as in glibc.
 */
export function setParameter(param: i32, value: i32): i32 {
  verifyHeap();
  lockArena(mainArena);
  consolidate(mainArena);
  unlockArena(mainArena);
  // The C code takes an int and stores a size_t: negative values become huge.
  const size = ILP32 ? <word>value : <word>(<i64>value);
  switch (param) {
    case M_MXFAST:
      if (HAS_MAX_FAST) {
        if (size > MAX_FAST_SIZE) return 0;
        setMaxFast(size);
      }
      break;
    case M_TRIM_THRESHOLD:
      setTrimThreshold(size);
      break;
    case M_TOP_PAD:
      setTopPad(size);
      break;
    case M_MMAP_THRESHOLD:
      setMmapThreshold(size);
      break;
    case M_MMAP_MAX:
      setMmapMax(value);
      break;
    case M_PERTURB:
      libc.perturbByte = value;
      break;
    case M_ARENA_TEST:
      if (value > 0) mp.arenaTest = size;
      break;
    case M_ARENA_MAX:
      if (value > 0) mp.arenaMax = size;
      break;
  }
  return 1;
}

/**
 * Sets a tunable of a process that has not allocated yet. 1, or 0 when the value is out of range
 * and ignored (ptmalloc_init).
 */
export function setTunableValue(tunable: i32, value: word): i32 {
  switch (tunable) {
    case Tunable.CHECK:
      if (value > 3) return 0;
      break;
    case Tunable.TOP_PAD:
      setTopPad(value);
      break;
    case Tunable.PERTURB:
      if (value > 255) return 0;
      libc.perturbByte = <i32>value;
      break;
    case Tunable.MMAP_MAX:
      if (value > <word>i32.MAX_VALUE) return 0;
      setMmapMax(<i32>value);
      break;
    case Tunable.MMAP_THRESHOLD:
      setMmapThreshold(value);
      break;
    case Tunable.TRIM_THRESHOLD:
      setTrimThreshold(value);
      break;
    case Tunable.ARENA_MAX:
      if (value == 0) return 0;
      mp.arenaMax = value;
      break;
    case Tunable.ARENA_TEST:
      if (value == 0) return 0;
      mp.arenaTest = value;
      break;
    case Tunable.TCACHE_MAX:
      return setTcacheMax(value);
    case Tunable.TCACHE_COUNT:
      if (value > MAX_TCACHE_COUNT) return 0;
      mp.tcacheCount = value;
      break;
    case Tunable.TCACHE_UNSORTED_LIMIT:
      if (!UNSORTED_FEEDS_TCACHE) return 0;
      mp.tcacheUnsortedLimit = value;
      break;
    case Tunable.MXFAST:
      if (value > MOST_FAST) return 0;
      if (HAS_MAX_FAST) setMaxFast(value);
      break;
    case Tunable.HUGETLB:
      setHugePages(value);
      break;
    case Tunable.DECORATE_MAPS:
      nameMappings(value != 0);
      break;
    case Tunable.THP_PAGESIZE:
      libc.thpModelPagesize = value;
      break;
    case Tunable.HUGE_PAGESIZE:
      libc.hugeModelPagesize = value;
      break;
    case Tunable.HUGE_PAGES_FREE:
      libc.hugePagesFree = value != 0 ? 1 : 0;
      break;
    case Tunable.CORES:
      libc.cores = <i32>value;
      break;
    default:
      return 0;
  }
  return 1;
}

/**
 * The largest request that tcache serves. 1, or 0 for more than its bins can hold
 * (do_set_tcache_max).
 */
function setTcacheMax(value: word): i32 {
  if (value > MAX_TCACHE_SIZE) return 0;
  if (TCACHE_LARGE_BINS == 0) {
    mp.tcacheMaxBytes = value;
    mp.tcacheBins = tcacheIndex(requestToSize(value)) + 1;
    return 1;
  }
  const size = requestToSize(value);
  const index = sortedIndex(size);
  if (index < TCACHE_SMALL_BINS) mp.tcacheSmallBins = index + 1;
  mp.tcacheMaxBytes = size + 1;
  return 1;
}

function setTopPad(bytes: word): void {
  mp.topPad = bytes;
  mp.noDynThreshold = 1;
}

function setTrimThreshold(bytes: word): void {
  mp.trimThreshold = bytes;
  mp.noDynThreshold = 1;
}

function setMmapThreshold(bytes: word): void {
  mp.mmapThreshold = bytes;
  mp.noDynThreshold = 1;
}

function setMmapMax(blocks: i32): void {
  mp.nMmapsMax = blocks;
  mp.noDynThreshold = 1;
}

/**
 * hugetlb = 1: transparent huge pages by madvise; 2: the default huge page; else that page size
 * (do_set_hugetlb).
 */
function setHugePages(value: word): void {
  if (value == 1) {
    mp.thpPagesize = libc.thpModelPagesize;
  } else if (value >= 2) {
    const pageSize = libc.hugeModelPagesize;
    if (pageSize == 0 || (value != 2 && value != pageSize)) return;
    mp.hpPagesize = pageSize;
    mp.hpFlags = MAP_HUGETLB | (value == 2 ? 0 : (<i32>ctz(pageSize)) << MAP_HUGE_SHIFT);
    if (HUGE_SETS_THRESHOLD && mp.mmapThreshold == DEFAULT_MMAP_THRESHOLD)
      setMmapThreshold(pageSize);
    // With explicit huge pages the heap is mapped, too.
    libc.alwaysFailMorecore = 1;
  }
}
