// dump: run a trace on the native allocator up to a point, and print what glibc then has in its own
// memory: parameters, arenas, every chunk, every list. tests/golden/dumps/README.md has the text.
//
// Build:  gcc -std=gnu11 -O2 -fno-builtin [-m32] -o dump dump.c
// Use:    dump [--at N] [--cores N] TRACE|-
//   --at N      stop after N operations; without it, at the trace's end
//   --cores N   as in threads.c
// A trace without turns runs in the main thread; one with turns as in threads.c.
#define _GNU_SOURCE
#include <stdlib.h>
#include "interpose.h"
#include "conduct.h"
#include "log.h"

enum { MOST_HEAPS = 4096, MOST_MAPPED = 1 << 16 };

static struct {
  Word start;
  size_t arena, depth;
} heaps[MOST_HEAPS];
static size_t heap_count, arena_count;
static const Arena *arenas[MAX_ARENAS];

static char line[512], *end;

static void begin(const char *text) { end = put_str(line, text); }

static void finish(void) {
  *end++ = '\n';
  emit(line, (size_t)(end - line));
}

static void add_decimal(const char *name, Word v) { end = put_dec(put_str(end, name), v); }
static void add_hex(const char *name, Word v) { end = put_hex(put_str(end, name), v, 1); }

static const Chunk *chunk_at(Word address) { return (const Chunk *)address; }

// The number of an arena; none for what is not one.
static size_t arena_number(Word address) {
  for (size_t i = 0; i < arena_count; i++)
    if ((Word)arenas[i] == address) return i;
  return MAX_ARENAS;
}

static void add_arena(const char *name, Word address) {
  if (arena_number(address) < MAX_ARENAS) add_decimal(name, arena_number(address));
  else end = put_str(put_str(end, name), address ? "?" : "-");
}

// An address as a distance from what it lies in.
static void add_address(const char *name, Word address) {
  end = put_str(end, name);
  for (size_t i = 0; i < heap_count; i++) {
    if (address - heaps[i].start >= HEAP_MAX) continue;
    add_decimal("", heaps[i].arena);
    add_decimal(".", heaps[i].depth);
    add_hex("+", address - heaps[i].start);
    return;
  }
  Word above = address - (Word)start_brk;
  if (!address) end = put_str(end, "-");
  else if (address - (Word)places.main_arena < sizeof(Arena))
    add_hex("arena+", address - (Word)places.main_arena);
  else if (above <= places.main_arena->max_system_mem) add_hex("", above);
  else end = put_str(end, "?");
}

// Notes the ring of arenas, and the heaps of each.
static void read_arenas(void) {
  const Arena *arena = places.main_arena;
  do {
    if (arena_count == MAX_ARENAS) die("too many arenas", NULL);
    arenas[arena_count] = arena;
    size_t first = heap_count, depth = 0;
    Word heap = arena_count ? arena->top & ~(HEAP_MAX - 1) : 0;
    for (; heap; heap = ((const Heap *)heap)->prev, heap_count++) {
      if (heap_count == MOST_HEAPS) die("too many heaps", NULL);
      heaps[heap_count].start = heap;
      heaps[heap_count].arena = arena_count;
    }
    for (size_t i = heap_count; i > first; i--) heaps[i - 1].depth = depth++;
    arena_count++;
    arena = (const Arena *)arena->next;
  } while (arena != places.main_arena);
}

static void dump_parameters(void) {
  const Parameters *mp = places.parameters;
  begin("mp");
  add_decimal(" trim_threshold=", mp->trim_threshold);
  add_decimal(" top_pad=", mp->top_pad);
  add_decimal(" mmap_threshold=", mp->mmap_threshold);
  add_decimal(" arena_test=", mp->arena_test);
  add_decimal(" arena_max=", mp->arena_max);
#if GLIBC_MINOR >= 43
  add_decimal(" thp_mode=", (Word)mp->thp_mode);
#endif
  add_decimal(" thp_pagesize=", mp->thp_pagesize);
  add_decimal(" hp_pagesize=", mp->hp_pagesize);
  add_decimal(" hp_flags=", (Word)mp->hp_flags);
  finish();
  begin("mp");
  add_decimal(" n_mmaps=", (Word)mp->n_mmaps);
  add_decimal(" n_mmaps_max=", (Word)mp->n_mmaps_max);
  add_decimal(" max_n_mmaps=", (Word)mp->max_n_mmaps);
  add_decimal(" no_dyn_threshold=", (Word)mp->no_dyn_threshold);
  add_decimal(" mmapped_mem=", mp->mmapped_mem);
  add_decimal(" max_mmapped_mem=", mp->max_mmapped_mem);
  add_address(" sbrk_base=", mp->sbrk_base);
  finish();
  begin("mp");
  add_decimal(" tcache_bins=", mp->tcache_bins);
  add_decimal(" tcache_max_bytes=", mp->tcache_max_bytes);
  add_decimal(" tcache_count=", mp->tcache_count);
#if GLIBC_MINOR < 44
  add_decimal(" tcache_unsorted_limit=", mp->tcache_unsorted_limit);
#endif
  finish();
}

static void dump_state(size_t number) {
  const Arena *arena = arenas[number];
  begin("arena");
  add_decimal(" ", number);
  add_decimal(" flags=", (Word)arena->flags);
#if HAS_FASTBINS
  add_decimal(" have_fastchunks=", (Word)arena->have_fastchunks);
#endif
  add_address(" top=", arena->top);
  add_address(" last_remainder=", arena->last_remainder);
  end = put_str(end, " binmap=");
  for (int i = 0; i < 4; i++) add_hex(i ? "," : "", arena->binmap[i]);
  add_arena(" next_free=", arena->next_free);
  add_decimal(" attached_threads=", arena->attached_threads);
  add_decimal(" system_mem=", arena->system_mem);
  add_decimal(" max_system_mem=", arena->max_system_mem);
  finish();
}

// The chunks from `address` on, up to top, or to the size 0 that ends a heap that is full.
static void dump_chunks(Word address, Word stop, Word top) {
  Word at = ((address + 2 * WORD + 15) & ~(Word)15) - 2 * WORD;
  for (;;) {
    const Chunk *chunk = chunk_at(at);
    Word size = chunk->size & ~(Word)SIZE_BITS;
    if (size > stop - at) die("a chunk ends beyond its heap", NULL);
    begin("chunk");
    add_address(" ", at);
    add_hex(" ", chunk->size);
    if (!(chunk->size & PREV_INUSE)) add_hex(" prev_size=", chunk->prev_size);
    finish();
    if (at == top || !size) return;
    at += size;
    if (at >= stop) die("chunks do not lead to top", NULL);
  }
}

static void dump_heaps(size_t number) {
  Word top = arenas[number]->top;
  if (!number) {
    Word stop = (Word)sbrk(0);
    if (top - (Word)start_brk < stop - (Word)start_brk) dump_chunks((Word)start_brk, stop, top);
    return;
  }
  for (size_t i = heap_count; i-- > 0;) {
    if (heaps[i].arena != number) continue;
    const Heap *heap = (const Heap *)heaps[i].start;
    begin("heap");
    add_address(" ", heaps[i].start);
    add_arena(" arena=", heap->arena);
    add_address(" prev=", heap->prev);
    add_decimal(" size=", heap->size);
    add_decimal(" mprotect_size=", heap->mprotect_size);
    add_decimal(" pagesize=", heap->pagesize);
    finish();
    Word first = heaps[i].start + sizeof(Heap) + (heap->prev ? 0 : sizeof(Arena));
    dump_chunks(first, heaps[i].start + heap->size, top);
  }
}

// A link that is kept protected by its own place.
static Word reveal(const Word *place) { return (Word)place >> 12 ^ *place; }

static void dump_entry(const char *list, size_t index, Word address) {
  begin(list);
  add_decimal(" ", index);
  add_address(" ", address);
}

static void dump_lists(size_t number) {
  const Arena *arena = arenas[number];
#if HAS_FASTBINS
  for (size_t i = 0; i < FASTBINS; i++)
    for (Word at = arena->fastbins[i]; at; at = reveal(&chunk_at(at)->fd)) {
      dump_entry("fastbin", i, at);
      finish();
    }
#endif
  for (size_t i = 1; i < BINS; i++) {
    // The head, as if it were a chunk.
    Word head = (Word)&arena->bins[2 * (i - 1)] - offsetof(Chunk, fd), from = head;
    for (Word at = chunk_at(head)->fd; at != head; from = at, at = chunk_at(at)->fd) {
      const Chunk *chunk = chunk_at(at);
      dump_entry("bin", i, at);
      if (chunk->bk != from) end = put_str(end, " bk?");
      if (i >= FIRST_LARGE_BIN && chunk->fd_nextsize) {
        add_address(" fd_nextsize=", chunk->fd_nextsize);
        add_address(" bk_nextsize=", chunk->bk_nextsize);
      }
      finish();
    }
  }
}

// Whether an address lies in a heap: a thread that has no tcache may have one of two dummies.
static int is_in_heap(Word address) {
  for (size_t i = 0; i < heap_count; i++)
    if (address - heaps[i].start < HEAP_MAX) return 1;
  return address - (Word)start_brk <= places.main_arena->max_system_mem;
}

static void dump_thread(size_t number, Word pointer) {
  const Tcache *tcache = tcache_of(&places, pointer);
  if (!tcache || !is_in_heap((Word)tcache)) return;
  begin("thread");
  add_decimal(" ", number);
  add_arena(" arena=", *(const Word *)(pointer - places.thread_arena));
  add_address(" tcache=", (Word)tcache);
  finish();
  for (size_t i = 0; i < TCACHE_BINS; i++) {
    Word count = blocks_in(&places, tcache, i);
    if (!count && !tcache->entries[i]) continue;
    begin("tcache");
    add_decimal(" ", i);
    add_decimal(" count=", count);
    finish();
    for (Word at = tcache->entries[i]; at; at = reveal((const Word *)at)) {
      dump_entry("tcache", i, at);
      finish();
    }
  }
}

// The mapped chunks that the trace has, the smallest first: where they are, only the kernel knows.
static void dump_mapped(size_t slots) {
  static const Chunk *found[MOST_MAPPED];
  size_t count = 0;
  for (size_t i = 0; i < slots; i++) {
    if (!blocks[i]) continue;
    const Chunk *chunk = chunk_at((Word)blocks[i] - offsetof(Chunk, fd));
    if (!(chunk->size & IS_MMAPPED)) continue;
    if (count == MOST_MAPPED) die("too many mapped chunks", NULL);
    size_t k = count++;
    for (; k > 0 && found[k - 1]->size > chunk->size; k--) found[k] = found[k - 1];
    found[k] = chunk;
  }
  if (count != (size_t)places.parameters->n_mmaps) die("a mapped chunk is in no slot", NULL);
  for (size_t i = 0; i < count; i++) {
    begin("mapped");
    add_hex(" ", found[i]->size);
    add_hex(" prev_size=", found[i]->prev_size);
    finish();
  }
}

// How many of the lines `ops` belong to the first `wanted` operations.
static size_t lines_of(size_t count, size_t wanted) {
  size_t operations = 0, last = 0;
  for (size_t i = 0; i < count; i++) {
    if (ops[i].kind >= OP_TURN) continue;
    operations++;
    if (operations == wanted) last = i + 1;
  }
  if (wanted > operations) die("the trace has not so many operations", NULL);
  return wanted == operations ? count : last;
}

static int has_turns(size_t count) {
  for (size_t i = 0; i < count; i++)
    if (ops[i].kind >= OP_TURN) return 1;
  return 0;
}

// Runs the first `count` of all lines. Returns how many threads there are; 0 for the main one.
static size_t run(size_t count, size_t all) {
  size_t made = has_turns(all) ? create_threads(all) : 0;
  start_brk = aligned_start_brk((uintptr_t)16 << 20);
  if (made) conduct(count);
  else
    for (size_t i = 0; i < count; i++) apply(&ops[i], blocks);
  return made;
}

static void dump(size_t made, size_t slots) {
  read_arenas();
  dump_parameters();
  for (size_t i = 0; i < arena_count; i++) {
    dump_state(i);
    dump_heaps(i);
    dump_lists(i);
  }
  if (!made) dump_thread(0, (Word)__builtin_thread_pointer());
  for (size_t i = 0; i < made; i++)
    if (threads[i].alive) dump_thread(i, threads[i].pointer);
  dump_mapped(slots);
  flush_log();
}

int main(int argc, char **argv, char **envp) {
  program = "dump";
  without_randomisation(argv, envp);
  const char *path = NULL;
  long wanted = -1;
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    if (!strcmp(a, "--at")) wanted = number_arg(argv[++i], 0);
    else if (!strcmp(a, "--cores")) cores = (size_t)number_arg(argv[++i], 0);
    else if (path || (a[0] == '-' && a[1])) die("unknown option", a);
    else path = a;
  }
  if (!path) die("usage: dump [--at N] [--cores N] TRACE|-", NULL);
  size_t len, count, slots;
  char *text = read_all(path, &len);
  threads_allowed = 1;
  ops = parse_trace(text, len, &count, &slots);
  blocks = map_bytes(slots * sizeof *blocks, MAP_PRIVATE);
  set_machine();
  places = find_places();
  size_t lines = wanted < 0 ? count : lines_of(count, (size_t)wanted);
  dump(run(lines, count), slots);
  _exit(0);
}
