// call.h: one step of a sequence: a system call or a touch, its text, and doing it.
//
// Arguments are numbers in hexadecimal, as they are or relative to something that the replay has
// elsewhere: `@N` the window's first byte plus N, `T+N`, `T-N` the end of the address space, `~N`
// the complement of N (of the largest word). mbind's fourth argument is the mask itself; there is
// no pointer to one where the fifth, its length, is 0.
#ifndef CALL_H
#define CALL_H
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "window.h"

#define TASK_SIZE 0x7ffffffff000ul
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

typedef enum {
  C_MMAP, C_MUNMAP, C_MREMAP, C_MPROTECT, C_MADVISE, C_MSYNC, C_MINCORE, C_MLOCK, C_MLOCK2, C_MUNLOCK, C_MLOCKALL,
  C_MUNLOCKALL, C_BRK, C_SETRLIMIT, C_GETRLIMIT, C_READ, C_WRITE, C_MSEAL, C_MBIND,
  C_REMAP, CALL_KINDS
} CallKind;

static const struct {
  const char *name;
  int arguments;
} CALLS[CALL_KINDS] = {
    {"mmap", 6},   {"munmap", 2},   {"mremap", 5},  {"mprotect", 3},   {"madvise", 3}, {"msync", 3},
    {"mincore", 3}, {"mlock", 2},   {"mlock2", 3},  {"munlock", 2},    {"mlockall", 1}, {"munlockall", 0},
    {"brk", 1},    {"setrlimit", 4}, {"getrlimit", 2}, {"read", 1},    {"write", 2},
    {"mseal", 3},  {"mbind", 6},    {"remap_file_pages", 5},
};

typedef struct {
  char how;  // 'n' plain, '@' the window's, 'T' the address space's end, '~' complement
  long value;
} Argument;

typedef struct {
  CallKind kind;
  Argument a[6];
} Call;

static inline Argument plain(long value) { return (Argument){'n', value}; }
static inline Argument in_window(long value) { return (Argument){'@', value}; }
static inline Argument from_end(long value) { return (Argument){'T', value}; }
static inline Argument complement(long value) { return (Argument){'~', value}; }

static inline unsigned long worth(Argument a) {
  if (a.how == '@') return window_base + (unsigned long)a.value;
  if (a.how == 'T') return TASK_SIZE + (unsigned long)a.value;
  return a.how == '~' ? ~(unsigned long)a.value : (unsigned long)a.value;
}

static char *put_call(char *p, const Call *c) {
  p += sprintf(p, "%s", CALLS[c->kind].name);
  for (int i = 0; i < CALLS[c->kind].arguments; i++) {
    const Argument *a = &c->a[i];
    if (a->how == 'n' || !a->how) p += sprintf(p, " %lx", a->value);
    else if (a->how == 'T') p += sprintf(p, " T%c%lx", a->value < 0 ? '-' : '+', labs(a->value));
    else p += sprintf(p, " %c%lx", a->how, a->value);
  }
  return p;
}

static sigjmp_buf fault_return;

static void on_fault(int number) { siglongjmp(fault_return, number); }

static void catch_faults(void) {
  struct sigaction action = {.sa_handler = on_fault};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
}

// A read gives the byte or minus the signal, a write 0 or minus the signal.
static long touch_byte(uintptr_t address, int is_write, unsigned char value) {
  int number = sigsetjmp(fault_return, 1);
  if (number) return -number;
  volatile unsigned char *byte = (volatile unsigned char *)address;
  if (!is_write) return *byte;
  *byte = value;
  return 0;
}

static const char *errno_name(long error) {
  switch (error) {
    case EPERM: return "EPERM";
    case EIO: return "EIO";
    case ENOMEM: return "ENOMEM";
    case EAGAIN: return "EAGAIN";
    case EFAULT: return "EFAULT";
    case EBUSY: return "EBUSY";
    case EEXIST: return "EEXIST";
    case EINVAL: return "EINVAL";
    case EBADF: return "EBADF";
    case EACCES: return "EACCES";
    case EOPNOTSUPP: return "EOPNOTSUPP";
    default: die("an error without a name", strerror((int)error));
  }
}

static long raw(long number, const unsigned long a[6]) {
  long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return result == -1 ? -errno : result;
}

// A mapping that the kernel placed outside the window is taken away at once: where it lies differs.
static long taken_away(long result, unsigned long length) {
  unsigned long offset = (unsigned long)result - window_base;
  if ((result < 0 && result > -4096) || offset < WINDOW_PAGES * PAGE) return result;
  if (munmap((void *)result, length)) die("can't take a mapping away", NULL);
  return -1000000;
}

// Does the step and appends its result: `@N` an address in the window, `elsewhere`, `-ERRNO`, a
// number, or `SIGSEGV`.
static char *perform(char *p, const Call *c, int *ok) {
  static const long NUMBERS[] = {SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_msync, SYS_mincore,
                                 SYS_mlock, SYS_mlock2, SYS_munlock, SYS_mlockall, SYS_munlockall, SYS_brk,
                                 [C_MSEAL] = SYS_mseal, [C_MBIND] = SYS_mbind, [C_REMAP] = SYS_remap_file_pages};
  static struct rlimit64 limit;
  static unsigned char vector[1 << 16];
  static unsigned long nodes[PAGE / sizeof(long)];
  unsigned long a[6] = {0};
  for (int i = 0; i < CALLS[c->kind].arguments; i++) a[i] = worth(c->a[i]);
  *ok = 1;
  if (c->kind == C_READ || c->kind == C_WRITE) {
    long got = touch_byte(a[0], c->kind == C_WRITE, (unsigned char)a[1]);
    *ok = got >= 0;
    return p + (got < 0 ? sprintf(p, " = %s", got == -SIGBUS ? "SIGBUS" : "SIGSEGV") : sprintf(p, " = %lx", got));
  }
  long result;
  if (c->kind == C_SETRLIMIT) {
    limit = (struct rlimit64){a[1], a[2]};
    result = raw(SYS_prlimit64, (unsigned long[6]){0, a[0], a[3] ? a[3] : (unsigned long)&limit});
  } else if (c->kind == C_GETRLIMIT) {
    result = raw(SYS_prlimit64, (unsigned long[6]){0, a[0], 0, a[1] ? a[1] : (unsigned long)&limit});
    if (result == 0) return p + sprintf(p, " = %lx %lx", limit.rlim_cur, limit.rlim_max);
  } else {
    if (c->kind == C_MBIND) nodes[0] = a[3], a[3] = a[4] ? (unsigned long)nodes : 0;
    if (c->kind == C_MINCORE && !a[2]) a[2] = (unsigned long)vector;
    result = raw(NUMBERS[c->kind], a);
    if (c->kind == C_MMAP) result = taken_away(result, a[1]);
    if (c->kind == C_MREMAP) result = taken_away(result, a[2]);
    if (c->kind == C_BRK) *ok = (unsigned long)result == a[0];
  }
  if (result == -1000000) return p + sprintf(p, " = elsewhere");
  if (result < 0 && result > -4096) {
    *ok = 0;
    return p + sprintf(p, " = -%s", errno_name(-result));
  }
  p += sprintf(p, " = ");
  if (c->kind == C_MMAP || c->kind == C_MREMAP || c->kind == C_BRK) return p + sprintf(p, "@%lx", (unsigned long)result - window_base);
  p += sprintf(p, "%lx", result);
  if (c->kind != C_MINCORE) return p;
  *p++ = ' ';
  for (unsigned long i = 0; i < (a[1] + PAGE - 1) / PAGE; i++) *p++ = (char)('0' + (vector[i] & 1));
  return p;
}
#endif
