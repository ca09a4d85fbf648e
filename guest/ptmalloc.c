/* malloc for a C or C++ program in WebAssembly whose heap is ptmalloc-wasm's: give this file to the
   compiler together with your own. C++ compilers take it, too.

   It defines all that the libc's own malloc defines, so the linker never takes that out of libc.a,
   and hands every call to the imports below. The heap's errno is its own, in memory that belongs to
   it; what a failed call left there goes to the program's, under the number that the program's libc
   has for it: the heap's numbers are Linux's, those of WASI differ. Wrappers as small as these are
   inlined when the modules are merged.

   ptmalloc.h declares what the libc's headers may lack: mallopt, malloc_trim, mallinfo, mallinfo2,
   brk. */

#include <errno.h>
#include <stddef.h>

/* As large as glibc's struct mallinfo and struct mallinfo2: words have 32 bits here. */
struct ptmalloc_info
{
  size_t words[10];
};

#ifdef __EMSCRIPTEN__
/* Emscripten's linker wants a function in its JavaScript for every import, under a name that C has
   not. These stand in for the heap's until the module is linked to one. */
#include <emscripten.h>
#define HEAP(result, name, types)                                                                 \
  EM_JS (result, ptmalloc_##name, types,                                                          \
         { throw new Error ("not linked to ptmalloc-wasm, see its docs/guests.md: " + #name); })
#else
#define HEAP(result, name, types)                                                                 \
  __attribute__ ((import_module ("ptmalloc"), import_name (#name))) result ptmalloc_##name types;
#endif

#ifdef __cplusplus
extern "C" {
#endif

HEAP (void *, malloc, (size_t size))
HEAP (void, free, (void *block))
HEAP (void *, calloc, (size_t count, size_t size))
HEAP (void *, realloc, (void *block, size_t size))
HEAP (void *, reallocarray, (void *block, size_t count, size_t size))
HEAP (void *, memalign, (size_t alignment, size_t size))
HEAP (void *, aligned_alloc, (size_t alignment, size_t size))
HEAP (int, posix_memalign, (void **out, size_t alignment, size_t size))
HEAP (void *, valloc, (size_t size))
HEAP (void *, pvalloc, (size_t size))
HEAP (size_t, malloc_usable_size, (void *block))
HEAP (int, mallopt, (int parameter, int value))
HEAP (int, malloc_trim, (size_t pad))
HEAP (void, mallinfo, (struct ptmalloc_info *out))
HEAP (void, mallinfo2, (struct ptmalloc_info *out))
HEAP (int, brk, (void *address))
HEAP (void *, sbrk, (ptrdiff_t increment))
HEAP (int *, __errno_location, (void))

#define LIKELY(condition) __builtin_expect (!!(condition), 1)

/* The two errors that allocation functions have, by Linux's numbers. */
enum
{
  LINUX_ENOMEM = 12,
  LINUX_EINVAL = 22
};

static int
own_error (int error)
{
  return error == LINUX_ENOMEM ? ENOMEM : error == LINUX_EINVAL ? EINVAL : error;
}

static void __attribute__ ((noinline))
set_errno (void)
{
  errno = own_error (*ptmalloc___errno_location ());
}

#ifdef __EMSCRIPTEN__
/* Emscripten's JavaScript has views of the memory, and makes them anew when it is told that the
   memory grew. */
void emscripten_notify_memory_growth (size_t memory);

static void
notice_growth (void)
{
  static size_t known_pages;
  size_t pages = __builtin_wasm_memory_size (0);
  if (LIKELY (pages == known_pages))
    return;
  known_pages = pages;
  emscripten_notify_memory_growth (0);
}
#else
static inline void
notice_growth (void)
{
}
#endif

/* A block, or NULL with the program's errno set as the heap's is. */
static inline void *
checked (void *block)
{
  notice_growth ();
  if (LIKELY (block != NULL))
    return block;
  set_errno ();
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
  /* As the heap's realloc does, but without a call that only looks for this. */
  if (block == NULL)
    return malloc (size);
  void *moved = ptmalloc_realloc (block, size);
  /* NULL for size 0 is success: the block was freed. */
  return size == 0 ? moved : checked (moved);
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
  int error = ptmalloc_posix_memalign (out, alignment, size);
  notice_growth ();
  return own_error (error);
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

int
mallopt (int parameter, int value)
{
  return ptmalloc_mallopt (parameter, value);
}

int
malloc_trim (size_t pad)
{
  return ptmalloc_malloc_trim (pad);
}

struct ptmalloc_info
mallinfo (void)
{
  struct ptmalloc_info info;
  ptmalloc_mallinfo (&info);
  return info;
}

struct ptmalloc_info
mallinfo2 (void)
{
  struct ptmalloc_info info;
  ptmalloc_mallinfo2 (&info);
  return info;
}

/* The heap's break, so that it and malloc know of each other; the libc's own would hand out the
   heap's memory. */
int
brk (void *address)
{
  int result = ptmalloc_brk (address);
  notice_growth ();
  if (result != 0)
    set_errno ();
  return result;
}

void *
sbrk (ptrdiff_t increment)
{
  void *old = ptmalloc_sbrk (increment);
  notice_growth ();
  if (old == (void *) -1)
    set_errno ();
  return old;
}

#define SAME(name) __attribute__ ((alias (#name)))

/* What the libc's own functions may call, so that a program's malloc does not disturb them; here
   they are to have the same one. */
void *__libc_malloc (size_t size) SAME (malloc);
void __libc_free (void *block) SAME (free);
void *__libc_calloc (size_t count, size_t size) SAME (calloc);
void *__libc_realloc (void *block, size_t size) SAME (realloc);

#ifdef __EMSCRIPTEN__
void *emscripten_builtin_malloc (size_t size) SAME (malloc);
void emscripten_builtin_free (void *block) SAME (free);
void *emscripten_builtin_calloc (size_t count, size_t size) SAME (calloc);
void *emscripten_builtin_realloc (void *block, size_t size) SAME (realloc);
void *emscripten_builtin_memalign (size_t alignment, size_t size) SAME (memalign);
#endif

#ifdef __cplusplus
}
#endif
