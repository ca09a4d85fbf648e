// interpose.h: an allocator of its own for whatever the C library and its loader allocate by C's
// names, so that the allocator under observation, reached by the names __libc_malloc and so on,
// serves the trace alone. pthread_create, for one, allocates. Blocks come from a static area and
// are never given back.
#ifndef INTERPOSE_H
#define INTERPOSE_H
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static char own_area[16 << 20] __attribute__((aligned(64)));
static size_t own_used;

void *memalign(size_t alignment, size_t size) {
  size_t step = (size + 127) & ~(size_t)63;
  if (alignment > 64 || step > sizeof own_area) return NULL;
  size_t at = __atomic_fetch_add(&own_used, step, __ATOMIC_RELAXED);
  if (at + step > sizeof own_area) return NULL;
  // The size stands in front.
  *(size_t *)(own_area + at) = size;
  return own_area + at + 64;
}

void *malloc(size_t size) { return memalign(16, size); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
void *calloc(size_t count, size_t size) { return malloc(count * size); }
void free(void *block) { (void)block; }

void *realloc(void *block, size_t size) {
  void *copy = malloc(size);
  if (copy && block) {
    size_t old = *(size_t *)((char *)block - 64);
    memcpy(copy, block, old < size ? old : size);
  }
  return copy;
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  void *block = memalign(alignment, size);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

// From here on C's names mean the allocator under observation.
#define malloc __libc_malloc
#define calloc __libc_calloc
#define realloc __libc_realloc
#define memalign __libc_memalign
#define free __libc_free
#endif
