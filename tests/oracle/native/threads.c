// threads: run a trace of several threads on the native allocator, one at a time, and log where
// every block was placed.
//
// Build: gcc -std=gnu11 -O2 -fno-builtin [-m32] -o threads threads.c Use: threads [--sizes]
// [--hash] [--sample K] [--cores N] [--overcommit N] [--mallopt PARAM=VALUE]...
//                 [--fill] TRACE|-
//   --cores N   the machine has N cores, and vm.overcommit_memory is 0 (or --overcommit N), as far
//               as glibc sees: the files that it
//               reads are replaced in a mount namespace of this process (needs the right to do so)
//   --mallopt   thread 0 calls mallopt before operation 0
//   the others: as in replay.c
//
// All threads exist before operation 0, and one runs at a time: whose turn it is, the trace says.
// The main thread only conducts; it never calls the allocator under observation, nor does the C
// library (interpose.h), so that the heap begins empty. Three reports at the end, each an info
// line, malloc_info's XML and malloc_stats' text: after the last operation, after the exit of all
// threads, and after malloc_trim(0).
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include "interpose.h"
#include "apply.h"
#include "log.h"

enum { MAX_THREADS = 512, STACK_BYTES = 1 << 18, MAX_MALLOPTS = 8 };
enum { IDLE, INITIALISE, RUN, EXIT };  // what a thread is to do

typedef struct {
  int command __attribute__((aligned(64)));
  int alive;
  pthread_t handle;
} Thread;

static Thread threads[MAX_THREADS];
static const Op *ops;
static size_t at, ends, done, cores, overcommit;  // operations [at, ends) are the running thread's; `done` counts those that are no turns
static void **blocks;
static int mallopts[MAX_MALLOPTS][2], mallopt_count;

static void futex_wait(int *word, int value) {
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_set(int *word, int value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// The first call decides which thread has main_arena. This one's parameter is ignored.
static void initialise(void) {
  mallopt(M_ARENA_TEST, 0);
  for (int i = 0; i < mallopt_count; i++)
    if (!mallopt(mallopts[i][0], mallopts[i][1])) die("mallopt refused", NULL);
}

static void *body(void *argument) {
  Thread *self = argument;
  for (;;) {
    futex_wait(&self->command, IDLE);
    if (self->command == EXIT) return NULL;
    if (self->command == INITIALISE) initialise();
    for (; at < ends; at++) {
      void *p = apply(&ops[at], blocks);
      if (ops[at].kind != OP_FREE) log_block(done, p);
      done++;
    }
    futex_set(&self->command, IDLE);
  }
}

static void command(Thread *thread, int what) {
  futex_set(&thread->command, what);
  futex_wait(&thread->command, what);
}

static void exit_thread(Thread *thread) {
  futex_set(&thread->command, EXIT);
  if (pthread_join(thread->handle, NULL)) die("pthread_join failed", NULL);
  thread->alive = 0;
}

static size_t create_threads(size_t count) {
  size_t most = 0;
  for (size_t i = 0; i < count; i++) {
    if (ops[i].kind != OP_TURN && ops[i].kind != OP_EXIT) continue;
    if (ops[i].x >= MAX_THREADS) die("too many threads", NULL);
    if (ops[i].x > most) most = ops[i].x;
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  for (size_t i = 0; i <= most; i++) {
    if (pthread_create(&threads[i].handle, &attributes, body, &threads[i])) die("pthread_create failed", NULL);
    threads[i].alive = 1;
  }
  return most + 1;
}

static void conduct(size_t count) {
  Thread *now = threads;
  command(now, INITIALISE);
  for (size_t i = 0; i < count;) {
    if (ops[i].kind == OP_TURN) {
      now = &threads[ops[i++].x];
      continue;
    }
    if (ops[i].kind == OP_EXIT) {
      Thread *thread = &threads[ops[i++].x];
      if (thread->alive) exit_thread(thread);
      continue;
    }
    if (!now->alive) die("a thread calls after its exit", NULL);
    for (at = i; i < count && ops[i].kind < OP_TURN;) i++;
    ends = i;
    command(now, RUN);
  }
}

// What malloc_stats writes to stderr, and malloc_info's XML.
static void emit_statistics(void) {
  static char text[1 << 20];
  int file = memfd_create("stats", 0), kept = dup(2);
  if (file < 0 || kept < 0 || dup2(file, 2) != 2) die("stderr can't be kept", NULL);
  malloc_stats();
  FILE *out = fdopen(file, "w");
  if (!out || malloc_info(0, out) || fflush(out)) die("malloc_info failed", NULL);
  if (dup2(kept, 2) != 2) _exit(3);
  close(kept);
  ssize_t n = pread(file, text, sizeof text, 0);
  if (n <= 0 || n == sizeof text) die("no statistics", NULL);
  fclose(out);
  emit(text, (size_t)n);
}

static void report(const char *when) {
  emit("== ", 3);
  emit(when, strlen(when));
  emit("\n", 1);
  emit_info(done ? done - 1 : 0);
  emit_statistics();
}

// Makes a file of the system read as `text` for this process.
static void replace_file(const char *file, const char *text, size_t n) {
  char path[] = "/tmp/threads-XXXXXX";
  int fd = mkstemp(path);
  if (fd < 0) die("no temporary file", NULL);
  write_all(fd, text, n);
  close(fd);
  int failed = mount(path, file, NULL, MS_BIND, NULL);
  unlink(path);
  if (failed) die("can't be replaced here", file);
}

static void set_machine(void) {
  if (!cores) return;
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("no mount namespace", NULL);
  char text[32], *p = put_dec(put_str(text, cores == 1 ? "" : "0-"), cores - 1);
  *p++ = '\n';
  replace_file("/sys/devices/system/cpu/online", text, (size_t)(p - text));
  text[0] = (char)('0' + overcommit);
  text[1] = '\n';
  replace_file("/proc/sys/vm/overcommit_memory", text, 2);
}

static long number_arg(const char *s, char stop) {
  char *rest;
  long v = s ? strtol(s, &rest, 10) : 0;
  if (!s || rest == s || *rest != stop) die("a number is expected", s);
  return v;
}

static void mallopt_arg(const char *s) {
  const char *equals = s ? strchr(s, '=') : NULL;
  if (!equals || mallopt_count == MAX_MALLOPTS) die("PARAM=VALUE is expected", s);
  mallopts[mallopt_count][0] = (int)number_arg(s, '=');
  mallopts[mallopt_count++][1] = (int)number_arg(equals + 1, 0);
}

int main(int argc, char **argv, char **envp) {
  program = "threads";
  without_randomisation(argv, envp);
  const char *path = NULL;
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    if (!strcmp(a, "--sizes")) log_options.sizes = 1;
    else if (!strcmp(a, "--fill")) fill = 1;
    else if (!strcmp(a, "--hash")) log_options.hash = 1;
    else if (!strcmp(a, "--sample")) log_options.sample = (unsigned long)number_arg(argv[++i], 0);
    else if (!strcmp(a, "--cores")) cores = (size_t)number_arg(argv[++i], 0);
    else if (!strcmp(a, "--overcommit")) overcommit = (size_t)number_arg(argv[++i], 0);
    else if (!strcmp(a, "--mallopt")) mallopt_arg(argv[++i]);
    else if (path || (a[0] == '-' && a[1])) die("unknown option", a);
    else path = a;
  }
  if (!path) die("usage: threads [--sizes] [--hash] [--sample K] [--cores N] [--overcommit N] [--mallopt PARAM=VALUE]\n"
           "       [--fill] TRACE|-", NULL);
  size_t len, count, slots;
  char *text = read_all(path, &len);
  threads_allowed = 1;
  ops = parse_trace(text, len, &count, &slots);
  blocks = map_bytes(slots * sizeof *blocks, MAP_PRIVATE);
  set_machine();
  size_t made = create_threads(count);
  start_brk = aligned_start_brk((uintptr_t)16 << 20);
  conduct(count);
  emit_hash();
  report("after the last operation");
  for (size_t i = 0; i < made; i++)
    if (threads[i].alive) exit_thread(&threads[i]);
  report("after all threads");
  int trimmed = malloc_trim(0);
  report(trimmed ? "after malloc_trim: 1" : "after malloc_trim: 0");
  flush_log();
  _exit(0);
}
