// hugepages: calls for which malloc takes memory in every way and gives it back: by the break, by a
// mapping, by one that moves, in place of the break, and in a thread's heaps. Where transparent
// huge pages are wanted (glibc.malloc.hugetlb=1), what it asks of the kernel tells where.
// tests/heap/huge-pages.test.ts makes the same calls.
//
// Build:  gcc -std=gnu11 -O2 -fno-builtin -o hugepages hugepages.c
// Use:    GLIBC_TUNABLES=glibc.malloc.hugetlb=1 strace -f -e trace=%memory ./hugepages
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCKS = 100, OTHERS = 900, BLOCK_BYTES = 100000 };

static void *blocks[OTHERS];

static void *other_thread(void *nothing) {
  malloc(100);
  for (int i = 0; i < OTHERS; i++) blocks[i] = malloc(BLOCK_BYTES);
  for (int i = OTHERS - 1; i >= 0; i--) free(blocks[i]);
  return nothing;
}

int main(void) {
  malloc(100);
  for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(BLOCK_BYTES);
  for (int i = BLOCKS - 1; i >= BLOCKS / 2; i--) free(blocks[i]);
  void *p = malloc(3000000);
  p = realloc(p, 9000000);
  free(p);
  // Somebody else's bytes behind a large top, for which malloc then asks again.
  mallopt(M_MMAP_MAX, 0);
  free(malloc(20000000));
  p = malloc(7000000);
  sbrk(4096);
  p = malloc(30000000);
  mmap(sbrk(0), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  for (int i = 0; i < BLOCKS; i++) malloc(BLOCK_BYTES);
  malloc(5000000);
  pthread_t thread;
  if (pthread_create(&thread, NULL, other_thread, NULL)) return 1;
  return pthread_join(thread, NULL);
}
