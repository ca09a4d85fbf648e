/* No allocator: every block is the same place, which is as large as the largest request so far, and
   nothing is cleared, copied or freed. The functions are calls all the same, as an allocator's
   are. */

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
enum { WASM_PAGE = 65536 };
extern unsigned char __heap_base;

/* Returns the place of all blocks, once the memory reaches so far beyond it; NULL if it cannot. */
static __attribute__ ((noinline)) void *
place_of (size_t bytes, size_t *room)
{
  size_t begin = ((size_t) &__heap_base + 15) & ~(size_t) 15;
  size_t have = __builtin_wasm_memory_size (0) * WASM_PAGE - begin;
  if (bytes > have)
    {
      size_t pages = (bytes - have) / WASM_PAGE + 1;
      if (__builtin_wasm_memory_grow (0, pages) == SIZE_MAX)
        return NULL;
      have += pages * WASM_PAGE;
    }
  *room = have;
  return (void *) begin;
}
#else
#include <sys/mman.h>

/* The most that one block can have: address space, without pages of its own. */
static const size_t PLACE_BYTES = (size_t) 1 << (sizeof (size_t) > 4 ? 36 : 30);

static __attribute__ ((noinline)) void *
place_of (size_t bytes, size_t *room)
{
  static void *place;
  if (bytes > PLACE_BYTES)
    return NULL;
  if (place == NULL)
    place = mmap (NULL, PLACE_BYTES, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED)
    return place = NULL;
  *room = PLACE_BYTES;
  return place;
}
#endif

static void *nothing_place;
static size_t nothing_room;

static __attribute__ ((noinline)) void *
nothing_malloc (size_t bytes)
{
  if (nothing_place != NULL && bytes <= nothing_room)
    return nothing_place;
  void *place = place_of (bytes, &nothing_room);
  if (place != NULL)
    nothing_place = place;
  return place;
}

static __attribute__ ((noinline)) void *
nothing_calloc (size_t count, size_t bytes)
{
  size_t product;
  return __builtin_mul_overflow (count, bytes, &product) ? NULL : nothing_malloc (product);
}

static __attribute__ ((noinline)) void *
nothing_memalign (size_t alignment, size_t bytes)
{
  (void) alignment;
  return nothing_malloc (bytes);
}

static __attribute__ ((noinline)) void *
nothing_realloc (void *block, size_t bytes)
{
  (void) block;
  return nothing_malloc (bytes);
}

static __attribute__ ((noinline)) void
nothing_free (void *block)
{
  /* So that the call is not left out. */
  __asm__ volatile ("" : : "r" (block));
}

#define malloc nothing_malloc
#define calloc nothing_calloc
#define memalign nothing_memalign
#define realloc nothing_realloc
#define free nothing_free
