/* What an allocator in WebAssembly is linked with to take part in a benchmark: the loop of ops.h,
   and a place for a trace that is no part of the heap.

     load (operations, slots, expected)    says what the host has put into the area: operations
                                           (struct op), room for the block table, and the indices of
                                           the operations that may be refused, each part at a
                                           multiple of 16 bytes
     replay (begin, end)                   runs some of the operations
     drain ()                              frees all that they left
     refusals ()                           requests refused so far
     first ()                              allocates one block of 24 bytes */

#define TOUCH
#include "ops.h"

/* How large the place is, is decided when this is compiled, as linkers put the heap behind it: the
   smaller the better, as V8 collects garbage for a memory that grows, and counts all of it. */
#ifndef AREA_MEBIBYTES
#define AREA_MEBIBYTES 1
#endif

enum { AREA_BYTES = AREA_MEBIBYTES << 20, FIRST_BYTES = 24 };

/* No part of the module: memory begins with zeros. */
static _Alignas (16) unsigned char area[AREA_BYTES];

#define EXPORT(name) __attribute__ ((export_name (#name)))

EXPORT (area_begin) unsigned char *
area_begin (void)
{
  return area;
}

static size_t
rounded (size_t bytes)
{
  return (bytes + 15) & ~(size_t) 15;
}

EXPORT (load) void
load (size_t operations, size_t slot_count, size_t expected)
{
  ops = (const struct op *) area;
  op_count = operations;
  blocks = (void **) (area + rounded (operations * sizeof (struct op)));
  slots = slot_count;
  expected_refusals = (const uint32_t *) ((size_t) blocks + rounded (slot_count * sizeof *blocks));
  expected_count = expected;
}

EXPORT (replay) void *
replay (size_t begin, size_t end)
{
  return run_ops (ops + begin, ops + end);
}

EXPORT (drain) void
drain (void)
{
  free_all ();
}

EXPORT (refusals) size_t
refusals (void)
{
  return refused;
}

EXPORT (first) void *
first (void)
{
  return malloc (FIRST_BYTES);
}

#ifdef __EMSCRIPTEN__
enum { WASM_PAGE = 65536 };

/* Stands in for the function of a module without JavaScript, which grows by no more than is needed.
   Grows as the JavaScript that Emscripten puts around its programs does by default: by a fifth at
   least (of what is not the area), but by no more than 96 MiB beyond what is needed; where that is too much, by less. */
static const size_t MOST_SPARE_BYTES = 96 << 20;

int
__wrap_emscripten_resize_heap (size_t bytes)
{
  size_t have = __builtin_wasm_memory_size (0);
  size_t needed = (bytes - 1) / WASM_PAGE + 1 - have;
  for (size_t divisor = 5; divisor <= 20; divisor *= 2)
    {
      size_t pages = (have - AREA_BYTES / WASM_PAGE) / divisor;
      if (pages < needed)
        break;
      if (pages > needed + MOST_SPARE_BYTES / WASM_PAGE)
        pages = needed + MOST_SPARE_BYTES / WASM_PAGE;
      if (__builtin_wasm_memory_grow (0, pages) != SIZE_MAX)
        return 1;
    }
  return __builtin_wasm_memory_grow (0, needed) != SIZE_MAX;
}
#endif
