// structs.h: how glibc lays out what it keeps of a heap, by version; 2.36's structs are
// src/layout/generated.ts's.
#ifndef STRUCTS_H
#define STRUCTS_H
#include <stddef.h>
#include "version.h"

// 2.43 has no fast bins. From 2.42 on a tcache has bins of large blocks behind the others, and what
// it counts is how many blocks each bin has room for.
#define HAS_FASTBINS (GLIBC_MINOR < 43)
#define COUNTS_SLOTS (GLIBC_MINOR >= 42)

typedef uintptr_t Word;
#define WORD sizeof(Word)
enum { FASTBINS = sizeof(Word) == 4 ? 11 : 10, BINS = 127, FIRST_LARGE_BIN = 64 };
enum { TCACHE_BINS = COUNTS_SLOTS ? 76 : 64 };
enum { SIZE_BITS = 7, PREV_INUSE = 1 };

// MallocState.
typedef struct {
  int mutex, flags;
#if HAS_FASTBINS
  int have_fastchunks;
  Word fastbins[FASTBINS];
#endif
  Word top, last_remainder;
  Word bins[2 * (BINS - 1) + 2];
  unsigned binmap[4];
  Word next, next_free, attached_threads, system_mem, max_system_mem;
} Arena;

// MallocPar.
typedef struct {
  Word trim_threshold, top_pad, mmap_threshold, arena_test, arena_max;
#if GLIBC_MINOR >= 43
  int thp_mode;
#endif
#if GLIBC_MINOR >= 35
  Word thp_pagesize, hp_pagesize;
  int hp_flags;
#endif
  int n_mmaps, n_mmaps_max, max_n_mmaps, no_dyn_threshold;
  Word mmapped_mem, max_mmapped_mem, sbrk_base;
  Word tcache_bins, tcache_max_bytes, tcache_count;
#if GLIBC_MINOR < 44
  Word tcache_unsorted_limit;
#endif
} Parameters;

// Chunk.
typedef struct {
  Word prev_size, size, fd, bk, fd_nextsize, bk_nextsize;
} Chunk;

// HeapInfo.
typedef struct {
  Word arena, prev, size, mprotect_size;
#if GLIBC_MINOR >= 35
  Word pagesize, pad;
#else
  Word pad[WORD == 4 ? 2 : 0];
#endif
} Heap;

// TcachePerthreadStruct. `counts` are free places where COUNTS_SLOTS.
typedef struct {
  uint16_t counts[TCACHE_BINS];
  Word entries[TCACHE_BINS];
} Tcache;

#if GLIBC_MINOR == 31
_Static_assert(sizeof(Parameters) == (WORD == 4 ? 64 : 112), "malloc_par");
_Static_assert(sizeof(Heap) == (WORD == 4 ? 24 : 32), "heap_info");
#elif GLIBC_MINOR == 43
_Static_assert(sizeof(Parameters) == (WORD == 4 ? 80 : 144), "malloc_par");
#else
_Static_assert(sizeof(Parameters) == (WORD == 4 ? 76 : 136), "malloc_par");
#endif
#if GLIBC_MINOR >= 35
_Static_assert(sizeof(Heap) == (WORD == 4 ? 24 : 48), "heap_info");
#endif
#if HAS_FASTBINS
_Static_assert(sizeof(Arena) == (WORD == 4 ? 1116 : 2200), "malloc_state");
_Static_assert(offsetof(Arena, binmap) == (WORD == 4 ? 1080 : 2144), "malloc_state");
#else
_Static_assert(sizeof(Arena) == (WORD == 4 ? 1068 : 2112), "malloc_state");
_Static_assert(offsetof(Arena, binmap) == (WORD == 4 ? 1032 : 2056), "malloc_state");
#endif
#if COUNTS_SLOTS
_Static_assert(sizeof(Tcache) == (WORD == 4 ? 456 : 760), "tcache_perthread_struct");
#else
_Static_assert(sizeof(Tcache) == (WORD == 4 ? 384 : 640), "tcache_perthread_struct");
#endif
#endif
