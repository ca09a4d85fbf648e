// thread-aborts: damages what threads share, one case a process, and shows what glibc says.
//
// Build: gcc -std=gnu11 -O2 -fno-builtin [-m32] -o thread-aborts thread-aborts.c Use: thread-aborts
// CASE the message goes to stderr; tests/corruption/threads.test.ts has the same cases
#define _GNU_SOURCE
#include <pthread.h>
#include "interpose.h"
#include "structs.h"

typedef Word W;
#define HEAP_MAX ((W)(sizeof(W) == 4 ? 1 << 20 : 64 << 20))
#define HEAP_OF(p) ((W)(p) & ~(HEAP_MAX - 1))
#define HEADER_BYTES sizeof(Heap)  // an arena's first heap goes on with the arena
#define AT(address) (*(volatile W *)(address))
#define ATTACHED(arena) ((W)(arena) + offsetof(Arena, attached_threads))
#define ARENA_OF(p) (HEAP_OF(p) + HEADER_BYTES)

static void *(*step)(void *);
static void *argument, *result;

// Runs a step in a new thread that exits then.
static void *body(void *unused) {
  (void)unused;
  return step(argument);
}

static void *in_thread(void *(*what)(void *), void *with) {
  pthread_t thread;
  step = what, argument = with;
  if (pthread_create(&thread, NULL, body, NULL) || pthread_join(thread, &result)) _exit(3);
  return result;
}

static void *nothing(void *x) { return x; }
static void *allocates(void *x) {
  (void)x;
  return malloc(1000);
}

// Thread 0 gets a chunk out of the unsorted bin whose header says that it belongs to another arena.
static void malloc_arena(void) {
  in_thread(nothing, NULL);
  void *p = malloc(1100), *fence = malloc(24);
  (void)fence;
  free(p);
  AT((W)p - sizeof(W)) |= 4;
  p = malloc(1100);
}

static void memalign_arena(void) {
  in_thread(nothing, NULL);
  malloc(24);
  W size = sizeof(W) == 4 ? 1008 + 64 + 16 : 1008 + 64 + 32;
  void *p = memalign(64, (size + sizeof(W) + 15) / 16 * 16 - sizeof(W)), *fence = malloc(3000);
  (void)fence;
  free(p);
  AT((W)p - sizeof(W)) |= 4;
  p = memalign(64, 1000);
}

// A thread whose arena has two heaps; `first` is a large block in the first one.
static void *first;
static void fill_two_heaps(void) {
  mallopt(M_MMAP_THRESHOLD, (int)HEAP_MAX);
  W block = HEAP_MAX / 4;
  first = malloc(block);
  void *p = first, *fence = malloc(2000);
  (void)fence;
  while (HEAP_OF(p) == HEAP_OF(first)) p = malloc(block);
  result = p;
}

static void *heap_arena_body(void *x) {
  fill_two_heaps();
  AT(HEAP_OF(result)) = 0;
  free(first);
  return x;
}

static void *heap_fence_body(void *x) {
  fill_two_heaps();
  // The end of the first heap's accessible part; its last header is 16 bytes before.
  W end = HEAP_OF(first) + AT(HEAP_OF(first) + 2 * sizeof(W));
  AT(end - 16 + sizeof(W)) = 33;
  free(result);
  return x;
}

static void *shutdown_body(void *x) {
  void *p = malloc(40), *q = malloc(40);
  free(q);
  free(p);
  // The older block's link, misaligned.
  AT(p) = ((W)p >> 12) ^ ((W)q + 8);
  return x;
}

static void *left_body(void *x) {
  AT(ATTACHED(ARENA_OF(malloc(1000)))) = 0;
  return x;
}

static void arena_free(void) {
  void *p = in_thread(allocates, NULL);
  AT(ATTACHED(ARENA_OF(p))) = 1;
  in_thread(allocates, NULL);
}

// Thread 0 cannot be served by main_arena and moves on.
static void arena_replaced(void) {
  in_thread(nothing, NULL);
  void *p = malloc(1100), *fence = malloc(24);
  (void)fence;
  free(p);
  // The unsorted bin's head in main_arena overlays top.
  W arena = AT(p) - offsetof(Arena, top);
  AT(ATTACHED(arena)) = 0;
  for (int i = 0; i < 3; i++) p = malloc(sizeof(W) == 4 ? 0x7fff0000u : (W)1 << 62);
}

#if HAS_FASTBINS
// With threads, a chunk's link is looked at before the chunk leaves its fast bin.
static void fastbin(void) {
  in_thread(nothing, NULL);
  void *blocks[9];
  for (int i = 0; i < 9; i++) blocks[i] = malloc(40);
  for (int i = 0; i < 9; i++) free(blocks[i]);
  AT(blocks[8]) = ((W)blocks[8] >> 12) ^ ((W)blocks[7] - 2 * sizeof(W) + 8);
  for (int i = 0; i < 8; i++) blocks[i] = malloc(40);
}
#endif

int main(int argc, char **argv, char **envp) {
  program = "thread-aborts";
  without_randomisation(argv, envp);
  const char *name = argc > 1 ? argv[1] : "";
  // Where main_arena's blocks are looked up as if they lay in a heap, there is its first chunk.
  aligned_start_brk((uintptr_t)64 << 20);
  malloc(24);
#if HAS_FASTBINS
  if (!strcmp(name, "fastbin")) return fastbin(), 0;
#endif
  if (!strcmp(name, "malloc_arena")) malloc_arena();
  else if (!strcmp(name, "memalign_arena")) memalign_arena();
  else if (!strcmp(name, "heap_arena")) in_thread(heap_arena_body, NULL);
  else if (!strcmp(name, "heap_fence")) in_thread(heap_fence_body, NULL);
  else if (!strcmp(name, "shutdown")) in_thread(shutdown_body, NULL);
  else if (!strcmp(name, "arena_left")) in_thread(left_body, NULL);
  else if (!strcmp(name, "arena_free")) arena_free();
  else if (!strcmp(name, "arena_replaced")) arena_replaced();
  else return 2;
  return 0;
}
