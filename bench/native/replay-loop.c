// replay-loop: the native counterpart of the WebAssembly replay loop. It maps a file of packed operations (the same struct,
// the same bytes) and replays them again and again in one process, everything freed in between outside the clock.
//
// Build:  gcc -std=gnu11 -O2 -fno-builtin [-m32] -o replay-loop replay-loop.c
// Use:    replay-loop FILE [WARM_RUNS [COLD_RUNS]]
// Prints: ops=N warm=R warm_best=NS warm_median=NS cold=R cold_best=NS cold_median=NS     (NS: nanoseconds per operation)
//
// An operation is {u32 slot * 8 + kind, size_t x, size_t y}: 12 bytes in ilp32, 24 in lp64. Slot 0 is the id that is never live.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "../../tests/oracle/native/io.h"
#include "clock.h"

enum { MALLOC, CALLOC, MEMALIGN, REALLOC, FREE, RUNS_MOST = 1000 };

typedef struct {
  uint32_t id_kind;
  size_t x, y;
} Op;

// The loop that is timed: the same cases in the same order as the WebAssembly one.
static void __attribute__((noinline)) run(const Op *op, const Op *end, void **blocks) {
  for (; op < end; op++) {
    uint32_t kind = op->id_kind & 7;
    void **slot = blocks + (op->id_kind >> 3);
    void *result;
    if (kind == FREE) {
      void *block = *slot;
      *slot = NULL;
      free(block);
      continue;
    }
    if (kind == MALLOC) result = malloc(op->x);
    else if (kind == REALLOC) {
      result = realloc(*slot, op->x);
      if (!result && op->x) continue;  // a failed realloc leaves the old block alone
    } else if (kind == CALLOC) result = calloc(op->x, op->y);
    else result = memalign(op->x, op->y);
    if (slot != blocks) *slot = result;
  }
}

static void release_all(void **blocks, size_t count) {
  for (size_t i = 0; i < count; i++) {
    void *block = blocks[i];
    blocks[i] = NULL;
    if (block) free(block);
  }
}

static uint64_t timed(const Op *ops, size_t n, void **blocks) {
  uint64_t start = now_ns();
  run(ops, ops + n, blocks);
  return now_ns() - start;
}

// Each run in a fresh process, whose heap does not exist yet.
static void cold_runs(const Op *ops, size_t n, void **blocks, size_t slots, uint64_t *times, int runs) {
  uint64_t *shared = map_bytes(4096, MAP_SHARED);
  for (int i = 0; i < runs; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      memset(blocks, 0, slots * sizeof *blocks);  // private copies of these pages before the clock starts
      shared[0] = timed(ops, n, blocks);
      _exit(0);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || status) die("a cold run failed", NULL);
    times[i] = shared[0];
  }
  sort(times, runs);
}

static int count_of(const char *text, int otherwise) {
  int n = text ? atoi(text) : otherwise;
  return n < 1 ? 1 : n > RUNS_MOST ? RUNS_MOST : n;
}

int main(int argc, char **argv, char **envp) {
  static uint64_t warm[RUNS_MOST], cold[RUNS_MOST];
  program = "replay-loop";
  if (argc < 2) die("usage: replay-loop FILE [WARM_RUNS [COLD_RUNS]]", NULL);
  without_randomisation(argv, envp);
  int warm_count = count_of(argc > 2 ? argv[2] : NULL, 15), cold_count = count_of(argc > 3 ? argv[3] : NULL, 7);
  size_t len;
  Op *ops = (Op *)read_all(argv[1], &len);
  size_t n = len / sizeof(Op), slots = 1;
  for (size_t i = 0; i < n; i++)
    if (ops[i].id_kind >> 3 >= slots) slots = (ops[i].id_kind >> 3) + 1;
  void **blocks = map_bytes(slots * sizeof *blocks, MAP_PRIVATE);
  aligned_start_brk((uintptr_t)16 << 20);
  cold_runs(ops, n, blocks, slots, cold, cold_count);
  memset(blocks, 0, slots * sizeof *blocks);
  run(ops, ops + n, blocks);  // once outside the clock: from here on the heap is warm
  release_all(blocks, slots);
  for (int i = 0; i < warm_count; i++) {
    warm[i] = timed(ops, n, blocks);
    release_all(blocks, slots);
  }
  sort(warm, warm_count);
  char line[400], *p = put_dec(put_str(line, "ops="), n);
  p = put_times(put_dec(put_str(p, " warm="), (uint64_t)warm_count), "warm", warm, warm_count, n);
  p = put_times(put_dec(put_str(p, " cold="), (uint64_t)cold_count), "cold", cold, cold_count, n);
  *p++ = '\n';
  write_all(1, line, (size_t)(p - line));
  _exit(0);
}
