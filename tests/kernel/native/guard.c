// guard: run seeded random sequences of calls around regions that grow down on this machine's
// kernel and write down where it put things.
//
// Build:  gcc -std=gnu11 -O2 -o guard guard.c
// Use:    guard LAYOUT FIRST COUNT [STEPS]
//   LAYOUT  down (the kernel looks for room from the top, its default) or up (from the bottom, as
//           with `setarch -L`)
//   FIRST   the first sequence's seed; COUNT sequences with the seeds from there on; STEPS calls in
//           each (50)
//
// The output's format: tests/kernel/README.md. All that lies between the window and where the
// kernel begins to look is filled, so that it chooses in the window. In every second sequence the
// rest is filled, too: what does not fit the window then fits nowhere.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "../../../recorder/io.h"

#define PAGE 4096l
#define WINDOW_PAGES 2560l
#define MOST_REGIONS 400
// Above the third of the address space from which the kernel looks upwards.
#define BASE 0x300000000000l
#define WINDOW_END (BASE + WINDOW_PAGES * PAGE)
#define LOWEST 0x10000l
#define STACK_BYTES (512 << 10)
#define PROT_GROWS_DOWN 0x1000000

typedef struct {
  long start, pages;  // in pages; start from the window's first
  char rights[4];
  int grows_down;
} Vma;

typedef struct {
  unsigned long start, end;
} Span;

static Vma regions[MOST_REGIONS];
static int region_count;
static Span spans[4096];
static int span_count;
static char maps[1 << 18], text[1 << 20];
static uint64_t random_state;

// splitmix64
static uint64_t random_bits(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

static long from_to(long low, long high) { return low + (long)(random_bits() % (uint64_t)(high - low + 1)); }
static int chance(int percent) { return from_to(0, 99) < percent; }
#define PICK(...)                                            \
  ({                                                         \
    static const long choices_[] = {__VA_ARGS__};            \
    choices_[from_to(0, sizeof choices_ / sizeof *choices_ - 1)]; \
  })

static sigjmp_buf fault_return;
static void on_fault(int number) { siglongjmp(fault_return, number); }

static void read_file(const char *path, char *into, size_t most) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t have = 0;
  for (ssize_t got; fd >= 0 && have < most - 1 && (got = read(fd, into + have, most - 1 - have)) > 0;) have += (size_t)got;
  if (fd < 0 || have == 0 || have == most - 1) die("can't read", path);
  close(fd);
  into[have] = 0;
}

static void read_regions(void) {
  region_count = span_count = 0;
  read_file("/proc/self/maps", maps, sizeof maps);
  for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
    unsigned long start, end;
    char rights[8];
    if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3) die("odd maps line", NULL);
    if (span_count == 4096) die("too many regions", NULL);
    spans[span_count++] = (Span){start, end};
    if (end <= BASE || start >= WINDOW_END) continue;
    if (start < BASE || end > WINDOW_END) die("a region leaves the window", NULL);
    if (region_count == MOST_REGIONS) die("too many regions in the window", NULL);
    Vma *v = &regions[region_count++];
    *v = (Vma){((long)start - BASE) / PAGE, (long)(end - start) / PAGE, "", 0};
    memcpy(v->rights, rights, 3);
  }
}

// The window's regions, and which of them grow down: smaps says that, and takes long.
static char *put_regions(char *p) {
  static char smaps[1 << 21];
  read_regions();
  read_file("/proc/self/smaps", smaps, sizeof smaps);
  Vma *v = NULL;
  for (char *line = smaps, *end; (end = strchr(line, '\n')); line = end + 1) {
    unsigned long start;
    *end = 0;
    if (line[0] < 'A' || line[0] > 'Z') {
      if (sscanf(line, "%lx-", &start) != 1) die("odd smaps line", line);
      if ((long)start >= WINDOW_END) break;
      if ((long)start >= BASE) v = v ? v + 1 : regions;
    } else if (v && !strncmp(line, "VmFlags:", 8)) {
      v->grows_down = strstr(line, " gd") != NULL;
    }
  }
  p += sprintf(p, "V");
  for (v = regions; v < regions + region_count; v++)
    p += sprintf(p, " %lx+%lx%s%s", v->start, v->pages, v->rights, v->grows_down ? "g" : "");
  return p + sprintf(p, "\n");
}

// Maps all that is free of [start, end).
static void fill(unsigned long start, unsigned long end) {
  read_regions();
  for (int i = 0; i <= span_count && start < end; i++) {
    unsigned long stop = i < span_count && spans[i].start < end ? spans[i].start : end;
    if (stop > start && mmap((void *)start, stop - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
      die("can't fill", strerror(errno));
    if (i < span_count && spans[i].end > start) start = spans[i].end;
  }
}

// Where the stack begins, which is the last region but for vsyscall.
static unsigned long stack_start(void) {
  char here;
  read_regions();
  for (int i = 0; i < span_count; i++)
    if (spans[i].start <= (unsigned long)&here && (unsigned long)&here < spans[i].end) return spans[i].start;
  die("no stack", NULL);
}

// So that the stack need not grow when there is no room left.
static void __attribute__((noinline)) use_stack(void) {
  volatile char bytes[STACK_BYTES];
  bytes[0] = 0;
  for (long i = PAGE; i < STACK_BYTES; i += PAGE) bytes[i] = bytes[i - PAGE];
}

static const Vma *any_region(void) { return region_count ? &regions[from_to(0, region_count - 1)] : NULL; }

static long some_pages(void) {
  long draw = from_to(0, 99);
  if (draw < 45) return from_to(1, 12);
  if (draw < 75) return from_to(13, 150);
  return draw < 95 ? from_to(151, 320) : from_to(321, 511);
}

// A place for so many pages in the window: anywhere, or where a guard gap may matter, at a distance
// of up to a little more than one from the start or the end of a region.
static long some_place(long pages) {
  const Vma *v = any_region();
  long last = WINDOW_PAGES - pages, page = from_to(0, last);
  if (v && chance(70)) {
    long distance = chance(40) ? PICK(0, 1, 2, 255, 256, 257) : from_to(0, 300);
    page = chance(75) ? v->start - pages - distance : v->start + v->pages + distance;
  }
  return page < 0 ? 0 : page > last ? last : page;
}

static long some_rights(void) { return PICK(0, 1, 3, 3, 3, 3, 7); }

static char *put_result(char *p, long result) {
  if (result == -1) return p + sprintf(p, " = -%s", strerrorname_np(errno));
  return p + sprintf(p, " = %lx", result);
}

// A mapping that the kernel placed outside the window is taken away at once: where it lies differs.
static char *put_place(char *p, long result, long pages) {
  if (result == -1) return put_result(p, result);
  if (result >= BASE && result + pages * PAGE <= WINDOW_END) return p + sprintf(p, " = @%lx", (result - BASE) / PAGE);
  if (munmap((void *)result, (size_t)(pages * PAGE))) die("can't take a mapping away", NULL);
  return p + sprintf(p, " = elsewhere");
}

static char *do_mmap(char *p) {
  long pages = some_pages(), at = -1, flags = chance(45) ? MAP_GROWSDOWN : 0, prot = some_rights(), draw = from_to(0, 99);
  if (draw >= 45) at = some_place(pages);
  if (draw >= 65) flags |= draw < 90 ? MAP_FIXED : MAP_FIXED_NOREPLACE;
  p += at < 0 ? sprintf(p, "mmap 0") : sprintf(p, "mmap @%lx", at);
  p += sprintf(p, " %lx %lx %lx", pages, prot, flags);
  long address = at < 0 ? 0 : BASE + at * PAGE;
  return put_place(p, syscall(SYS_mmap, address, pages * PAGE, prot, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0l), pages);
}

// Part of one region, or all of it.
static int some_part(long *start, long *pages) {
  const Vma *v = any_region();
  if (!v) return 0;
  long from = chance(60) ? 0 : from_to(0, v->pages - 1), to = chance(60) ? v->pages : from_to(from + 1, v->pages);
  *start = v->start + from;
  *pages = to - from;
  return 1;
}

static char *do_munmap(char *p) {
  long at, pages;
  if (!some_part(&at, &pages)) return NULL;
  p += sprintf(p, "munmap @%lx %lx", at, pages);
  return put_result(p, syscall(SYS_munmap, BASE + at * PAGE, pages * PAGE));
}

static char *do_mremap(char *p) {
  long at, pages, flags = PICK(0, MREMAP_MAYMOVE, MREMAP_MAYMOVE, MREMAP_MAYMOVE, 3, 5, 7), to = 0;
  if (!some_part(&at, &pages)) return NULL;
  long length = flags & MREMAP_DONTUNMAP ? pages : chance(75) ? pages + from_to(1, 60) : from_to(1, pages);
  if (length > 511) return NULL;
  // MREMAP_DONTUNMAP takes the address as a hint.
  if (flags & MREMAP_FIXED || (flags & MREMAP_DONTUNMAP && chance(60))) to = BASE + some_place(length) * PAGE;
  p += sprintf(p, "mremap @%lx %lx %lx %lx", at, pages, length, flags);
  p += to ? sprintf(p, " @%lx", (to - BASE) / PAGE) : sprintf(p, " 0");
  return put_place(p, syscall(SYS_mremap, BASE + at * PAGE, pages * PAGE, length * PAGE, flags, to), length);
}

static char *do_mprotect(char *p) {
  long at, pages, prot = some_rights() | (chance(25) ? PROT_GROWS_DOWN : 0);
  if (!some_part(&at, &pages)) return NULL;
  p += sprintf(p, "mprotect @%lx %lx %lx", at, pages, prot);
  return put_result(p, syscall(SYS_mprotect, BASE + at * PAGE, pages * PAGE, prot));
}

// 0 or a signal.
static int write_byte(long address) {
  int number = sigsetjmp(fault_return, 1);
  if (!number) *(volatile char *)address = 1;
  return number;
}

// Below a region, so that one that grows down does.
static char *do_write(char *p) {
  const Vma *v = any_region();
  if (!v) return NULL;
  long page = chance(70) ? v->start - PICK(1, 1, 2, 10, 100, 256) : v->start + from_to(0, v->pages - 1);
  if (page < 0) page = 0;
  int number = write_byte(BASE + page * PAGE);
  const char *result = number == SIGBUS ? "SIGBUS" : number ? "SIGSEGV" : "0";
  return p + sprintf(p, "write @%lx = %s", page, result);
}

static char *do_call(char *p) {
  long draw = from_to(0, 99), mapped = 0;
  for (const Vma *v = regions; v < regions + region_count; v++) mapped += v->pages;
  if (draw < 58) return mapped > WINDOW_PAGES * 3 / 4 && chance(70) ? do_munmap(p) : do_mmap(p);
  if (draw < 72) return do_munmap(p);
  if (draw < 82) return do_mremap(p);
  return draw < 88 ? do_mprotect(p) : do_write(p);
}

static void run(int is_up, long seed, long steps) {
  random_state = (uint64_t)seed * 2 + (uint64_t)is_up;
  struct sigaction action = {.sa_handler = on_fault};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  use_stack();
  unsigned long stack = stack_start();
  int is_closed = chance(50);
  if (is_closed || is_up) fill(LOWEST, BASE);
  // What is left free below the stack is more than any call asks for.
  if (is_closed || !is_up) fill(WINDOW_END, is_closed ? stack : stack - (32 << 20));
  char *p = text + sprintf(text, "== guard%s %ld\nstart closed=%d\n", is_up ? "up" : "", seed, is_closed);
  for (long step = 0; step < steps;) {
    char *start = p;
    read_regions();
    char *end = step < 4 ? do_mmap(p) : do_call(p);
    if (!end) {
      *start = 0;
      continue;
    }
    p = end + sprintf(end, "\n");
    step++;
  }
  p = put_regions(p);
  write_all(1, text, (size_t)(p - text));
  _exit(0);
}

int main(int argc, char **argv) {
  program = "guard";
  if (argc < 4) die("usage: guard LAYOUT FIRST COUNT [STEPS]", NULL);
  int is_up = !strcmp(argv[1], "up");
  int wanted = ADDR_NO_RANDOMIZE | (is_up ? ADDR_COMPAT_LAYOUT : 0);
  // The layout is decided when a program starts.
  if (personality(0xffffffff) != wanted) {
    if (personality((unsigned long)wanted) < 0) die("personality", strerror(errno));
    execv("/proc/self/exe", argv);
    die("exec", strerror(errno));
  }
  long first = atol(argv[2]), steps = argc > 4 ? atol(argv[4]) : 50;
  for (long seed = first; seed < first + atol(argv[3]); seed++) {
    int status;
    pid_t child = fork();
    if (!child) run(is_up, seed, steps);
    if (child < 0 || waitpid(child, &status, 0) < 0 || status) die("a sequence failed", argv[2]);
  }
  return 0;
}
