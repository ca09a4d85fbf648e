// replay: run a trace on the native allocator and log where every block was placed.
//
// Build:  gcc -std=gnu11 -O2 -fno-builtin [-m32] -o replay replay.c
// Use:    replay [--sizes] [--fill] [--info-every N] [--hash] [--sample K] TRACE|-
//   --sizes          append malloc_usable_size to the lines of heap blocks
//   --fill           write the first and last byte of every block
//   --info-every N   an info line after each N operations
//   --hash           no address lines: FNV-1a 64 of the whole address log, without and with sizes
//   --sample K       address lines only of operations whose index is a multiple of K; together with --hash, both
// The trace and log formats: tests/golden/README.md.
//
// Before operation 0 the break is moved up to a multiple of 16 MiB, and offsets count from there: where a block with an
// alignment over the page size goes would else depend on where the kernel began the heap.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include "io.h"
#include "trace.h"

typedef struct {
  int sizes, hash, fill;
  unsigned long info_every, sample;
} Options;

static Options opt;
static char *start_brk;
static char outbuf[1 << 20];
static size_t outlen;

static void emit(const char *s, size_t n) {
  if (outlen + n > sizeof outbuf) {
    write_all(1, outbuf, outlen);
    outlen = 0;
  }
  memcpy(outbuf + outlen, s, n);
  outlen += n;
}

static inline void touch(char *p, size_t n) {
  if (!p || !n) return;
  *(volatile char *)p = 1;
  *(volatile char *)(p + n - 1) = 1;
}

// One operation. Returns the pointer that it returned (NULL for free) and keeps the table of blocks.
static void *apply(const Op *o, void **blocks) {
  void *p;
  size_t bytes = o->x;
  switch (o->kind) {
    case OP_MALLOC: p = malloc(o->x); break;
    case OP_CALLOC: p = calloc(o->x, o->y), bytes = o->x * o->y; break;
    case OP_MEMALIGN: p = memalign(o->x, o->y), bytes = o->y; break;
    case OP_REALLOC:
      p = realloc(blocks[o->slot], o->x);
      if (!p && o->x) return NULL;  // a failed realloc leaves the old block alone
      break;
    default:
      free(blocks[o->slot]);
      blocks[o->slot] = NULL;
      return NULL;
  }
  if (opt.fill) touch(p, bytes);
  blocks[o->slot] = o->slot ? p : NULL;
  return p;
}

static void emit_info(size_t after) {
  static const char *const names[] = {" arena=", " ordblks=", " smblks=", " hblks=", " hblkhd=", " usmblks=",
                                      " fsmblks=", " uordblks=", " fordblks=", " keepcost="};
  struct mallinfo2 m = mallinfo2();
  char line[512], *p = put_dec(put_str(line, "info "), after);
  for (int i = 0; i < 10; i++) p = put_dec(put_str(p, names[i]), ((size_t *)&m)[i]);
  p = put_hex(put_str(p, " brk="), (uintptr_t)sbrk(0) - (uintptr_t)start_brk, 1);
  *p++ = '\n';
  emit(line, (size_t)(p - line));
}

// The line of a block; *with_size is where ` USABLE` begins, or the end where the line has none to add.
static char *put_place(char *q, void *p, char **with_size) {
  if (!p) return *with_size = put_str(q, "null");
  size_t head = *(volatile size_t *)((uintptr_t)p - sizeof(size_t));  // the word in front: size and flag bits
  size_t usable = malloc_usable_size(p);
  if (head & 2) {
    q = put_hex(put_str(q, "mmap "), (uintptr_t)p & 0xfff, 3);
    *q++ = ' ';
    return *with_size = put_dec(q, usable);
  }
  if (head & 4 || (char *)p < start_brk || (char *)p >= (char *)sbrk(0)) q = put_str(q, "far ");
  q = put_hex(q, (uintptr_t)p - (uintptr_t)start_brk, 1);
  *q = ' ';
  *with_size = put_dec(q + 1, usable);
  return q;
}

static uint64_t fnv(uint64_t h, const char *s, size_t n) {
  for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 0x100000001b3ull;
  return (h ^ '\n') * 0x100000001b3ull;
}

static void replay(const Op *ops, size_t count, void **blocks) {
  uint64_t h_addr = 0xcbf29ce484222325ull, h_size = h_addr;
  size_t lines = 0;
  for (size_t i = 0; i < count; i++) {
    void *p = apply(&ops[i], blocks);
    if (ops[i].kind != OP_FREE) {
      char line[160], *with_size, *q = put_dec(line, i);
      *q++ = ' ';
      q = put_place(q, p, &with_size);
      h_addr = fnv(h_addr, line, (size_t)(q - line));
      h_size = fnv(h_size, line, (size_t)(with_size - line));
      lines++;
      if (opt.sample ? i % opt.sample == 0 : !opt.hash) {
        char *stop = opt.sizes ? with_size : q;
        *stop = '\n';
        emit(line, (size_t)(stop - line) + 1);
      }
    }
    if (opt.info_every && (i + 1) % opt.info_every == 0 && i + 1 < count) emit_info(i);
  }
  if (opt.hash) {
    char line[160], *p = put_hex(put_str(line, "hash addr="), h_addr, 16);
    p = put_hex(put_str(p, " addr+size="), h_size, 16);
    p = put_dec(put_str(p, " lines="), lines);
    *p++ = '\n';
    emit(line, (size_t)(p - line));
  }
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
    if (!strcmp(a, "--sizes")) opt.sizes = 1;
    else if (!strcmp(a, "--hash")) opt.hash = 1;
    else if (!strcmp(a, "--fill")) opt.fill = 1;
    else if (!strcmp(a, "--info-every")) opt.info_every = count_arg(argv[++i]);
    else if (!strcmp(a, "--sample")) opt.sample = count_arg(argv[++i]);
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
  write_all(1, outbuf, outlen);
  _exit(0);
}
