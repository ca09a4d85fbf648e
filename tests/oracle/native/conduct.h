// conduct.h: the threads of a trace, one at a time: whose turn it is, the trace says. The main
// thread only conducts; it never calls the allocator under observation, nor does the C library
// (interpose.h), so that the heap begins empty. Also the machine that glibc is to see.
#ifndef CONDUCT_H
#define CONDUCT_H
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include "apply.h"
#include "places.h"

enum { MAX_THREADS = 512, STACK_BYTES = 1 << 18, MAX_MALLOPTS = 8 };
enum { IDLE, INITIALISE, RUN, EXIT };  // what a thread is to do

typedef struct {
  int command __attribute__((aligned(64)));
  int alive;
  pthread_t handle;
  uintptr_t pointer;  // its thread pointer: its variables lie below
} Thread;

static Thread threads[MAX_THREADS];
static const Op *ops;
static size_t at, ends;  // operations [at, ends) are the running thread's
static size_t done;      // how many have been done that are no turns
static size_t cores, overcommit;
static void **blocks;
static int mallopts[MAX_MALLOPTS][2], mallopt_count;
static void (*observe)(size_t index, void *p);  // is told what each call but free returned

static void futex_wait(int *word, int value) {
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_set(int *word, int value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// Of later versions main_arena is the main thread's from the beginning: thread 0 takes its place.
#define MAIN_BEGINS_WITH_ARENA (GLIBC_MINOR >= 42)
static Places places;  // dump.c and those versions have it
static Word main_pointer;

// The first call decides which thread has main_arena. This one's parameter is ignored.
static void initialise(void) {
  mallopt(M_ARENA_TEST, 0);
  if (MAIN_BEGINS_WITH_ARENA) {
    Word pointer = (Word)__builtin_thread_pointer();
    *(Word *)(pointer - places.thread_arena) = (Word)places.main_arena;
    *(Word *)(main_pointer - places.thread_arena) = 0;
  }
  for (int i = 0; i < mallopt_count; i++)
    if (!mallopt(mallopts[i][0], mallopts[i][1])) die("mallopt refused", NULL);
}

static void *body(void *argument) {
  Thread *self = argument;
  __atomic_store_n(&self->pointer, (uintptr_t)__builtin_thread_pointer(), __ATOMIC_RELEASE);
  for (;;) {
    futex_wait(&self->command, IDLE);
    if (self->command == EXIT) return NULL;
    if (self->command == INITIALISE) initialise();
    for (; at < ends; at++) {
      void *p = apply(&ops[at], blocks);
      if (observe && ops[at].kind != OP_FREE) observe(done, p);
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
  if (MAIN_BEGINS_WITH_ARENA) {
    places = find_places();
    main_pointer = (Word)__builtin_thread_pointer();
  }
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
    if (pthread_create(&threads[i].handle, &attributes, body, &threads[i]))
      die("pthread_create failed", NULL);
    threads[i].alive = 1;
    while (!__atomic_load_n(&threads[i].pointer, __ATOMIC_ACQUIRE)) sched_yield();
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
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
    die("no mount namespace", NULL);
  char text[32], *p = put_dec(put_str(text, cores == 1 ? "" : "0-"), cores - 1);
  *p++ = '\n';
  replace_file("/sys/devices/system/cpu/online", text, (size_t)(p - text));
  text[0] = (char)('0' + overcommit);
  text[1] = '\n';
  replace_file("/proc/sys/vm/overcommit_memory", text, 2);
}

// A number of the command line, up to the character `stop`.
static long number_arg(const char *s, char stop) {
  char *rest;
  long v = s ? strtol(s, &rest, 10) : 0;
  if (!s || rest == s || *rest != stop) die("a number is expected", s);
  return v;
}
#endif
