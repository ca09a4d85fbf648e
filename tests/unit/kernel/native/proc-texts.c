// Maps anonymous memory in all the ways that show in /proc/self/maps and smaps, and prints the kernel's own text of that range:
//   == maps, == smaps, then == status, == statm, == stat and == smaps_rollup of the whole process
// The range begins at a fixed address, so that two recordings can be compared. See record.mjs.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGE 4096UL
#define BEGIN 0x20000000UL
#define END 0x21000000UL

static unsigned long next = BEGIN;

/** Maps `pages` pages behind the last mapping, after a gap of one page, writes to the first `written` and reads the next `read`. */
static char *map(unsigned long pages, int prot, int flags, unsigned long written,
                 unsigned long read) {
  char *at = mmap((void *)next, pages * PAGE, prot, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (at == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  next += (pages + 1) * PAGE;
  for (unsigned long i = 0; i < written; i++) at[i * PAGE] = 1;
  volatile char *look = at;
  for (unsigned long i = written; i < written + read; i++) (void)look[i * PAGE];
  return at;
}

static void make(void) {
  const int rw = PROT_READ | PROT_WRITE;
  map(3, rw, MAP_PRIVATE, 0, 0);
  map(5, rw, MAP_PRIVATE, 2, 1);
  map(2, PROT_READ, MAP_PRIVATE, 0, 1);
  map(2, PROT_NONE, MAP_PRIVATE, 0, 0);
  map(2, rw | PROT_EXEC, MAP_PRIVATE, 1, 0);
  map(4, rw, MAP_PRIVATE | MAP_NORESERVE, 1, 0);
  map(4, rw, MAP_SHARED, 2, 1);
  map(2, PROT_READ, MAP_SHARED, 0, 0);
  mlock(map(4, rw, MAP_PRIVATE, 0, 0), 4 * PAGE);
  mlock2(map(4, rw, MAP_PRIVATE, 1, 0), 4 * PAGE, MLOCK_ONFAULT);
  madvise(map(2, rw, MAP_PRIVATE, 1, 0), 2 * PAGE, MADV_DONTFORK);
  madvise(map(2, rw, MAP_PRIVATE, 0, 0), 2 * PAGE, MADV_DONTDUMP);
  madvise(map(2, rw, MAP_PRIVATE, 0, 0), 2 * PAGE, MADV_WIPEONFORK);
  madvise(map(2, rw, MAP_PRIVATE, 0, 0), 2 * PAGE, MADV_RANDOM);
  madvise(map(2, rw, MAP_PRIVATE, 0, 0), 2 * PAGE, MADV_SEQUENTIAL);
  madvise(map(2, rw, MAP_PRIVATE, 0, 0), 2 * PAGE, MADV_HUGEPAGE);
  madvise(map(2, rw, MAP_PRIVATE, 0, 0), 2 * PAGE, MADV_NOHUGEPAGE);
  madvise(map(2, rw, MAP_PRIVATE, 0, 0), 2 * PAGE, MADV_MERGEABLE);
  mprotect(map(3, rw, MAP_PRIVATE, 3, 0) + PAGE, PAGE, PROT_READ);
  munmap(map(3, rw, MAP_SHARED, 3, 0), PAGE);
  map(2, rw, MAP_PRIVATE | MAP_GROWSDOWN, 1, 0);
  madvise(map(4, rw, MAP_PRIVATE, 4, 0), 2 * PAGE, MADV_DONTNEED);
  mprotect(map(2, PROT_NONE, MAP_PRIVATE, 0, 0), 2 * PAGE, rw);
  madvise(map(3, rw, MAP_PRIVATE, 3, 0), 2 * PAGE, MADV_FREE);
}

/** Prints the lines of a file of /proc that are about addresses in [BEGIN, END), or all of them. */
static void show(const char *file, int isRange) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/self/%s", file);
  FILE *in = fopen(path, "r");
  printf("== %s\n", file);
  int inside = !isRange;
  while (fgets(line, sizeof line, in)) {
    unsigned long start, end;
    char dash;
    if (isRange && sscanf(line, "%lx%c%lx", &start, &dash, &end) == 3 && dash == '-')
      inside = start >= BEGIN && end <= END;
    if (inside) fputs(line, stdout);
  }
  fclose(in);
}

int main(void) {
  make();
  static char out[1 << 16];
  setvbuf(stdout, out, _IOFBF, sizeof out);
  show("maps", 1);
  show("smaps", 1);
  show("status", 0);
  show("statm", 0);
  show("stat", 0);
  show("smaps_rollup", 0);
  return 0;
}
