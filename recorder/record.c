// record: a library for LD_PRELOAD that writes down every allocation call of a program, threads and
// children included. `ptmalloc-wasm record` compiles it, runs programs with it, and makes traces.
//
// Build:  cc -std=gnu11 -O2 -shared -fPIC -o record.so record.c
// Use:    RECORD=/absolute/folder LD_PRELOAD=/absolute/record.so PROGRAM ARGUMENTS…
//
// A file in the folder for each program that runs: PID, or PID.1, PID.2 … for what the process
// becomes by exec. The first line is STATUS EXECUTABLE: R while it runs, and for ever if it is
// killed or leaves by _exit; C when it has ended; F when there was no room for more. Then a line a
// call, in the order in which the allocator saw them: THREAD LETTER RESULT ARGUMENTS, addresses in
// hexadecimal; `x` where a thread exits. Zero bytes follow the last line. One lock is held over
// each call and its line. Nothing here allocates, and nothing is lost when the program is killed:
// the file is mapped.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include "io.h"

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum { UNDECIDED, ON, OFF };
// How many bytes of the file are mapped at a time: at first, as most processes make few calls, and
// then.
enum { FIRST_WINDOW = 1 << 16, WINDOW = 1 << 22 };

// What a forked child sees wiped, and so does not take for its own.
static struct shared {
  int lock;
  int is_ours;
} first, *shared = &first;

static volatile int state;
static int out = -1;
static char *head, *window;  // the file's first page, and where lines go
static off_t window_at;
static size_t window_bytes, used;
static unsigned threads, processes;
static pthread_key_t exit_key;
static __thread unsigned my_thread __attribute__((tls_model("initial-exec")));
static __thread unsigned my_process __attribute__((tls_model("initial-exec")));
static __thread int is_watched __attribute__((tls_model("initial-exec")));
static char environment[1 << 16];

static const char *env_of(const char *name) {  // from the kernel: environ may not be set up yet
  size_t n = strlen(name);
  for (const char *p = environment; *p; p += strlen(p) + 1)
    if (!strncmp(p, name, n) && p[n] == '=') return p + n + 1;
  return NULL;
}

static void *map_file(off_t at, size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, out, at);
  return p == MAP_FAILED ? NULL : p;
}

// Maps the next piece of the file. posix_fallocate, so that a full disk is noticed now, and not by
// a SIGBUS later.
static int next_window(void) {
  if (window) {
    munmap(window, window_bytes);
    window_at += (off_t)window_bytes;
  }
  window_bytes = window ? WINDOW : FIRST_WINDOW;
  window = NULL;
  used = 0;
  if (posix_fallocate(out, window_at, (off_t)window_bytes) == 0)
    window = map_file(window_at, window_bytes);
  return window != NULL;
}

static void write_text(const char *text, size_t n) {
  while (n) {
    if (used == window_bytes && !next_window()) {
      *head = 'F';
      state = OFF;
      return;
    }
    size_t left = window_bytes - used, now = left < n ? left : n;
    memcpy(window + used, text, now);
    used += now, text += now, n -= now;
  }
}

static void line(char letter, const void *result, size_t a, size_t b, int arguments) {
  char text[128], *p = put_dec(text, my_thread - 1);
  *p++ = ' ', *p++ = letter, *p++ = ' ';
  p = put_hex(p, (uintptr_t)result, 1);
  *p++ = ' ';
  p = letter == 'r' ? put_hex(p, a, 1) : put_dec(p, a);
  if (arguments > 1) *p++ = ' ', p = put_dec(p, b);
  *p++ = '\n';
  write_text(text, (size_t)(p - text));
}

static void lock(void) {
  for (;;) {
    struct shared *now = shared;
    if (__atomic_exchange_n(&now->lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
    else if (now == shared) return;
  }
}

static void unlock(void) { __atomic_store_n(&shared->lock, 0, __ATOMIC_RELEASE); }

static void thread_exits(void *unused) {
  (void)unused;
  lock();
  if (state == ON && shared->is_ours) line('x', NULL, 0, 0, 1);
  unlock();
}

static int new_file(const char *folder) {
  char path[4096], *stem = put_str(path, folder);
  stem = put_dec(put_str(stem, "/"), (uint64_t)getpid());
  *stem = 0;
  for (unsigned again = 1;; again++) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || errno != EEXIST) return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 900);
    *put_dec(put_str(stem, "."), again) = 0;
  }
}

// Begins to record this process, in a file of its own; with the lock held.
static void start(void) {
  state = OFF;
  int is_first = processes == 0;
  if (is_first) {
    int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    for (ssize_t n, at = 0; (n = read(fd, environment + at, sizeof environment - 2 - (size_t)at)) > 0;) at += n;
    close(fd);
  }
  const char *folder = env_of("RECORD");
  if (!folder || strlen(folder) > 4000) return;
  window_at = 0, window = NULL, threads = 0, processes++;
  out = new_file(folder);
  if (out < 0 || !next_window() || !(head = map_file(0, 4096))) return;
  if (is_first) {
    struct shared *page = map_bytes(4096, MAP_PRIVATE);
    page->lock = 1;
    if (madvise(page, 4096, MADV_WIPEONFORK) || pthread_key_create(&exit_key, thread_exits)) return;
    shared = page;
  }
  static char text[4200];
  char *p = put_str(text, "R ");
  ssize_t n = readlink("/proc/self/exe", p, 4096);
  p += n > 0 ? n : 0;
  *p++ = '\n';
  write_text(text, (size_t)(p - text));
  shared->is_ours = 1;
  state = ON;
}

static int enter(void) {  // whether this call is to be written down; then the lock is held
  if (state == OFF) return 0;
  lock();
  if (state == UNDECIDED || (state == ON && !shared->is_ours)) {
    int saved = errno;
    start();
    errno = saved;
  }
  if (state == ON) {
    if (my_process != processes) my_thread = ++threads, my_process = processes;
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
  if (state == ON && shared->is_ours) {
    *head = 'C';
    if (ftruncate(out, window_at + (off_t)used)) *head = 'C';  // then zeros follow
  }
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
