/* The loads of thread-loads.h as a WebAssembly module for a shared memory, one instance a thread.
   The allocator is in the same translation unit as the loads, so that the compiler inlines what it
   thinks fit, as asc does:

     -DMIMALLOC      mimalloc, its src and include on the include path
     -DDLMALLOC      the C library's, which knows no threads, behind one lock
     -DNO_ALLOCATOR  none

   wasm-libc.h stands in for the operating system. */

#include "wasm-libc.h"

#if defined MIMALLOC
/* mimalloc knows WebAssembly as a place without threads; with these it locks where it grows the
   memory, and does not miss the end of a thread, which it hears of nowhere here. */
#define MI_USE_PTHREADS
typedef struct lock pthread_mutex_t;
typedef int pthread_key_t;
#define PTHREAD_MUTEX_INITIALIZER { 0 }
#define pthread_mutex_lock take
#define pthread_mutex_unlock release
#define pthread_key_create(key, at_end) ((void) (key), (void) (at_end))
#define pthread_setspecific(key, value) ((void) (key), (void) (value))
#include "static.c"
#define ALLOCATE(thread, bytes) mi_malloc (bytes)
#define RELEASE(thread, block) mi_free (block)
#elif defined DLMALLOC
#include <stdlib.h>
static struct lock heap_lock;

static inline void *
locked_malloc (size_t bytes)
{
  take (&heap_lock);
  void *block = malloc (bytes);
  release (&heap_lock);
  return block;
}

static inline void
locked_free (void *block)
{
  take (&heap_lock);
  free (block);
  release (&heap_lock);
}
#define ALLOCATE(thread, bytes) locked_malloc (bytes)
#define RELEASE(thread, block) locked_free (block)
#else
#define ALLOCATE(thread, bytes) array_place (thread, bytes)
#define RELEASE(thread, block) ((void) (thread), (void) (block))
#endif

#define LOAD(name) __attribute__ ((export_name (#name)))
#include "thread-loads.h"

/* See `damaged`: without an allocator, all is. */
LOAD (damage) uint32_t
damage (struct thread *thread)
{
#ifdef NO_ALLOCATOR
  (void) thread;
  return 0;
#else
  return damaged (thread);
#endif
}

/* Runs constructors, once for all threads. That this calls them keeps the linker from calling them
   at every export. */
extern void __wasm_call_ctors (void);

LOAD (start) void
start (void)
{
  __wasm_call_ctors ();
}
