// layout.h: make the process's address space such that every address can be told as a distance.
#ifndef LAYOUT_H
#define LAYOUT_H
#include <stdlib.h>
#include <sys/wait.h>
#include "expression.h"

static void fill_gap(Word from, Word to) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  if (mmap((void *)from, to - from, PROT_NONE, flags, -1, 0) != (void *)from) die("a gap can't be filled", NULL);
}

// /proc/self/maps, read into what is there already.
static const char *read_maps(void) {
  static char text[1 << 18];
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  size_t n = 0;
  for (ssize_t got; (got = read(fd, text + n, sizeof text - 1 - n)) > 0;) n += (size_t)got;
  if (!n || n == sizeof text - 1) die("/proc/self/maps can't be read", NULL);
  close(fd);
  return text;
}

// One line of /proc/self/maps: its addresses; the rest of the line up to *p. 0 at the end.
static int next_mapping(const char **p, Word *from, Word *to, const char **line) {
  if (!hex_digits(p, from) || *(*p)++ != '-' || !hex_digits(p, to)) return 0;
  *line = *p;
  while (**p && **p != '\n') ++*p;
  if (**p) ++*p;
  return 1;
}

// As fill_gap, where MAP_FIXED_NOREPLACE is no more than a wish.
static void fill_room(Word from, Word to) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  if (mmap((void *)from, to - from, PROT_NONE, flags, -1, 0) != (void *)from) die("room can't be taken", NULL);
}

// For an emulator, which has the heap above all mappings and searches downwards from where it
// searched last, and from the top when there is no more room: moves the heap to where an i386
// kernel has it, and leaves no room but above.
static Word turn_around(void) {
  const Word heap_begin = 0x58000000, reference = 0xf0000000, end = 0xfffff000;
  if (WORD != 4 || (Word)heap > heap_begin) die("no mappings above the heap", NULL);
  if (sbrk((intptr_t)(heap_begin - (Word)heap)) == (void *)-1) die("the break can't be moved", NULL);
  heap = sbrk(0);
  const char *p = read_maps(), *line;
  Word last = 4096, from, to;
  for (; next_mapping(&p, &from, &to, &line) && from < heap_begin; last = to > last ? to : last)
    if (from > last) fill_room(last, from);
  if (last < heap_begin) fill_room(last, heap_begin);
  fill_room(reference, end);
  return reference;
}

// Fills the holes between the mappings above the heap and makes their lower end a multiple of 64
// MiB. From there on downwards the kernel's top-down search finds free room only, as in a new
// address space.
static Word settle_map_area(Word above) {
  const char *p = read_maps(), *line;
  Word lowest = 0, last = 0, from, to;
  while (next_mapping(&p, &from, &to, &line)) {
    if (from <= above || (size_t)(p - line) > 400) continue;
    if (memmem(line, (size_t)(p - line), "[stack]", 7) || memmem(line, (size_t)(p - line), "[vsyscall]", 10)) continue;
    if (!lowest) lowest = from;
    else if (from > last) fill_gap(last, from);
    last = to;
  }
  if (!lowest) return turn_around();
  Word align = (Word)64 << 20, filler = lowest & (align - 1);
  if (filler) fill_gap(lowest - filler, lowest);
  return lowest - filler;
}
#endif
