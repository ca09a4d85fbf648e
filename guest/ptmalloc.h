/* The functions of guest/ptmalloc.c, with what the headers of wasi-libc and Emscripten lack of
   glibc's <malloc.h>. */

#ifndef PTMALLOC_H
#define PTMALLOC_H

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

/* The parameters of mallopt, by glibc's numbers. */
#undef M_TRIM_THRESHOLD
#undef M_MMAP_THRESHOLD
#define M_MXFAST 1
#define M_TRIM_THRESHOLD (-1)
#define M_TOP_PAD (-2)
#define M_MMAP_THRESHOLD (-3)
#define M_MMAP_MAX (-4)
#define M_CHECK_ACTION (-5)
#define M_PERTURB (-6)
#define M_ARENA_TEST (-7)
#define M_ARENA_MAX (-8)

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __EMSCRIPTEN__
/* What is allocated, in bytes and numbers of pieces: see mallinfo(3). */
struct mallinfo
{
  int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

struct mallinfo mallinfo (void);
int mallopt (int parameter, int value);
#endif

struct mallinfo2
{
  size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

struct mallinfo2 mallinfo2 (void);
int malloc_trim (size_t pad);
void *pvalloc (size_t size);
void *memalign (size_t alignment, size_t size);
void *valloc (size_t size);
void *reallocarray (void *block, size_t count, size_t size);
int brk (void *address);
void *sbrk (ptrdiff_t increment);

#ifdef __cplusplus
}
#endif

#endif
