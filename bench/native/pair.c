// pair: what one malloc and its free cost natively, by size: pairs (the same block again and again), and batches (many blocks
// made, then freed in the order made). Counterpart of the pair and batch benchmarks over WebAssembly.
//
// Build:  gcc -std=gnu11 -O2 -fno-builtin [-m32] -o pair pair.c
// Use:    pair [RUNS [SIZE...]]
// Prints: a line a size: size=N pair_best=NS pair_median=NS batch_best=NS batch_median=NS   (NS: nanoseconds a malloc+free)
#define _GNU_SOURCE
#include <stdlib.h>
#include "../../tests/oracle/native/io.h"
#include "clock.h"

enum { PAIRS = 1 << 20, BATCH = 1000, BATCHES = 200, RUNS_MOST = 1000 };

static uint64_t pairs(size_t size) {
  uint64_t start = now_ns();
  for (int i = 0; i < PAIRS; i++) {
    void *volatile block = malloc(size);
    free(block);
  }
  return now_ns() - start;
}

static uint64_t batches(size_t size) {
  static void *blocks[BATCH];
  uint64_t start = now_ns();
  for (int i = 0; i < BATCHES; i++) {
    for (int j = 0; j < BATCH; j++) blocks[j] = malloc(size);
    for (int j = 0; j < BATCH; j++) free(blocks[j]);
  }
  return now_ns() - start;
}

static void measure(size_t size, int runs) {
  static uint64_t times[RUNS_MOST];
  char line[300], *p = put_dec(put_str(line, "size="), size);
  pairs(size);
  for (int i = 0; i < runs; i++) times[i] = pairs(size);
  sort(times, runs);
  p = put_times(p, "pair", times, runs, PAIRS);
  batches(size);
  for (int i = 0; i < runs; i++) times[i] = batches(size);
  sort(times, runs);
  p = put_times(p, "batch", times, runs, (uint64_t)BATCH * BATCHES);
  *p++ = '\n';
  write_all(1, line, (size_t)(p - line));
}

int main(int argc, char **argv) {
  static const size_t sizes[] = {16, 24, 64, 100, 256, 1000, 1024, 4096, 16384, 65536, 200000};
  program = "pair";
  int runs = argc > 1 ? atoi(argv[1]) : 11;
  if (runs < 1 || runs > RUNS_MOST) die("RUNS must be from 1 to 1000", NULL);
  if (argc > 2)
    for (int i = 2; i < argc; i++) measure((size_t)strtoul(argv[i], NULL, 0), runs);
  else
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) measure(sizes[i], runs);
  _exit(0);
}
