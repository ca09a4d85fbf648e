/* What an allocator in WebAssembly asks of an operating system: memory, a lock, the time; and the
   environment and the printing, which there are not. The string functions are wasi-libc's own. */

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WASM_PAGE = 65536, SPINS = 100 };

/* Who has a lock for five seconds has died with it. */
#define LOST_NS 5000000000LL
enum { TIMED_OUT = 2 };

#ifdef MIMALLOC
#undef errno
_Thread_local int errno;
char **environ = NULL;
#undef stdout
#undef stderr
FILE *const stdout = NULL;
FILE *const stderr = NULL;

long
strtol (const char *restrict text, char **restrict end, int base)
{
  (void) base;
  *end = (char *) text;
  return 0;
}
#endif

/* Milliseconds, by the host's clock. */
__attribute__ ((import_module ("env"), import_name ("now"))) double host_now (void);

/* The usual three states: free, taken, taken and waited for. Waiters spin first, as the machine has
   another core. */
struct lock
{
  int state;
};

static void
wait_for (struct lock *lock)
{
  for (int spin = 0; spin < SPINS; spin++)
    {
      int expected = 0;
      if (__atomic_load_n (&lock->state, __ATOMIC_RELAXED) == 0
          && __atomic_compare_exchange_n (&lock->state, &expected, 1, 0, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED))
        return;
    }
  while (__atomic_exchange_n (&lock->state, 2, __ATOMIC_ACQUIRE) != 0)
    if (__builtin_wasm_memory_atomic_wait32 (&lock->state, 2, LOST_NS) == TIMED_OUT)
      __builtin_trap ();
}

static inline void
take (struct lock *lock)
{
  int expected = 0;
  if (!__atomic_compare_exchange_n (&lock->state, &expected, 1, 0, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
    wait_for (lock);
}

static inline void
release (struct lock *lock)
{
  if (__atomic_exchange_n (&lock->state, 0, __ATOMIC_RELEASE) == 2)
    __builtin_wasm_memory_atomic_notify (&lock->state, 1);
}

/* Memory, never given back. mimalloc gets what the module began with first: that is enough, so
   nothing grows while threads run. (V8 tells other threads of a growth only when they look, and
   their atomic accesses to the new memory trap until then.) dlmalloc takes that part by itself. */
void *
sbrk (intptr_t bytes)
{
#ifdef MIMALLOC
  extern unsigned char __heap_base;
  static size_t used;
  size_t begin = ((size_t) &__heap_base + WASM_PAGE - 1) & ~(size_t) (WASM_PAGE - 1);
  size_t end = __builtin_wasm_memory_size (0) * WASM_PAGE;
  if (begin + used + (size_t) bytes <= end)
    return (void *) (begin + __atomic_fetch_add (&used, (size_t) bytes, __ATOMIC_RELAXED));
  return (void *) -1;
#else
  size_t pages = __builtin_wasm_memory_size (0);
  if (bytes > 0)
    pages = __builtin_wasm_memory_grow (0, ((size_t) bytes + WASM_PAGE - 1) / WASM_PAGE);
  return pages == SIZE_MAX ? (void *) -1 : (void *) (pages * WASM_PAGE);
#endif
}

int
clock_gettime (clockid_t clock, struct timespec *time)
{
  (void) clock;
  double milliseconds = host_now ();
  time->tv_sec = (time_t) (milliseconds / 1e3);
  time->tv_nsec = (long) ((milliseconds - (double) time->tv_sec * 1e3) * 1e6);
  return 0;
}

int
sched_yield (void)
{
  return 0;
}

_Noreturn void
abort (void)
{
  __builtin_trap ();
}

int
atexit (void (*function) (void))
{
  (void) function;
  return 0;
}

char *
getenv (const char *name)
{
  (void) name;
  return NULL;
}

int
fputs (const char *restrict text, FILE *restrict file)
{
  (void) text;
  (void) file;
  return 0;
}

int
vsnprintf (char *restrict text, size_t bytes, const char *restrict format, va_list arguments)
{
  (void) format;
  (void) arguments;
  if (bytes > 0)
    *text = '\0';
  return 0;
}

int
snprintf (char *restrict text, size_t bytes, const char *restrict format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  int length = vsnprintf (text, bytes, format, arguments);
  va_end (arguments);
  return length;
}
