// Maps anonymous memory in all the ways that show in /proc/self/maps and smaps, and prints the
// kernel's own text of it. First of a process that has nothing else, so that what is summed over
// all of it can be compared:
//   == alone smaps, == alone smaps_rollup
// then of this one, where only the lines of the range are printed:
//   == maps, == smaps, and all of == status, == statm, == stat
// and at last, of one with some limits lowered, == rlimits (soft and hard, in the order of their
// numbers) and == limits. The range begins at a fixed address, so that two recordings can be
// compared. See record.mjs.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define BEGIN 0x20000000UL
#define END 0x21000000UL

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 8
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static unsigned long next = BEGIN;

/**
 * Maps `pages` pages behind the last mapping, after a gap of one page, writes to the first
 * `written` and reads the next `read`.
 */
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
  map(3, rw, MAP_DROPPABLE, 2, 0);
  syscall(SYS_mseal, map(3, rw, MAP_PRIVATE, 1, 0), 2 * PAGE, 0);
  syscall(SYS_mseal, map(2, PROT_READ, MAP_DROPPABLE, 0, 1), 2 * PAGE, 0);
  madvise(map(3, rw, MAP_PRIVATE, 3, 0), PAGE, MADV_GUARD_INSTALL);
}

/**
 * Prints the lines of a process's file of /proc that are about addresses in [BEGIN, END), or all of
 * them.
 */
static void show(const char *process, const char *label, const char *file, int isRange) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%s/%s", process, file);
  FILE *in = fopen(path, "r");
  printf("== %s%s\n", label, file);
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

// Unmaps what lies outside [BEGIN, END), and waits. It runs in a copy inside the range, without a
// stack.
extern const char alone[], alone_end[];
#ifdef __i386__
__asm__("alone: xor %ebx, %ebx; mov $0x20000000, %ecx; mov $91, %eax; int $0x80\n"
        "mov $0x21000000, %ebx; mov $0xdeffe000, %ecx; mov $91, %eax; int $0x80\n"
        "1: mov $29, %eax; int $0x80; jmp 1b; alone_end:");
#else
__asm__("alone: xor %edi, %edi; mov $0x20000000, %esi; mov $11, %eax; syscall\n"
        "mov $0x21000000, %edi; mov $0x7fffdefff000, %rsi; mov $11, %eax; syscall\n"
        "1: mov $34, %eax; syscall; jmp 1b; alone_end:");
#endif

/**
 * Whether a process has nothing left outside the range. The kernel's own page at the top of all
 * addresses does not count.
 */
static int isAlone(const char *process) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%s/maps", process);
  FILE *in = fopen(path, "r");
  int found = 1;
  unsigned long start;
  while (fgets(line, sizeof line, in))
    if (sscanf(line, "%lx", &start) == 1 && (start < BEGIN || start >= END) && !strstr(line, "[vsyscall]")) found = 0;
  fclose(in);
  return found;
}

static void showAlone(void) {
  pid_t child = fork();
  if (!child) {
    make();
    char *copy = map(1, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, 1, 0);
    memcpy(copy, alone, (size_t)(alone_end - alone));
    ((void (*)(void))copy)();
  }
  char process[16];
  snprintf(process, sizeof process, "%d", (int)child);
  while (!isAlone(process)) usleep(1000);
  show(process, "alone ", "smaps", 1);
  show(process, "alone ", "smaps_rollup", 0);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

/** Some limits of each form: none, nought, a small number and a large one. */
static void showLimits(void) {
  static const unsigned long long limits[][2] = {
      [RLIMIT_CPU] = {1, 2}, [RLIMIT_FSIZE] = {123456789, ~0ULL}, [RLIMIT_DATA] = {0, 1ULL << 63}, [RLIMIT_STACK] = {8192, 65536},
      [RLIMIT_CORE] = {0, 0}, [RLIMIT_NPROC] = {7, 77}, [RLIMIT_AS] = {~1ULL, ~1ULL}, [RLIMIT_MSGQUEUE] = {1, 819200}};
  for (unsigned resource = 0; resource < sizeof limits / sizeof *limits; resource++)
    if (limits[resource][1] || resource == RLIMIT_CORE)
      if (syscall(SYS_prlimit64, 0, resource, limits[resource], NULL)) perror("prlimit64");
  printf("== rlimits\n");
  for (unsigned resource = 0; resource < 16; resource++) {
    unsigned long long now[2];
    if (syscall(SYS_prlimit64, 0, resource, NULL, now)) perror("prlimit64");
    printf("%llu %llu\n", now[0], now[1]);
  }
  show("self", "", "limits", 0);
}

int main(void) {
  static char out[1 << 16];
  setvbuf(stdout, out, _IOFBF, sizeof out);
  // Before there is anything that both processes share.
  showAlone();
  make();
  show("self", "", "maps", 1);
  show("self", "", "smaps", 1);
  show("self", "", "status", 0);
  show("self", "", "statm", 0);
  show("self", "", "stat", 0);
  showLimits();
  return 0;
}
