// sequences: run seeded random sequences of memory system calls on this machine's kernel and write
// down what it did.
//
// Build:  gcc -std=gnu11 -O2 -o sequences sequences.c
// Use:    sequences KIND FIRST COUNT [STEPS]
//   KIND   mapping, lock, break, limit, count, touch, seal, policy or remap: which calls come how
//          often, and how the process is set up
//   FIRST  the first sequence's seed; COUNT sequences with the seeds from there on; STEPS calls in
//          each (50)
// The output's format: tests/kernel/README.md. Each sequence runs in a process of its own, without
// capabilities (some of the locking ones keep CAP_IPC_LOCK).
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/wait.h>
#include "generate-more.h"

#define MAX_MAP_COUNT 65530

static char text[1 << 22];

// Only the named capability stays, -1 for none.
static void keep_capability(int which) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}, {0}};
  if (which >= 0) data[0].effective = data[0].permitted = 1u << which;
  if (syscall(SYS_capset, &head, data)) die("capset", strerror(errno));
}

// The kernel's own regions, whose pages mlockall leaves out, go; what remains counts.
static long regions_without_vdso(void) {
  struct { unsigned long start, end; } gone[8];
  int gone_count = 0;
  long count = 0;
  open_lines("/proc/self/maps");
  for (char *line; (line = next_line(&lines));) {
    if (strstr(line, "[vsyscall]")) continue;
    count++;
    if (!strstr(line, "[vdso]") && !strstr(line, "[vvar")) continue;
    if (gone_count == 8 || sscanf(line, "%lx-%lx", &gone[gone_count].start, &gone[gone_count].end) != 2) die("odd maps line", line);
    gone_count++;
    count--;
  }
  close(lines.fd);
  for (int i = 0; i < gone_count; i++)
    if (munmap((void *)gone[i].start, gone[i].end - gone[i].start)) die("munmap", NULL);
  return count;
}

// Makes so many regions outside the window that `room` more are allowed (a mapping may be made
// while there are 65530).
static void fill_table(long count, long room) {
  long wanted = MAX_MAP_COUNT - room - count;
  char *area = mmap(NULL, (size_t)wanted * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) die("mmap", NULL);
  for (long page = 1; page < wanted; page += 2)
    if (mprotect(area + page * (long)PAGE, PAGE, PROT_READ)) die("mprotect", NULL);
  // Pages of the two kinds alternate; the neighbours of the area are neither.
}

static long data_bytes(void) {
  unsigned long start = 0, end = 0;
  open_lines("/proc/self/stat");
  char *line = next_line(&lines), *p = line ? strrchr(line, ')') : NULL;
  close(lines.fd);
  if (!p) die("odd /proc/self/stat", NULL);
  for (int field = 2; field < 45; field++) p = strchr(p, ' ') + 1;
  if (sscanf(p, "%lu %lu", &start, &end) != 2) die("odd /proc/self/stat", NULL);
  return (long)(end - start);
}

// A new shared mapping's file has as many pages as were asked for.
static void note_new_files(const Snapshot *s, const Call *c) {
  for (int i = 0; i < s->count; i++) {
    if (!s->vma[i].shared) continue;
    int file = inode_ordinal(s->vma[i].inode);
    if (inode_pages[file] < 0) inode_pages[file] = (long)((worth(c->a[1]) + PAGE - 1) / PAGE);
  }
}

static void run(SequenceKind kind, long seed, long steps) {
  static Snapshot snapshots[2], first;
  random_state = (uint64_t)seed * 8 + kind;
  window_base = 0x1000000;
  if (kind == K_BREAK) {
    window_base = (uintptr_t)syscall(SYS_brk, 0);
    if (window_base % PAGE) die("the break does not begin at a page", NULL);
  }
  long room = from_to(5, 12), count = regions_without_vdso();
  keeps_lock = (kind == K_LOCK && chance(25)) || (kind == K_BREAK && chance(30));
  struct rlimit64 lock_limit = {(kind == K_LOCK ? (rlim64_t)from_to(2, 40) : 2048) * PAGE, 2048 * PAGE};
  if (kind == K_LOCK && chance(20)) lock_limit.rlim_cur = 0;
  if (syscall(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &lock_limit, NULL)) die("prlimit", NULL);
  if (kind == K_COUNT) fill_table(count, room);
  keep_capability(keeps_lock ? CAP_IPC_LOCK : -1);
  catch_faults();
  Snapshot *now = &snapshots[0], *old = &snapshots[1];
  read_snapshot(now);
  first = *now;
  char *p = text + sprintf(text, "== %s %ld\n", KIND_NAMES[kind], seed);
  p += sprintf(p, "start size=%ld data=%ld data_bytes=%lx memlock=%llx ipc_lock=%d room=%ld\n", now->size, now->data,
               data_bytes(), (unsigned long long)lock_limit.rlim_cur, keeps_lock, kind == K_COUNT ? room : -1);
  p = put_changes(p, now, NULL, &first);
  for (long step = 0; step < steps; step++) {
    Snapshot *swap = old;
    old = now;
    now = swap;
    seen = old;
    Call c = step < 4 && kind != K_BREAK ? make_mmap(kind) : next_call(kind);
    int ok;
    p = put_call(p, &c);
    p = perform(p, &c, &ok);
    *p++ = '\n';
    *now = *old;
    read_snapshot(now);
    note_new_files(now, &c);
    p = put_changes(p, now, old, &first);
  }
  write_all(1, text, (size_t)(p - text));
  _exit(0);
}

int main(int argc, char **argv) {
  program = "sequences";
  if (argc < 4) die("usage: sequences KIND FIRST COUNT [STEPS]", NULL);
  int kind = 0;
  while (kind < SEQUENCE_KINDS && strcmp(argv[1], KIND_NAMES[kind])) kind++;
  if (kind == SEQUENCE_KINDS) die("no such kind", argv[1]);
  long first = atol(argv[2]), steps = argc > 4 ? atol(argv[4]) : 50;
  for (long seed = first; seed < first + atol(argv[3]); seed++) {
    int status;
    pid_t child = fork();
    if (!child) run((SequenceKind)kind, seed, steps);
    if (child < 0 || waitpid(child, &status, 0) < 0 || status) die("a sequence failed", argv[1]);
  }
  return 0;
}
