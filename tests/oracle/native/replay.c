// replay: run a trace on the native allocator and log where every block was placed.
//
// Build:  gcc -std=gnu11 -O2 -fno-builtin [-m32] -o replay replay.c
// Use:    replay [--sizes] [--fill] [--info-every N] [--hash] [--sample K] TRACE|-
//   --sizes          append malloc_usable_size to the lines of heap blocks
//   --fill           write the first and last byte of every block
//   --info-every N   an info line after each N operations
//   --hash           no address lines: FNV-1a 64 of the whole address log, without and with sizes
//   --sample K       address lines only of operations whose index is a multiple of K; together with
//                    --hash, both
// The trace and log formats: tests/golden/README.md.
//
// Before operation 0 the break is moved up to a multiple of 16 MiB, and offsets count from there:
// where a block with an alignment over the page size goes would else depend on where the kernel
// began the heap.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include "apply.h"
#include "log.h"

static unsigned long info_every;

static void replay(const Op *ops, size_t count, void **blocks) {
  for (size_t i = 0; i < count; i++) {
    void *p = apply(&ops[i], blocks);
    if (ops[i].kind != OP_FREE) log_block(i, p);
    if (info_every && (i + 1) % info_every == 0 && i + 1 < count) emit_info(i);
  }
  emit_hash();
  if (count) emit_info(count - 1);
}

static unsigned long count_arg(const char *s) {
  char *rest;
  unsigned long v = s ? strtoul(s, &rest, 10) : 0;
  if (!v || *rest) die("a count from 1 on is expected", s);
  return v;
}

int main(int argc, char **argv, char **envp) {
  program = "replay";
  without_randomisation(argv, envp);
  const char *path = NULL;
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    if (!strcmp(a, "--sizes")) log_options.sizes = 1;
    else if (!strcmp(a, "--hash")) log_options.hash = 1;
    else if (!strcmp(a, "--fill")) fill = 1;
    else if (!strcmp(a, "--info-every")) info_every = count_arg(argv[++i]);
    else if (!strcmp(a, "--sample")) log_options.sample = count_arg(argv[++i]);
    else if (path || (a[0] == '-' && a[1])) die("unknown option", a);
    else path = a;
  }
  if (!path) die("usage: replay [--sizes] [--fill] [--info-every N] [--hash] [--sample K] TRACE|-", NULL);
  size_t len, count, slots;
  char *text = read_all(path, &len);
  Op *ops = parse_trace(text, len, &count, &slots);
  void **blocks = map_bytes(slots * sizeof *blocks, MAP_PRIVATE);
  start_brk = aligned_start_brk((uintptr_t)16 << 20);
  replay(ops, count, blocks);
  flush_log();
  _exit(0);
}
