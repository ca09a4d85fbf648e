// layout.h: make the process's address space such that every address can be told as a distance.
#ifndef LAYOUT_H
#define LAYOUT_H
#include <stdlib.h>
#include <sys/wait.h>
#include "expression.h"

// Where main_arena is: a child frees a block into the unsorted bin, whose links point at a known
// field.
static Word find_main_arena(void) {
  Word *answer = map_bytes(4096, MAP_SHARED);
  pid_t pid = fork();
  if (pid == 0) {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
    void *volatile block = malloc(5000);
    void *volatile fence = malloc(24);
    (void)fence;
    free(block);
    *answer = load((Word)block) - ARENA_TOP;
    _exit(0);
  }
  int status;
  if (waitpid(pid, &status, 0) != pid || status || !*answer) die("main_arena can't be found", NULL);
  return *answer;
}

static int hex_number(const char **p, Word *v) {
  const char *start = *p;
  for (*v = 0; is_digit(**p) || (**p >= 'a' && **p <= 'f'); ++*p) *v = *v * 16 + (Word)(is_digit(**p) ? **p - '0' : **p - 'a' + 10);
  return *p > start;
}

static void fill_gap(Word from, Word to) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  if (mmap((void *)from, to - from, PROT_NONE, flags, -1, 0) != (void *)from) die("a gap can't be filled", NULL);
}

// Fills the holes between the mappings above the heap and makes their lower end a multiple of 64
// MiB. From there on downwards the kernel's top-down search finds free room only, as in a new
// address space.
static Word settle_map_area(Word above) {
  size_t len;
  const char *p = read_all("/proc/self/maps", &len);
  Word lowest = 0, last = 0;
  while (*p) {
    Word from, to;
    if (!hex_number(&p, &from) || *p++ != '-' || !hex_number(&p, &to)) break;
    const char *line = p;
    while (*p && *p != '\n') p++;
    if (*p) p++;
    if (from <= above || (size_t)(p - line) > 400) continue;
    if (memmem(line, (size_t)(p - line), "[stack]", 7) || memmem(line, (size_t)(p - line), "[vsyscall]", 10)) continue;
    if (!lowest) lowest = from;
    else if (from > last) fill_gap(last, from);
    last = to;
  }
  if (!lowest) die("no mappings above the heap", NULL);
  Word align = (Word)64 << 20, filler = lowest & (align - 1);
  if (filler) fill_gap(lowest - filler, lowest);
  return lowest - filler;
}
#endif
