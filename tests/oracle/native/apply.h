// apply.h: one operation of a trace, by the functions that malloc, calloc, memalign, realloc and
// free stand for here.
#ifndef APPLY_H
#define APPLY_H
#include <malloc.h>
#include <stdlib.h>
#include "trace.h"

static int fill;  // whether to write the first and last byte of every block

static inline void touch(char *p, size_t n) {
  if (!p || !n) return;
  *(volatile char *)p = 1;
  *(volatile char *)(p + n - 1) = 1;
}

// One operation. Returns the pointer that it returned (NULL for free) and keeps the table of
// blocks.
static void *apply(const Op *o, void **blocks) {
  void *p;
  size_t bytes = o->x;
  switch (o->kind) {
    case OP_MALLOC: p = malloc(o->x); break;
    case OP_CALLOC: p = calloc(o->x, o->y), bytes = o->x * o->y; break;
    case OP_MEMALIGN: p = memalign(o->x, o->y), bytes = o->y; break;
    case OP_REALLOC:
      p = realloc(blocks[o->slot], o->x);
      if (!p && o->x) return NULL;  // a failed realloc leaves the old block alone
      break;
    default:
      free(blocks[o->slot]);
      blocks[o->slot] = NULL;
      return NULL;
  }
  if (fill) touch(p, bytes);
  blocks[o->slot] = o->slot ? p : NULL;
  return p;
}
#endif
