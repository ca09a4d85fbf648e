// decorate: calls after which malloc names mappings, where glibc.mem.decorate_maps is 1:
// a mapped block, one that moves, two mappings in place of a break that is in somebody's way, and
// another thread's arena with a mapped block. tests/heap/decorate-maps.test.ts makes the same
// calls.
//
// Build:  gcc -std=gnu11 -O2 -fno-builtin -o decorate decorate.c
// Use:    GLIBC_TUNABLES=glibc.mem.decorate_maps=1 strace -f -e trace=prctl ./decorate
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCKS = 300, BLOCK_BYTES = 10000 };

static void *other_thread(void *nothing) {
  malloc(100);
  free(malloc(200000));
  return nothing;
}

int main(void) {
  malloc(100);
  void *p = malloc(300000);
  p = realloc(p, 900000);
  mmap(sbrk(0), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  for (int i = 0; i < BLOCKS; i++) malloc(BLOCK_BYTES);
  pthread_t thread;
  if (pthread_create(&thread, NULL, other_thread, NULL)) return 1;
  return pthread_join(thread, NULL);
}
