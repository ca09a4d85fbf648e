// log.h: the address log: one line for each operation that returns a pointer, its hashes, and
// mallinfo2 at the end. The format: tests/golden/README.md.
#ifndef LOG_H
#define LOG_H
#include <malloc.h>
#include "version.h"

// HEAP_MAX_SIZE: what a heap of an arena other than main_arena reserves, and its alignment.
#define HEAP_MAX ((uintptr_t)(sizeof(size_t) == 4 ? 1 << 20 : 64 << 20))
#define IS_MMAPPED 2
#define NON_MAIN_ARENA 4
#define MAX_ARENAS 256

typedef struct {
  int sizes, hash;
  unsigned long sample;
} LogOptions;

static LogOptions log_options;
static char *start_brk;
static char outbuf[1 << 20];
static size_t outlen;
static uint64_t hash_addr = 0xcbf29ce484222325ull, hash_size = 0xcbf29ce484222325ull;
static size_t logged_lines;

static inline void emit(const char *s, size_t n) {
  while (n) {
    if (outlen == sizeof outbuf) {
      write_all(1, outbuf, outlen);
      outlen = 0;
    }
    size_t part = n < sizeof outbuf - outlen ? n : sizeof outbuf - outlen;
    memcpy(outbuf + outlen, s, part);
    outlen += part, s += part, n -= part;
  }
}

static inline void flush_log(void) {
  write_all(1, outbuf, outlen);
  outlen = 0;
}

#if GLIBC_MINOR < 33
// mallinfo's counters are ints.
static inline struct mallinfo2 mallinfo2_of_old(void) {
  struct mallinfo old = mallinfo();
  struct mallinfo2 m;
  for (int i = 0; i < 10; i++) ((size_t *)&m)[i] = (unsigned)((int *)&old)[i];
  return m;
}
#define mallinfo2() mallinfo2_of_old()
#endif

static inline void emit_info(size_t after) {
  static const char *const names[] = {" arena=", " ordblks=", " smblks=", " hblks=", " hblkhd=", " usmblks=",
                                      " fsmblks=", " uordblks=", " fordblks=", " keepcost="};
  struct mallinfo2 m = mallinfo2();
  char line[512], *p = put_dec(put_str(line, "info "), after);
  for (int i = 0; i < 10; i++) p = put_dec(put_str(p, names[i]), ((size_t *)&m)[i]);
  p = put_hex(put_str(p, " brk="), (uintptr_t)sbrk(0) - (uintptr_t)start_brk, 1);
  *p++ = '\n';
  emit(line, (size_t)(p - line));
}

// A heap other than main_arena's: `heap A.D`, the arena's number by first appearance in the log,
// from 1, and how many heaps the arena has before this one. heap_info begins with ar_ptr and prev.
static inline char *put_heap(char *q, uintptr_t address) {
  static uintptr_t arenas[MAX_ARENAS];
  static int known;
  uintptr_t *heap = (uintptr_t *)(address & ~(HEAP_MAX - 1));
  int arena = 0, depth = 0;
  while (arena < known && arenas[arena] != heap[0]) arena++;
  if (arena == MAX_ARENAS) die("too many arenas", NULL);
  if (arena == known) arenas[known++] = heap[0];
  for (uintptr_t *at = heap; at[1]; at = (uintptr_t *)at[1]) depth++;
  q = put_dec(put_str(q, "heap "), (uint64_t)arena + 1);
  *q++ = '.';
  q = put_dec(q, (uint64_t)depth);
  *q++ = ' ';
  return put_hex(q, address - (uintptr_t)heap, 1);
}

// The line of a block; *with_size is where ` USABLE` begins, or the end where the line has none to
// add.
static inline char *put_place(char *q, void *p, char **with_size) {
  if (!p) return *with_size = put_str(q, "null");
  size_t head = *(volatile size_t *)((uintptr_t)p - sizeof(size_t));  // the word in front: size and flag bits
  size_t usable = malloc_usable_size(p);
  if (head & IS_MMAPPED) {
    q = put_hex(put_str(q, "mmap "), (uintptr_t)p & 0xfff, 3);
    *q++ = ' ';
    return *with_size = put_dec(q, usable);
  }
  if (head & NON_MAIN_ARENA) {
    q = put_heap(q, (uintptr_t)p);
  } else {
    if ((char *)p < start_brk || (char *)p >= (char *)sbrk(0)) q = put_str(q, "far ");
    q = put_hex(q, (uintptr_t)p - (uintptr_t)start_brk, 1);
  }
  *q = ' ';
  *with_size = put_dec(q + 1, usable);
  return q;
}

static inline uint64_t fnv(uint64_t h, const char *s, size_t n) {
  for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 0x100000001b3ull;
  return (h ^ '\n') * 0x100000001b3ull;
}

// Operation `index` returned `p`.
static inline void log_block(size_t index, void *p) {
  char line[160], *with_size, *q = put_dec(line, index);
  *q++ = ' ';
  q = put_place(q, p, &with_size);
  hash_addr = fnv(hash_addr, line, (size_t)(q - line));
  hash_size = fnv(hash_size, line, (size_t)(with_size - line));
  logged_lines++;
  if (log_options.sample ? index % log_options.sample : (size_t)log_options.hash) return;
  char *stop = log_options.sizes ? with_size : q;
  *stop = '\n';
  emit(line, (size_t)(stop - line) + 1);
}

static inline void emit_hash(void) {
  if (!log_options.hash) return;
  char line[160], *p = put_hex(put_str(line, "hash addr="), hash_addr, 16);
  p = put_hex(put_str(p, " addr+size="), hash_size, 16);
  p = put_dec(put_str(p, " lines="), logged_lines);
  *p++ = '\n';
  emit(line, (size_t)(p - line));
}
#endif
