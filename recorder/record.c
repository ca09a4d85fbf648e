// record: a library for LD_PRELOAD that writes down every allocation call of a program, threads
// included, as `.rep` operations.
//
// Build:  gcc -std=gnu11 -O2 -shared -fPIC -o record.so record.c
// Use:    RECORD=/absolute/file LD_PRELOAD=/absolute/record.so PROGRAM ARGUMENTS…
//         RECORD_PROGRAM=name   only a process whose executable has that name; the first one that
//                               makes the file has it
//
// A line a call, in the order in which the allocator saw them: THREAD LETTER RESULT ARGUMENTS,
// addresses in hexadecimal; `x` where a thread exits. record-program.mjs makes a trace of it. One
// lock is held over each call and its line. Nothing here allocates.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include "io.h"

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum { UNDECIDED, ON, OFF };
static volatile int lock_word, state;
static int *forked;  // a page that a forked child sees wiped
static int out = -1;
static char buffer[1 << 16];
static size_t used;
static unsigned threads;
static pthread_key_t exit_key;
static __thread unsigned my_thread __attribute__((tls_model("initial-exec")));
static __thread int is_watched __attribute__((tls_model("initial-exec")));
static char environment[1 << 16];

static const char *env_of(const char *name) {  // from the kernel: environ may not be set up yet
  size_t n = strlen(name);
  for (const char *p = environment; *p; p += strlen(p) + 1)
    if (!strncmp(p, name, n) && p[n] == '=') return p + n + 1;
  return NULL;
}

static int is_wanted(void) {
  static char exe[4096];
  const char *wanted = env_of("RECORD_PROGRAM");
  if (!wanted) return 1;
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  const char *base = n > 0 ? strrchr(exe, '/') : NULL;
  return base && !strcmp(base + 1, wanted);
}

static void flush_lines(void) {
  write_all(out, buffer, used);
  used = 0;
}

static void line(char letter, const void *result, size_t a, size_t b, int arguments) {
  char text[128], *p = put_dec(text, my_thread - 1);
  *p++ = ' ', *p++ = letter, *p++ = ' ';
  p = put_hex(p, (uintptr_t)result, 1);
  *p++ = ' ';
  p = letter == 'r' ? put_hex(p, a, 1) : put_dec(p, a);
  if (arguments > 1) *p++ = ' ', p = put_dec(p, b);
  *p++ = '\n';
  if (used + (size_t)(p - text) > sizeof buffer) flush_lines();
  memcpy(buffer + used, text, (size_t)(p - text));
  used += (size_t)(p - text);
}

static void lock(void) {
  while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE)) sched_yield();
}

static void unlock(void) { __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE); }

static void thread_exits(void *unused) {
  (void)unused;
  lock();
  if (state == ON && *forked) line('x', NULL, 0, 0, 1);
  unlock();
}

static void start(void) {
  state = OFF;
  int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  for (ssize_t n, at = 0; (n = read(fd, environment + at, sizeof environment - 2 - (size_t)at)) > 0;) at += n;
  close(fd);
  const char *path = env_of("RECORD");
  if (!path || !is_wanted()) return;
  out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (out < 0) return;
  out = fcntl(out, F_DUPFD_CLOEXEC, 900);
  forked = map_bytes(4096, MAP_PRIVATE);
  if (madvise(forked, 4096, MADV_WIPEONFORK) || pthread_key_create(&exit_key, thread_exits)) return;
  *forked = 1;
  state = ON;
}

static int enter(void) {  // whether this call is to be written down; then the lock is held
  if (state == OFF) return 0;
  lock();
  if (state == UNDECIDED) {
    int saved = errno;
    start();
    errno = saved;
  }
  if (state == ON && *forked) {
    if (!my_thread) my_thread = ++threads;
    return 1;
  }
  unlock();
  return 0;
}

static void leave(char letter, const void *result, size_t a, size_t b, int arguments) {
  int saved = errno;
  line(letter, result, a, b, arguments);
  unlock();
  if (!is_watched && my_thread > 1) {
    is_watched = 1;
    pthread_setspecific(exit_key, &exit_key);  // a low key: allocates nothing
  }
  errno = saved;
}

static void __attribute__((destructor)) finish(void) {
  lock();
  if (state == ON && *forked) flush_lines();
  state = OFF;
  unlock();
}

void *malloc(size_t size) {
  int on = enter();
  void *p = __libc_malloc(size);
  if (on) leave('a', p, size, 0, 1);
  return p;
}

void *calloc(size_t count, size_t size) {
  int on = enter();
  void *p = __libc_calloc(count, size);
  if (on) leave('c', p, count, size, 2);
  return p;
}

void *realloc(void *old, size_t size) {
  int on = enter();
  void *p = __libc_realloc(old, size);
  if (on) leave('r', p, (size_t)old, size, 2);
  return p;
}

void free(void *p) {
  int on = enter();
  int saved = errno;
  __libc_free(p);
  errno = saved;
  if (on) leave('f', p, 0, 0, 1);
}

static void *aligned(size_t alignment, size_t size) {
  int on = enter();
  void *p = __libc_memalign(alignment, size);
  if (on) leave('m', p, alignment, size, 2);
  return p;
}

void *memalign(size_t alignment, size_t size) { return aligned(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return aligned(alignment, size); }

int posix_memalign(void **where, size_t alignment, size_t size) {
  int saved = errno;
  void *p = aligned(alignment, size);
  errno = saved;
  if (!p) return ENOMEM;
  *where = p;
  return 0;
}

void *reallocarray(void *old, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(old, bytes);
}
