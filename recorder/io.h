// io.h: text output, files and memory without stdio and without malloc.
//
// The programs here observe the allocator of the process they run in, so none of their own code may
// ever call it: everything lives in mmap'ed or static memory and leaves through write(2).
#ifndef IO_H
#define IO_H
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

static void write_all(int fd, const char *text, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t got = write(fd, text + done, n - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) _exit(3);
    done += (size_t)got;
  }
}

static inline char *put_str(char *p, const char *s) {
  while (*s) *p++ = *s++;
  return p;
}

static inline char *put_dec(char *p, uint64_t v) {
  char tmp[24];
  int n = 0;
  do tmp[n++] = (char)('0' + v % 10); while (v /= 10);
  while (n) *p++ = tmp[--n];
  return p;
}

static inline char *put_int(char *p, int64_t v) {
  if (v < 0) *p++ = '-';
  return put_dec(p, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static inline char *put_hex(char *p, uint64_t v, int least_digits) {
  char tmp[20];
  int n = 0;
  do tmp[n++] = "0123456789abcdef"[v & 15]; while (v >>= 4);
  while (n < least_digits) tmp[n++] = '0';
  while (n) *p++ = tmp[--n];
  return p;
}

static const char *program = "oracle";

static void __attribute__((noreturn)) die(const char *what, const char *argument) {
  char line[1024], *p = put_str(put_str(line, program), ": ");
  p = put_str(p, what);
  if (argument && strlen(argument) < 300) p = put_str(put_str(p, ": "), argument);
  *p++ = '\n';
  write_all(2, line, (size_t)(p - line));
  _exit(2);
}

static void *map_bytes(size_t n, int sharing) {
  void *p = mmap(NULL, n ? n : 1, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) die("mmap failed", NULL);
  return p;
}

// The whole of a file ("-": standard input), with a zero byte behind it.
static inline char *read_all(const char *path, size_t *len) {
  int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : 0;
  if (fd < 0) die("can't open", path);
  size_t cap = 1 << 20, n = 0;
  char *text = map_bytes(cap, MAP_PRIVATE);
  for (;;) {
    if (n + 1 >= cap) {
      text = mremap(text, cap, cap * 2, MREMAP_MAYMOVE);
      if (text == MAP_FAILED) die("mremap failed", NULL);
      cap *= 2;
    }
    ssize_t got = read(fd, text + n, cap - n - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) die("can't read", path);
    if (got == 0) break;
    n += (size_t)got;
  }
  if (fd) close(fd);
  text[n] = 0;
  *len = n;
  return text;
}

// Runs this program again without address randomisation (where the system refuses, randomised does
// as well).
static inline void without_randomisation(char **argv, char **envp) {
  int persona = personality(0xffffffff);
  if (persona == -1 || (persona & ADDR_NO_RANDOMIZE)) return;
  if (personality((unsigned long)persona | ADDR_NO_RANDOMIZE) != -1) execve("/proc/self/exe", argv, envp);
}

// The kernel's own record of where the brk area began: field 47 of /proc/self/stat, or 0.
static inline uintptr_t kernel_start_brk(void) {
  static char stat[4096];
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, stat, sizeof stat - 1);
  close(fd);
  char *p = n > 0 ? strrchr(stat, ')') : NULL;
  if (!p) return 0;
  p += 2;  // at field 3
  for (int field = 3; field < 47; field++) {
    p = strchr(p, ' ');
    if (!p) return 0;
    p++;
  }
  uintptr_t v = 0;
  while (*p >= '0' && *p <= '9') v = v * 10 + (uintptr_t)(*p++ - '0');
  return v;
}

// Whether the program's loader may have put something of its own there, as old ones do.
static int loader_uses_break;

// Moves the untouched break up to a multiple of `align` and returns it: it plays start_brk.
static inline char *aligned_start_brk(uintptr_t align) {
  uintptr_t now = (uintptr_t)sbrk(0), from_kernel = kernel_start_brk();
  if (from_kernel && from_kernel != now && !loader_uses_break) die("the heap was in use before the first call", NULL);
  if (sbrk((intptr_t)(-now & (align - 1))) == (void *)-1) die("the break can't be moved", NULL);
  return sbrk(0);
}
#endif
