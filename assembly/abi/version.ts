// Which glibc a build is, and all that differs between the versions. GLIBC is the number behind the
// dot: 36 is 2.36. Each constant is named after a behaviour; nothing else in the sources asks for a
// version, and a field that only some versions have says so itself (`@since`, `@until`).
//
//   36  Debian 12; placements of 2.31 to 2.35, too       41  Debian 13
//   40  2.39 and 2.40, out of what 41 has; unproven      43  Debian 14      44  the one after
//
// Sources: what changed, the NEWS of each release; how, native runs (tests/golden/glibc-*).

import { IS_CLASSED } from "./profile";

// Allocating and freeing.

/** Whether small freed chunks wait in fast bins: removed in 2.43, and in the speed profiles. */
export const HAS_FASTBINS: bool = GLIBC < 43 && !IS_CLASSED;

/** Whether M_MXFAST says anything; in the speed profiles it does, to nobody (until 2.42). */
export const HAS_MAX_FAST: bool = GLIBC < 43;

/** Whether a small free chunk goes into its small bin at once, not the unsorted bin (2.41). */
export const FREES_SMALL_TO_BIN: bool = GLIBC >= 41;

/** Whether calloc takes blocks from tcache (2.41), and asserts nothing of what it clears. */
export const CALLOC_USES_TCACHE: bool = GLIBC >= 41;

/**
 * Whether realloc returns the block as it is when the request fills it but for less than two words
 * (2.38).
 */
export const REALLOC_KEEPS_FIT: bool = GLIBC >= 38;

/** Whether that goes for a mapping with up to a page to spare, too (2.38 to 2.42). */
export const REALLOC_KEEPS_PAGE: bool = GLIBC < 43;

/** Whether memalign looks for an aligned block in tcache first (2.38). */
export const MEMALIGN_USES_TCACHE: bool = GLIBC >= 38;

/** Whether what memalign cuts off is merged with its neighbours, past tcache (2.39). */
export const MERGES_CUT_PARTS: bool = GLIBC >= 39;

/**
 * Whether memalign cuts off an end too small for a chunk where the chunk behind is free (2.39 to
 * 2.42).
 */
export const MERGES_SMALL_ENDS: bool = GLIBC >= 39 && GLIBC < 43;

/** Whether memalign asserts that what it found is large enough (until 2.42). */
export const ASSERTS_ALIGNED_SIZE: bool = GLIBC < 43;

/** Whether the list of sizes is checked where a chunk becomes the smallest of its bin (2.42). */
export const CHECKS_SMALLEST: bool = GLIBC >= 42;

/** Whether what realloc cuts off or leaves, and an old top, may go to tcache (until 2.41). */
export const PARTS_GO_TO_TCACHE: bool = GLIBC < 42;

/** Whether aligned_alloc refuses what is no power of two (2.38). */
export const CHECKS_ALIGNED_ALLOC: bool = GLIBC >= 38;

// Mappings and heaps.

/**
 * Whether a mapped chunk leaves room for a header behind itself, so that its usable bytes are
 * counted like others' (2.43).
 */
export const MAPPED_HAS_TRAILER: bool = GLIBC >= 43;

/**
 * What a mapping in place of the break amounts to: with the old top, the first one in whole MiB
 * (until 2.38); with it, in pages, at least 1 MiB (until 2.42); alone, likewise (2.43).
 */
export const TOP_MAPPING_IN_MIB: bool = GLIBC < 39;
export const TOP_MAPPING_WITH_TOP: bool = GLIBC < 43;

/** Whether heaps of arenas are reserved with MAP_NORESERVE (until 2.36). */
export const RESERVES_NORESERVE: bool = GLIBC < 37;

/** Whether there may be as many arenas as processors, or arena_test, not several each (2.44). */
export const LIMITS_ARENAS_BY_TEST: bool = GLIBC >= 44;

/** Whether mp_ says how transparent huge pages are had, thp_mode (2.43). */
export const HAS_THP_MODE: bool = GLIBC >= 43;

/** What thp_mode is before it is looked up: "not supported" in 2.43, "unknown" later. */
export const INITIAL_THP_MODE: i32 = GLIBC == 43 ? 3 : 0;

/** Whether glibc.mem.decorate_maps has malloc's mappings named (2.39). */
export const CAN_NAME_MAPPINGS: bool = GLIBC >= 39;

/**
 * Where transparent huge pages are wanted: whether the first break is rounded as if it were at 0,
 * as libc does not know it yet; whether a mapping that mremap has moved is to have them (until
 * 2.42).
 */
export const ROUNDS_UNKNOWN_BREAK: bool = GLIBC < 43;
export const ADVISES_MOVED: bool = GLIBC < 43;

/** Whether heaps of arenas grow by them, and a new one is to have them (2.43). */
export const HEAPS_OF_HUGE_PAGES: bool = GLIBC >= 43;

/** Whether one that has grown is, too (2.44). */
export const ADVISES_GROWN_HEAPS: bool = GLIBC >= 44;

/** Whether explicit huge pages set mmap_threshold to their size, unless that was set (2.39). */
export const HUGE_SETS_THRESHOLD: bool = GLIBC >= 39;

// tcache.

/** Whether tcache counts how many blocks a bin may yet take, not how many it has (2.42). */
export const COUNTS_SLOTS: bool = GLIBC >= 42;

/** Bins of tcache for one size each (TCACHE_SMALL_BINS). */
export const TCACHE_SMALL_BINS: u32 = 64;

/**
 * Bins of tcache for a power of two of sizes each, which serve when tcache_max says so
 * (TCACHE_LARGE_BINS, 2.42).
 */
export const TCACHE_LARGE_BINS: u32 = GLIBC >= 42 ? 12 : 0;

/** Default blocks per bin (TCACHE_FILL_COUNT). */
export const TCACHE_FILL_COUNT: word = GLIBC >= 43 ? 16 : 7;

/**
 * Whether a thread's tcache is made when it first could take a block, and not by the first call
 * (2.42).
 */
export const MAKES_TCACHE_LATE: bool = GLIBC >= 42;

/** Whether an exact chunk of the unsorted bin makes the tcache, whatever its size (2.43). */
export const UNSORTED_MAKES_TCACHE: bool = GLIBC == 43;

/** Whether an arena that makes a tcache takes its chunk's size for the request (2.43). */
export const TCACHE_REQUEST_IS_CHUNK: bool = GLIBC == 43;

/**
 * Whether malloc, on its way through the unsorted bin, puts chunks of the size that it looks for
 * into tcache, up to tcache_unsorted_limit (until 2.43). Later the first one is served at once.
 */
export const UNSORTED_FEEDS_TCACHE: bool = GLIBC < 44;

if (GLIBC != 36 && GLIBC != 40 && GLIBC != 41 && GLIBC != 43 && GLIBC != 44)
  ERROR("GLIBC must be 36, 40, 41, 43 or 44");
