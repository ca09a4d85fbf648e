// structs.h: how glibc 2.36 lays out what it keeps of a heap, as src/layout/generated.ts has it for
// both layouts, and where those structs are that have no name for others.
#ifndef STRUCTS_H
#define STRUCTS_H
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "../../../recorder/io.h"

typedef uintptr_t Word;
#define WORD sizeof(Word)
enum { FASTBINS = sizeof(Word) == 4 ? 11 : 10, BINS = 127, FIRST_LARGE_BIN = 64, TCACHE_BINS = 64 };
enum { SIZE_BITS = 7, PREV_INUSE = 1 };

// MallocState.
typedef struct {
  int mutex, flags, have_fastchunks;
  Word fastbins[FASTBINS];
  Word top, last_remainder;
  Word bins[2 * (BINS - 1) + 2];
  unsigned binmap[4];
  Word next, next_free, attached_threads, system_mem, max_system_mem;
} Arena;

// MallocPar.
typedef struct {
  Word trim_threshold, top_pad, mmap_threshold, arena_test, arena_max, thp_pagesize, hp_pagesize;
  int hp_flags, n_mmaps, n_mmaps_max, max_n_mmaps, no_dyn_threshold;
  Word mmapped_mem, max_mmapped_mem, sbrk_base;
  Word tcache_bins, tcache_max_bytes, tcache_count, tcache_unsorted_limit;
} Parameters;

// Chunk.
typedef struct {
  Word prev_size, size, fd, bk, fd_nextsize, bk_nextsize;
} Chunk;

// HeapInfo.
typedef struct {
  Word arena, prev, size, mprotect_size, pagesize, pad;
} Heap;

// TcachePerthreadStruct.
typedef struct {
  uint16_t counts[TCACHE_BINS];
  Word entries[TCACHE_BINS];
} Tcache;

_Static_assert(sizeof(Arena) == (WORD == 4 ? 1116 : 2200), "malloc_state");
_Static_assert(offsetof(Arena, binmap) == (WORD == 4 ? 1080 : 2144), "malloc_state");
_Static_assert(sizeof(Parameters) == (WORD == 4 ? 76 : 136), "malloc_par");
_Static_assert(sizeof(Heap) == (WORD == 4 ? 24 : 48), "heap_info");
_Static_assert(sizeof(Tcache) == (WORD == 4 ? 384 : 640), "tcache_perthread_struct");

// Where they are. A thread's variables are so many bytes below its thread pointer.
typedef struct {
  const Arena *main_arena;
  const Parameters *parameters;
  Word tcache, thread_arena;
} Places;

static int hex_digits(const char **p, Word *v) {
  const char *start = *p;
  for (*v = 0;; ++*p) {
    int digit = **p >= '0' && **p <= '9' ? **p - '0' : **p - 'a' + 10;
    if (digit < 0 || digit > 15 || (digit > 9 && **p < 'a')) return *p > start;
    *v = *v * 16 + (Word)digit;
  }
}

// The mapping that an address lies in, from /proc/self/maps.
static void mapping_of(Word address, Word *from, Word *to) {
  size_t len;
  const char *p = read_all("/proc/self/maps", &len);
  while (hex_digits(&p, from) && *p++ == '-' && hex_digits(&p, to)) {
    if (*from <= address && address < *to) return;
    while (*p && *p++ != '\n') continue;
  }
  die("an address is in no mapping", NULL);
}

// malloc_par: three thresholds of our choice side by side, in the library's data.
static const Parameters *find_parameters(Word near, Word trim, Word pad, Word mapped) {
  Word from, to;
  mapping_of(near, &from, &to);
  for (const Word *p = (const Word *)from; p + 3 <= (const Word *)to; p++)
    if (p[0] == trim && p[1] == pad && p[2] == mapped) return (const Parameters *)p;
  die("malloc_par can't be found", NULL);
}

// How far below the thread pointer a variable of this thread has a value.
static Word find_variable(Word value) {
  Word pointer = (Word)__builtin_thread_pointer();
  for (Word below = WORD; below < 4096; below += WORD)
    if (*(const volatile Word *)(pointer - below) == value) return below;
  die("a thread's variable can't be found", NULL);
}

// Finds all in a child, whose heap nobody else has used: a block that is freed into the unsorted
// bin has links to a known field of main_arena; the block in front of the first one is the tcache.
static Places find_places(void) {
  enum { TRIM = 0x45670, PAD = 0x2340, MAPPED = 0x34560, BLOCK = 5000 };
  Places *answer = map_bytes(4096, MAP_SHARED);
  pid_t pid = fork();
  if (pid == 0) {
    int good = mallopt(M_TRIM_THRESHOLD, TRIM) && mallopt(M_TOP_PAD, PAD);
    if (!good || !mallopt(M_MMAP_THRESHOLD, MAPPED)) die("mallopt refused", NULL);
    char *volatile block = malloc(BLOCK);
    void *volatile fence = malloc(24);
    (void)fence;
    free(block);
    Word arena = *(Word *)block - offsetof(Arena, top);
    Word tcache = (Word)block - ((sizeof(Tcache) + WORD + 15) & ~(Word)15);
    answer->main_arena = (const Arena *)arena;
    answer->parameters = find_parameters(arena, TRIM, PAD, MAPPED);
    answer->tcache = find_variable(tcache);
    answer->thread_arena = find_variable(arena);
    _exit(0);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || status) die("glibc's structs can't be found", NULL);
  return *answer;
}
#endif
