// overcommit: run seeded random sequences of calls under vm.overcommit_memory=2 and write down what
// the kernel promised and refused.
//
// Build: gcc -std=gnu11 -O2 -o overcommit overcommit.c Use: overcommit FIRST COUNT [STEPS] as root:
// it sets vm.overcommit_* while it runs, and puts them back Everything is counted in units of 64
// GiB, of which no page is ever touched, so that what other processes do meanwhile is too little to
// change an answer; and they lack nothing, since the limit leaves a gigabyte over at all times.
// Output: ../README.md.
#define _GNU_SOURCE
#define PAGE (1ul << 36)
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "window.h"

#define UNIT PAGE
#define KIB_A_UNIT (UNIT >> 10)
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 8
#endif

// The limit is this many 64ths of a unit above what all others have: no sum of whole units, or of
// units and 32nds, comes close to it.
#define LIMIT_64THS (20 * 64 + 33)

static const char *const SETTINGS[] = {"overcommit_memory", "overcommit_kbytes", "overcommit_ratio", "admin_reserve_kbytes",
                                       "user_reserve_kbytes"};
#define SETTING_COUNT (sizeof SETTINGS / sizeof *SETTINGS)
static long before[SETTING_COUNT];

static long setting(size_t which, const long *value) {
  char path[80], text[32];
  snprintf(path, sizeof path, "/proc/sys/vm/%s", SETTINGS[which]);
  int fd = open(path, value ? O_WRONLY : O_RDONLY);
  if (fd < 0) die("can't open", path);
  ssize_t n = value ? write(fd, text, (size_t)sprintf(text, "%ld", *value)) : read(fd, text, sizeof text - 1);
  if (n <= 0) die("can't use", path);
  close(fd);
  text[n] = 0;
  return value ? *value : atol(text);
}

static void put_back(void) {
  // The ratio last: setting it or the kilobytes makes the other 0.
  setting(0, &before[0]);
  setting(3, &before[3]);
  setting(4, &before[4]);
  if (before[1]) setting(1, &before[1]);
  else setting(2, &before[2]);
}

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

static long committed_kib(void) {
  long found = -1;
  open_lines("/proc/meminfo");
  for (char *line; (line = next_line(&lines));)
    if (!strncmp(line, "Committed_AS:", 13)) found = atol(line + 13);
  close(lines.fd);
  return found;
}

static unsigned long units_at(long unit) { return window_base + (unsigned long)unit * UNIT; }

static char *put_result(char *p, long result, int is_address) {
  if (result == -1) return p + sprintf(p, " = -%s\n", errno == ENOMEM ? "ENOMEM" : errno == EFAULT ? "EFAULT" : errno == EINVAL ? "EINVAL" : "?");
  return p + sprintf(p, is_address ? " = @%lx\n" : " = %lx\n", is_address ? ((unsigned long)result - window_base) / UNIT : (unsigned long)result);
}

static const Vma *any_region(const Snapshot *s) { return s->count ? &s->vma[from_to(0, s->count - 1)] : NULL; }

// Part of one region, or anything.
static void some_range(const Snapshot *s, long *start, long *units) {
  const Vma *v = chance(90) ? any_region(s) : NULL;
  *start = v ? v->start + (chance(60) ? 0 : from_to(0, v->pages - 1)) : from_to(0, WINDOW_PAGES - 1);
  long most = (v ? v->start + v->pages : WINDOW_PAGES) - *start;
  *units = chance(60) ? most : from_to(1, most);
}

static char *mmap_step(char *p) {
  static const int kinds[] = {MAP_PRIVATE, MAP_PRIVATE, MAP_PRIVATE, MAP_SHARED, MAP_SHARED, MAP_DROPPABLE};
  static const int rights[] = {0, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};
  int flags = kinds[from_to(0, 5)] | MAP_ANONYMOUS | MAP_FIXED | (chance(40) ? MAP_NORESERVE : 0), prot = rights[from_to(0, 4)];
  long start = from_to(0, WINDOW_PAGES - 1), units = from_to(1, chance(15) ? 40 : 9);
  if (units > WINDOW_PAGES - start) units = WINDOW_PAGES - start;
  p += sprintf(p, "mmap @%lx %lx %x %x", start, units, (unsigned)prot, (unsigned)flags);
  return put_result(p, (long)mmap((void *)units_at(start), (size_t)units * UNIT, prot, flags, -1, 0), 1);
}

static char *mremap_step(char *p, const Snapshot *s) {
  long start, units, wanted, to = from_to(0, WINDOW_PAGES - 1);
  some_range(s, &start, &units);
  int flags = chance(50) ? 0 : MREMAP_MAYMOVE | MREMAP_FIXED;
  wanted = chance(60) ? units + from_to(1, 9) : from_to(1, units);
  if (wanted > WINDOW_PAGES - (flags ? to : start)) wanted = WINDOW_PAGES - (flags ? to : start);
  p += sprintf(p, "mremap @%lx %lx %lx %x @%lx", start, units, wanted, (unsigned)flags, flags ? to : 0);
  return put_result(p, syscall(SYS_mremap, units_at(start), units * UNIT, wanted * UNIT, flags, flags ? units_at(to) : 0), 1);
}

static char *step(char *p, const Snapshot *s, unsigned long heap) {
  static const int rights[] = {0, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};
  long start, units;
  switch (from_to(0, 9)) {
    case 0: case 1: case 2: case 3: return mmap_step(p);
    case 4: case 5: return mremap_step(p, s);
    case 6:
      some_range(s, &start, &units);
      p += sprintf(p, "munmap @%lx %lx", start, units);
      return put_result(p, syscall(SYS_munmap, units_at(start), units * UNIT), 0);
    case 7: case 8: {
      int prot = rights[from_to(0, 4)];
      some_range(s, &start, &units);
      p += sprintf(p, "mprotect @%lx %lx %x", start, units, (unsigned)prot);
      return put_result(p, syscall(SYS_mprotect, units_at(start), units * UNIT, prot), 0);
    }
    default:
      units = from_to(0, chance(20) ? 30 : 6);
      p += sprintf(p, "brk %lx", units);
      return p + sprintf(p, " = %lx\n", ((unsigned long)syscall(SYS_brk, heap + units * UNIT) - heap) / UNIT);
  }
}

static void drop_capabilities(void) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}, {0}};
  if (syscall(SYS_capset, &head, data)) die("capset", strerror(errno));
}

static void run(long seed, long steps, int is_admin, long admin, long user) {
  static char text[1 << 20];
  static Snapshot now, old, first;
  random_state = (uint64_t)seed;
  window_base = 0x100000000000;
  unsigned long heap = (unsigned long)syscall(SYS_brk, 0);
  long limit = committed_kib() + (long)(KIB_A_UNIT / 64) * LIMIT_64THS;
  setting(1, &limit);
  if (!is_admin) drop_capabilities();
  char *p = text + sprintf(text, "== %ld\nlimit=%d admin=%ld user=%ld is_admin=%d\n", seed, LIMIT_64THS, admin, user, is_admin);
  read_window(&now);
  put_changes(p, &now, NULL, &first);
  for (long i = 0; i < steps; i++) {
    old = now;
    p = step(p, &now, heap);
    read_window(&now);
    p = put_changes(p, &now, &old, &first);
  }
  write_all(1, text, (size_t)(p - text));
  _exit(0);
}

static void run_all(long first, long count, long steps) {
  // Room for everybody before the mode changes.
  long plenty = 1l << 40, never = 2;
  setting(1, &plenty);
  setting(0, &never);
  for (long seed = first; seed < first + count; seed++) {
    // Reserves in units: none, and some that a process of the window's size meets or does not.
    long admin = seed % 3 == 1 ? 3 : 0, user = seed % 4 == 1 ? 1 : seed % 4 == 2 ? 5 : 0;
    long admin_kib = admin * (long)KIB_A_UNIT, user_kib = user * (long)KIB_A_UNIT;
    setting(3, &admin_kib);
    setting(4, &user_kib);
    int status;
    pid_t child = fork();
    if (!child) run(seed, steps, seed % 2, admin, user);
    if (child < 0 || waitpid(child, &status, 0) < 0 || status) die("a sequence failed", NULL);
    setting(1, &plenty);
  }
  _exit(0);
}

// A process of its own does everything, so that the settings are put back whatever becomes of it.
int main(int argc, char **argv) {
  program = "overcommit";
  if (argc < 3) die("usage: overcommit FIRST COUNT [STEPS]", NULL);
  for (size_t i = 0; i < SETTING_COUNT; i++) before[i] = setting(i, NULL);
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  int status = 1;
  pid_t child = fork();
  if (!child) run_all(atol(argv[1]), atol(argv[2]), argc > 3 ? atol(argv[3]) : 30);
  if (child > 0) waitpid(child, &status, 0);
  put_back();
  return status ? 2 : 0;
}
