/* The loop of the benchmarks in C: it runs packed operations of a trace, as assembly/replay/loop.ts
   does, on whatever malloc, calloc, memalign, realloc and free the program has.

     -DTOUCH           writes the first and the last byte of what malloc, memalign and realloc give
     -DNO_ALLOCATOR    nothing.h in place of an allocator: what the loop alone takes
     -DMIMALLOC        mimalloc's own names of the functions

   What is refused is counted, outside the usual way: of the requests that the reference heap
   serves, as the others are listed in `expected_refusals`. */

#include <stddef.h>
#include <stdint.h>

#if defined NO_ALLOCATOR
#include "nothing.h"
#elif defined MIMALLOC
#include "mimalloc.h"
#define malloc mi_malloc
#define calloc mi_calloc
#define memalign mi_memalign
#define realloc mi_realloc
#define free mi_free
#else
#include <stdlib.h>
#ifdef __wasi__
/* wasi-libc has no other name for it. */
#define memalign aligned_alloc
#else
#include <malloc.h>
#endif
#endif

enum { OP_MALLOC, OP_CALLOC, OP_MEMALIGN, OP_REALLOC, OP_FREE };

/* Bits of id_kind that hold the kind. */
enum { KIND_BITS = 3, KIND_MASK = (1 << KIND_BITS) - 1 };

struct op
{
  uint32_t id_kind; /* slot of the table * 8 + kind; slot 0 is the id that is never live */
  size_t x;         /* bytes; of a calloc the elements, of a memalign the alignment */
  size_t y;         /* bytes of an element; of a memalign the bytes */
};

static const struct op *ops;
static size_t op_count;
static void **blocks;
static size_t slots;

/* Indices of operations that the reference heap refuses, in ascending order. */
static const uint32_t *expected_refusals;
static size_t expected_count;
static size_t refused;

static __attribute__ ((noinline, cold)) void
note_refusal (const struct op *op)
{
  uint32_t index = (uint32_t) (op - ops);
  size_t low = 0, high = expected_count;
  while (low < high)
    {
      size_t middle = low + (high - low) / 2;
      if (expected_refusals[middle] < index)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == expected_count || expected_refusals[low] != index)
    refused++;
}

static inline void
touch (void *block, size_t bytes)
{
#ifdef TOUCH
  if (bytes == 0)
    return;
  ((volatile unsigned char *) block)[0] = 1;
  ((volatile unsigned char *) block)[bytes - 1] = 1;
#else
  (void) block;
  (void) bytes;
#endif
}

/* Returns whether the slot's block is another one now. */
static inline int
run_realloc (const struct op *op, void *old, void **result)
{
  void *block = realloc (old, op->x);
  *result = block;
  if (op->x == 0 && old != NULL)
    {
      /* Some give a block of no bytes. In the recorded program the block has ended here. */
      if (block != NULL)
        free (block);
      *result = NULL;
      return 1;
    }
  if (block != NULL)
    {
      touch (block, op->x);
      return 1;
    }
  note_refusal (op);
  /* The old block stays. */
  return 0;
}

/* Runs the operations of [op, end). Returns the last result. */
static __attribute__ ((noinline)) void *
run_ops (const struct op *op, const struct op *end)
{
  void *result = NULL;
  for (; op < end; op++)
    {
      uint32_t kind = op->id_kind & KIND_MASK;
      void **slot = blocks + (op->id_kind >> KIND_BITS);
      if (kind == OP_FREE)
        {
          void *block = *slot;
          *slot = NULL;
          free (block);
          result = NULL;
          continue;
        }
      if (kind == OP_REALLOC)
        {
          if (!run_realloc (op, *slot, &result))
            continue;
        }
      else
        {
          if (kind == OP_MALLOC)
            result = malloc (op->x);
          else if (kind == OP_CALLOC)
            result = calloc (op->x, op->y);
          else
            result = memalign (op->x, op->y);
          if (result == NULL)
            note_refusal (op);
          else if (kind != OP_CALLOC)
            touch (result, kind == OP_MALLOC ? op->x : op->y);
        }
      if (slot != blocks)
        *slot = result;
    }
  return result;
}

/* Frees all that the operations left. */
static void
free_all (void)
{
  for (size_t i = 0; i < slots; i++)
    {
      void *block = blocks[i];
      blocks[i] = NULL;
      if (block != NULL)
        free (block);
    }
}
