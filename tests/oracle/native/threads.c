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
// All threads exist before operation 0, and one runs at a time (conduct.h). Three reports at the
// end, each an info line, malloc_info's XML and malloc_stats' text: after the last operation, after
// the exit of all threads, and after malloc_trim(0).
#define _GNU_SOURCE
#include <stdio.h>
#include "interpose.h"
#include "conduct.h"
#include "log.h"

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
  observe = log_block;
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
