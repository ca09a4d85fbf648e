// Makes a few thousand raw system calls with all kinds of arguments, under strace, and writes what
// each was in numbers:
//   NR A1 A2 A3 A4 A5 A6 RESULT [ADDRESS:BYTES in hex …]
// one line a call, to the file named by the first argument. Next to strace's own text of the same
// calls that shows how strace writes numbers. See record.mjs. Both layouts: gcc -m32 and gcc.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
#define REGION_PAGES 64UL
#define LOG_BYTES (4 << 20)

#ifdef __i386__
#define NR_MMAP SYS_mmap2
#define MAP_OFFSET(pages) (pages)
#else
#define NR_MMAP SYS_mmap
#define MAP_OFFSET(pages) ((pages) * PAGE)
#endif

static char log_text[LOG_BYTES];
static size_t log_length;
static unsigned char buffer[512];
static unsigned char *noted = buffer;  // what is noted of the memory begins here
static uint64_t state = 1;

static void note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  log_length += (size_t)vsnprintf(log_text + log_length, LOG_BYTES - log_length, format, arguments);
  va_end(arguments);
}

/** A seeded random number below `limit`. */
static unsigned long below(unsigned long limit) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned long)((state >> 11) % limit);
}

/** One raw call: the bare instruction, so that errno's wrapper does not hide the result. */
static long raw(long nr, const unsigned long *a) {
  long result;
#ifdef __i386__
  // Six arguments and a number: ebp is the sixth, saved on the stack around the call.
  const unsigned long pack[2] = {(unsigned long)nr, a[5]};
  __asm__ volatile("push %%ebp\n\tmov 4(%1), %%ebp\n\tmov (%1), %%eax\n\tint $0x80\n\tpop %%ebp"
                   : "=&a"(result)
                   : "0"(pack), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                   : "memory");
#else
  register unsigned long r10 __asm__("r10") = a[3];
  register unsigned long r8 __asm__("r8") = a[4];
  register unsigned long r9 __asm__("r9") = a[5];
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
#endif
  return result;
}

/**
 * Makes a call and notes it; `bytes` from `noted` on are noted too when they may be among the
 * arguments.
 */
static long call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                 unsigned long e, unsigned long f, size_t bytes) {
  const unsigned long arguments[6] = {a, b, c, d, e, f};
  const long result = raw(nr, arguments);
  note("%lx %lx %lx %lx %lx %lx %lx %lx", (unsigned long)nr, a, b, c, d, e, f,
       (unsigned long)result);
  if (bytes > 0) {
    note(" %lx:", (unsigned long)noted);
    for (size_t i = 0; i < bytes; i++) note("%02x", noted[i]);
  }
  note("\n");
  return result;
}

static unsigned long region;

/**
 * A length that runs out of the address space. Only with an unaligned address, which is refused
 * before anything happens.
 */
static unsigned long huge(void) { return ~0UL - below(5000); }

static unsigned long address(void) {
  switch (below(12)) {
  case 0:
    return 0;
  case 1:
    return 1 + below(9);
  case 2:
    return region + below(PAGE);
  default:
    // No length that follows reaches beyond the region, where libc's own data may be.
    return region + below(REGION_PAGES - 24) * PAGE;
  }
}

static unsigned long length(void) {
  switch (below(8)) {
  case 0:
    return 0;
  case 1:
    return below(70000);
  default:
    return below(9) * PAGE;
  }
}

/** Some bits: none, one, a few, or all of 32. */
static unsigned long bits(void) {
  switch (below(6)) {
  case 0:
    return 0;
  case 1:
    return 1UL << below(32);
  case 2:
    return below(256);
  case 3:
    return below(1 << 20) << below(12);
  default:
    return (1UL << below(32)) | (1UL << below(32)) | (1UL << below(8));
  }
}

static void random_mmap(void) {
  // Never over memory that is not ours: MAP_FIXED only within the region.
  unsigned long flags = bits();
  if (below(2)) flags = (flags & ~15UL) | MAP_ANONYMOUS | (1 + below(2));
  const unsigned long where = region + below(REGION_PAGES - 9) * PAGE;
  const unsigned long at = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? where : address();
  flags &= ~(unsigned long)(MAP_LOCKED | MAP_GROWSDOWN);
  const unsigned long prot = below(3) ? below(8) : bits();
  const unsigned long fd = below(3) ? ~0UL : below(9) + 100;
  call(NR_MMAP, at, length() % (9 * PAGE), prot, flags, fd, MAP_OFFSET(below(3) ? 0 : below(1000)),
       0);
}

static void random_mremap(void) {
  const unsigned long from = region + below(REGION_PAGES / 2) * PAGE;
  const unsigned long to = region + (REGION_PAGES / 2 + below(REGION_PAGES / 2 - 9)) * PAGE;
  const unsigned long flags = below(4) ? below(8) : bits();
  call(SYS_mremap, from + (below(9) ? 0 : 1), below(9) * PAGE, below(9) * PAGE, flags, to, 0, 0);
}

static void random_limit(void) {
  const unsigned long resource = below(4) ? below(16) : bits();
  static const uint64_t values[] = {0, 1, 1023, 1024, 1025, 2048, 3 << 20, 0xffffffff, 1ULL << 32,
                                    5ULL << 32, ~0ULL};
  const unsigned long where[] = {0, 1, (unsigned long)buffer, (unsigned long)buffer};
  uint64_t *wide = (uint64_t *)buffer;
  unsigned long *narrow = (unsigned long *)buffer;
  switch (below(4)) {
  case 0:
    call(SYS_getrlimit, resource, where[below(4)], 0, 0, 0, 0, 2 * sizeof(long));
    break;
#ifdef SYS_ugetrlimit
  case 1:
    call(SYS_ugetrlimit, resource, where[below(4)], 0, 0, 0, 0, 2 * sizeof(long));
    break;
#endif
  case 2:
    // More than the maximum: refused, so that the program lives on.
    narrow[0] = (unsigned long)values[1 + below(10)] | 1;
    narrow[1] = narrow[0] > 1 ? (unsigned long)values[below(2)] : 0;
    call(SYS_setrlimit, resource, where[below(4)], 0, 0, 0, 0, 2 * sizeof(long));
    break;
  default:
    wide[0] = values[1 + below(10)];
    wide[1] = wide[0] - 1;
    wide[2] = wide[3] = 7;
    call(SYS_prlimit64, below(4) ? 0 : below(100000) + 5000000, resource, where[below(4)],
         below(2) ? 0 : (unsigned long)buffer + 16, 0, 0, 32);
  }
}

static void random_call(void) {
  switch (below(16)) {
  case 0: {
    static const long steps[] = {0, 1, 4095, 4096, 65536, 1, 65536};
    const unsigned long none[6] = {0};
    const unsigned long now = (unsigned long)raw(SYS_brk, none);
    note("%lx 0 0 0 0 0 0 %lx\n", (unsigned long)SYS_brk, now);
    call(SYS_brk, below(3) ? now + (unsigned long)steps[below(7)] : below(9), 0, 0, 0, 0, 0, 0);
    break;
  }
  case 1:
  case 2:
  case 3:
  case 4:
    random_mmap();
    break;
  case 5:
    call(SYS_munmap, below(3) ? address() & ~1UL : 1, below(9) * PAGE * below(2), 0, 0, 0, 0, 0);
    break;
  case 6:
    random_mremap();
    break;
  case 7:
    call(below(2) ? SYS_mprotect : SYS_madvise, region + 1, huge(), 1, 0, 0, 0, 0);
    break;
  case 8:
    call(SYS_mprotect, address(), length(), below(2) ? below(8) : bits(), 0, 0, 0, 0);
    break;
  case 9:
    call(SYS_madvise, address(), length(), below(4) ? below(28) : bits(), 0, 0, 0, 0);
    break;
  case 10:
    call(SYS_msync, address(), length(), below(4) ? below(9) : bits(), 0, 0, 0, 0);
    break;
  case 11: {
    const unsigned long vectors[] = {0, 1, (unsigned long)buffer, (unsigned long)buffer};
    call(SYS_mincore, region + below(9) * PAGE, below(40) * PAGE, vectors[below(4)], 0, 0, 0, 64);
    break;
  }
  case 12:
    call(below(2) ? SYS_mlock : SYS_munlock, address(), length(), 0, 0, 0, 0, 0);
    break;
  case 13:
    call(SYS_mlock2, address(), length(), below(2) ? below(3) : bits(), 0, 0, 0, 0);
    break;
  case 14:
    if (below(2)) call(SYS_munlockall, 0, 0, 0, 0, 0, 0, 0);
    else call(SYS_mlockall, below(2) ? 0 : bits() | 8, 0, 0, 0, 0, 0, 0);
    break;
  default:
    random_limit();
  }
}

#include "strace-file-calls.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#define PR_SET_VMA 0x53564d41

/**
 * A name for PR_SET_VMA, now and then with bytes that strace has to escape, or longer than it
 * shows.
 */
static void random_name(void) {
  static const char odd[] = "\t\n\"\\\033\001\177\377 7`$[]";
  const unsigned long length = below(4) ? below(12) : 28 + below(8);
  for (unsigned long i = 0; i < length; i++)
    buffer[i] = below(4) ? (unsigned char)('a' + below(26)) : (unsigned char)odd[below(14)];
  buffer[length] = 0;
}

static void random_policy(void) {
  static const unsigned long most[] = {0, 1, 2, 31, 32, 33, 34, 64, 65, 66, 97, 129, 1025, 2049};
  const unsigned long where[] = {0, 1, (unsigned long)buffer, (unsigned long)buffer};
  memset(buffer, 0, sizeof buffer);
  for (unsigned long i = below(4); i < sizeof buffer; i += 1 + below(100)) buffer[i] = (unsigned char)below(256);
  const unsigned long mode = below(4) ? below(7) : bits();
  call(SYS_mbind, region + below(9) * PAGE, below(9) * PAGE, mode | (below(7) << 13), where[below(4)],
       most[below(14)], below(4) ? below(8) : bits(), 512);
}

/** The calls that came to this list last. */
static void later_call(void) {
  switch (below(6)) {
  case 0:
  case 1:
    random_policy();
    break;
  case 2:
    call(SYS_remap_file_pages, address(), length(), below(3) ? 0 : below(2) ? ~0UL << below(31) : bits(),
         below(99), bits(), 0, 0);
    break;
  case 3: {
    const unsigned long where[] = {0, 1, (unsigned long)buffer, (unsigned long)buffer};
    random_name();
    call(SYS_prctl, PR_SET_VMA, below(4) ? 0 : bits(), address(), length(), where[below(4)], 0, 128);
    break;
  }
  case 4:
    call(below(2) ? SYS_getpid : SYS_gettid, 0, 0, 0, 0, 0, 0, 0);
    break;
  default:
    // Nothing is sealed: it could not be mapped anew after that.
    call(SYS_mseal, address() | 1, length(), below(2), below(3), below(2), 0, 0);
  }
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  open_files();
  region = (unsigned long)mmap(NULL, REGION_PAGES * PAGE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned long bit = 0; bit < 32; bit++) {
    call(NR_MMAP, region, 0, 1UL << bit, MAP_PRIVATE, ~0UL, 0, 0);
    call(NR_MMAP, region, 0, 0, 1UL << bit, ~0UL, 0, 0);
    call(SYS_mremap, region, 0, 0, 1UL << bit, 0, 0, 0);
    call(SYS_msync, region, 0, 1UL << bit, 0, 0, 0, 0);
    call(SYS_mprotect, 1, 0, 1UL << bit, 0, 0, 0, 0);
  }
  call(NR_MMAP, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0, 0);
  call(SYS_mremap, 1, 2, 3, 0xffffffff, 4, 0, 0);
  call(SYS_msync, 1, 2, 0xffffffff, 0, 0, 0, 0);
  call(SYS_mprotect, 1, 2, 0xffffffff, 0, 0, 0, 0);
  call(SYS_mlockall, 0xffffffff, 0, 0, 0, 0, 0, 0);
  call(SYS_mlock2, 1, 2, 0xffffffff, 0, 0, 0, 0);
  for (unsigned long advice = 0; advice < 104; advice++)
    call(SYS_madvise, 1, 0, advice, 0, 0, 0, 0);
  buffer[0] = buffer[31] = 1;
  for (unsigned long pages = 30; pages < 35; pages++)
    call(SYS_mincore, region, pages * PAGE, (unsigned long)buffer, 0, 0, 0, 64);
  for (int i = 0; i < 1500; i++) random_call();
  file_calls();
  call(SYS_prctl, 0x1234, 0, 1, 2, 3, 4, 0);
  for (int i = 0; i < 600; i++) later_call();
  const int out = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  for (size_t done = 0; done < log_length;) {
    const ssize_t written = write(out, log_text + done, log_length - done);
    if (written <= 0) return 1;
    done += (size_t)written;
  }
  // Not closed: that would be a call more than are noted.
  return 0;
}
