/* malloc for a C or C++ program in WebAssembly whose heap is ptmalloc-wasm's: give this file to the compiler together with your own.

   It defines all that the libc's own malloc defines, so the linker never takes that out of libc.a, and hands every call to the imports below.
   The heap's errno is its own, in memory that belongs to it; what a failed call left there is copied to the program's. Wrappers as small as
   these are inlined when the modules are merged. */

#include <errno.h>
#include <stddef.h>

#define HEAP(name) __attribute__ ((import_module ("ptmalloc"), import_name (#name)))

HEAP (malloc) void *ptmalloc_malloc (size_t size);
HEAP (free) void ptmalloc_free (void *block);
HEAP (calloc) void *ptmalloc_calloc (size_t count, size_t size);
HEAP (realloc) void *ptmalloc_realloc (void *block, size_t size);
HEAP (reallocarray) void *ptmalloc_reallocarray (void *block, size_t count, size_t size);
HEAP (memalign) void *ptmalloc_memalign (size_t alignment, size_t size);
HEAP (aligned_alloc) void *ptmalloc_aligned_alloc (size_t alignment, size_t size);
HEAP (posix_memalign) int ptmalloc_posix_memalign (void **out, size_t alignment, size_t size);
HEAP (valloc) void *ptmalloc_valloc (size_t size);
HEAP (pvalloc) void *ptmalloc_pvalloc (size_t size);
HEAP (malloc_usable_size) size_t ptmalloc_malloc_usable_size (void *block);
HEAP (__errno_location) int *ptmalloc_errno_location (void);

#define LIKELY(condition) __builtin_expect (!!(condition), 1)

/* A block, or NULL with the program's errno set as the heap's is. */
static inline void *
checked (void *block)
{
  if (LIKELY (block != NULL))
    return block;
  errno = *ptmalloc_errno_location ();
  return NULL;
}

void *
malloc (size_t size)
{
  return checked (ptmalloc_malloc (size));
}

void
free (void *block)
{
  ptmalloc_free (block);
}

void *
calloc (size_t count, size_t size)
{
  return checked (ptmalloc_calloc (count, size));
}

void *
realloc (void *block, size_t size)
{
  void *moved = ptmalloc_realloc (block, size);
  /* NULL for size 0 is success: the block was freed. */
  return block != NULL && size == 0 ? moved : checked (moved);
}

void *
reallocarray (void *block, size_t count, size_t size)
{
  void *moved = ptmalloc_reallocarray (block, count, size);
  return block != NULL && (count == 0 || size == 0) ? moved : checked (moved);
}

void *
memalign (size_t alignment, size_t size)
{
  return checked (ptmalloc_memalign (alignment, size));
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  return checked (ptmalloc_aligned_alloc (alignment, size));
}

/* Returns its error and leaves errno alone, as in POSIX. */
int
posix_memalign (void **out, size_t alignment, size_t size)
{
  return ptmalloc_posix_memalign (out, alignment, size);
}

void *
valloc (size_t size)
{
  return checked (ptmalloc_valloc (size));
}

void *
pvalloc (size_t size)
{
  return checked (ptmalloc_pvalloc (size));
}

size_t
malloc_usable_size (void *block)
{
  return ptmalloc_malloc_usable_size (block);
}

/* What musl's own functions (setenv, getdelim …) call, so that a program's malloc does not disturb them; here they are to have the same one. */
void *__libc_malloc (size_t size) __attribute__ ((alias ("malloc")));
void __libc_free (void *block) __attribute__ ((alias ("free")));
void *__libc_calloc (size_t count, size_t size) __attribute__ ((alias ("calloc")));
void *__libc_realloc (void *block, size_t size) __attribute__ ((alias ("realloc")));
