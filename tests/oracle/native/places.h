// places.h: where the structs of glibc are that have no name for others.
#ifndef PLACES_H
#define PLACES_H
#include <malloc.h>
#include <sys/wait.h>
#include "structs.h"

// Where they are. A thread's variables are so many bytes below its thread pointer.
typedef struct {
  const Arena *main_arena;
  const Parameters *parameters;
  Word tcache, thread_arena;
  Word no_tcache;  // what a thread has for one that has none yet
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

// How far below the thread pointer a variable of this thread has a value from `least` to below
// `limit`; 0 where none has.
static Word find_variable(Word least, Word limit) {
  Word pointer = (Word)__builtin_thread_pointer(), from, to;
  mapping_of(pointer, &from, &to);
  for (Word below = WORD; below < 4096 && pointer - below >= from; below += WORD)
    if (*(const volatile Word *)(pointer - below) - least < limit - least) return below;
  return 0;
}

// Finds all in a child, whose heap nobody else has used: a block that is freed into the unsorted
// bin has a link back to a known field of main_arena, and of a thread's variables only the tcache's
// points into the heap. Some versions make a tcache at the first free, or for no free at all.
// The block is too large for every tcache.
static inline Places find_places(void) {
  enum { TRIM = 0x45670, PAD = 0x2340, MAPPED = 0x34560, BLOCK = 5 << 20 };
  Places *answer = map_bytes(4096, MAP_SHARED);
  pid_t pid = fork();
  if (pid == 0) {
    Word heap = (Word)sbrk(0);
    int good = mallopt(M_TRIM_THRESHOLD, TRIM) && mallopt(M_TOP_PAD, PAD) && mallopt(M_MMAP_MAX, 0);
    if (!good || !mallopt(M_MMAP_THRESHOLD, MAPPED)) die("mallopt refused", NULL);
    char *volatile block = malloc(BLOCK);
    void *volatile small = malloc(24);
    // As large, so that it is behind the block or in another part of the heap.
    void *volatile fence = malloc(BLOCK);
    (void)fence;
    free(small);
    free(block);
    Word arena = ((Word *)block)[1] - offsetof(Arena, top);
    answer->main_arena = (const Arena *)arena;
    answer->parameters = find_parameters(arena, TRIM, PAD, MAPPED);
    answer->tcache = find_variable(heap, (Word)sbrk(0));
    answer->thread_arena = find_variable(arena, arena + 1);
    if (!answer->thread_arena) die("thread_arena can't be found", NULL);
    _exit(0);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || status) die("glibc's structs can't be found", NULL);
  // This process has freed nothing yet.
  if (answer->tcache)
    answer->no_tcache = *(const Word *)((Word)__builtin_thread_pointer() - answer->tcache);
  return *answer;
}

// The tcache of the thread that has this thread pointer; NULL for none.
static inline const Tcache *tcache_of(const Places *places, Word pointer) {
  Word tcache = places->tcache ? *(const Word *)(pointer - places->tcache) : 0;
  return tcache == places->no_tcache ? NULL : (const Tcache *)tcache;
}

// How many blocks a tcache's bin has, by its counter.
static inline Word blocks_in(const Places *places, const Tcache *tcache, size_t bin) {
  Word counter = tcache->counts[bin];
  return COUNTS_SLOTS ? places->parameters->tcache_count - counter : counter;
}
#endif
