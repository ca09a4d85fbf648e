// files: run seeded random sequences of calls on mappings of files on this machine's kernel and
// write down what it did.
//
// Build:  gcc -std=gnu11 -O2 -o files files.c
// Use:    files FOLDER FIRST COUNT [STEPS]
//   FOLDER  where two files may be made (a disk's file system: others count their pages
//           differently)
//   FIRST   the first sequence's seed; COUNT sequences with the seeds from there on; STEPS calls in
//           each (50)
//
// The output's format: tests/kernel/README.md. What linear memory cannot do is not drawn: two
// shared mappings of one page of a file, and looking at a private page whose file was written to
// since it was mapped.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "files-seen.h"

static long mapped_at[WINDOW_PAGES];        // the step that filled a page
static long changed_at[FILES][FILE_PAGES];  // the last step that wrote to a file's page
static long now;

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

static const char *error_name(void) {
  const char *name = strerrorname_np(errno);
  return name ? name : "?";
}

static const Vma *any_region(void) { return region_count ? &regions[from_to(0, region_count - 1)] : NULL; }

typedef struct {
  long start, pages;
} Range;

static Range any_range(void) {
  long start = from_to(0, WINDOW_PAGES - 1), most = WINDOW_PAGES - start;
  return (Range){start, from_to(1, most < 10 ? most : 10)};
}

static Range mapped_range(void) {
  const Vma *v = any_region();
  if (!v || chance(9)) return any_range();
  long from = chance(50) ? 0 : from_to(0, v->pages - 1), to = chance(50) ? v->pages : from_to(from + 1, v->pages);
  return (Range){v->start + from, to - from};
}

// Whether a shared mapping of these pages of a file would be a second one, apart from what lies in
// the range that it replaces.
static int is_aliased(int file, long pgoff, long pages, Range replaced) {
  for (int i = 0; i < region_count; i++) {
    const Vma *v = &regions[i];
    if (!v->shared || v->file != file) continue;
    for (long page = v->start; page < v->start + v->pages; page++) {
      long there = v->pgoff + page - v->start;
      int goes = page >= replaced.start && page < replaced.start + replaced.pages;
      if (!goes && there >= pgoff && there < pgoff + pages) return 1;
    }
  }
  return 0;
}

static char *put_result(char *p, long result, int is_address) {
  if (result == -1) return p + sprintf(p, " = -%s", error_name());
  return is_address ? p + sprintf(p, " = @%lx", result - BASE) : p + sprintf(p, " = %lx", result);
}

static void note_filled(Range r, long step) {
  for (long page = r.start; page < r.start + r.pages && page < WINDOW_PAGES; page++) mapped_at[page] = step;
}

static void note_changed(int file, long from, long to) {
  for (long page = from / PAGE; page < FILE_PAGES && page * PAGE < to; page++) changed_at[file][page] = now;
}

static char *do_mmap(char *p) {
  Range r = any_range();
  int d = (int)from_to(0, DESCRIPTORS - 1), file = OPENED[d].file;
  long pgoff = from_to(0, FILE_PAGES - 2), prot = PICK(0, 1, 1, 3, 3, 3, 5), flags = chance(60) ? MAP_SHARED : MAP_PRIVATE;
  int fd = d;
  if (flags == MAP_SHARED && OPENED[d].flags == O_RDONLY && chance(80)) prot &= ~PROT_WRITE;
  if (chance(15)) flags |= PICK(MAP_NORESERVE, MAP_POPULATE, MAP_LOCKED);
  if (chance(6)) flags = PICK(0, 3, 3 | 1 << 22, 3 | 1 << 22, MAP_SHARED | MAP_GROWSDOWN, MAP_PRIVATE | MAP_GROWSDOWN, MAP_PRIVATE | MAP_HUGETLB);
  if (chance(15)) fd = -1, flags = (flags | MAP_ANONYMOUS) & ~MAP_HUGETLB;
  if (chance(3)) fd = 99;
  flags |= chance(80) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
  if (flags & MAP_SHARED && fd == d && file < FILES && is_aliased(file, pgoff, r.pages, flags & MAP_FIXED ? r : (Range){0, 0})) return NULL;
  p += sprintf(p, "mmap @%lx %lx %lx %lx %d %lx", r.start * PAGE, r.pages * PAGE, prot, flags, fd, pgoff);
  long result = (long)mmap((void *)(BASE + r.start * PAGE), (size_t)(r.pages * PAGE), (int)prot, (int)flags, fd == d ? descriptors[d] : fd, pgoff * PAGE);
  if (result != -1) note_filled(r, now);
  return put_result(p, result, 1);
}

static char *do_mremap(char *p) {
  const Vma *v = any_region();
  if (!v) return NULL;
  Range r = mapped_range();
  if (at[r.start] < 0) return NULL;
  v = &regions[(int)at[r.start]];
  long pages = chance(50) ? r.pages : from_to(1, r.pages + 4), flags = PICK(0, 1, 3, 3, 7);
  long to = from_to(0, WINDOW_PAGES - 1);
  if (r.start + pages > WINDOW_PAGES || flags == 1) flags &= ~1, pages = r.pages < pages ? r.pages : pages;
  if (to + pages > WINDOW_PAGES) to = WINDOW_PAGES - pages;
  if (flags & 2) flags |= 1;
  // Moved shared memory leaves nothing behind that could be seen twice, and its neighbours in the
  // file are not mapped.
  for (long page = r.start; page < r.start + r.pages && page < WINDOW_PAGES; page++)
    if (at[page] >= 0 && regions[(int)at[page]].shared) flags &= ~4;
  long first = v->pgoff + r.start - v->start;
  if (pages > r.pages && v->shared && (v->file < 0 || v->file == FILES || is_aliased(v->file, first + r.pages, pages - r.pages, (Range){0, 0}))) return NULL;
  if (flags & 4) pages = r.pages;
  p += sprintf(p, "mremap @%lx %lx %lx %lx @%lx", r.start * PAGE, r.pages * PAGE, pages * PAGE, flags, to * PAGE);
  long result = (long)mremap((void *)(BASE + r.start * PAGE), (size_t)(r.pages * PAGE), (size_t)(pages * PAGE), (int)flags, (void *)(BASE + to * PAGE));
  if (result != -1) {
    long place = (result - BASE) / PAGE;
    if (place != r.start) note_filled((Range){place, pages}, -1);
    if (flags & 4) note_filled(r, now);
    if (pages > r.pages) note_filled((Range){place + r.pages, pages - r.pages}, now);
  }
  return put_result(p, result, 1);
}

// Whether a region is what one kind of refusal is about.
static int is_refused(const Vma *v, int kind) {
  if (kind == 0) return strstr(v->flags, "lo") != NULL;
  if (kind == 1) return v->shared && !strstr(v->flags, "mw");
  return v->file >= 0 && v->file < FILES && v->read && (v->pgoff + v->pages - 1) * PAGE >= sizes[v->file];
}

// A call that is refused because of what a region is: locked, of a file that cannot be written,
// longer than its file. NULL without one.
static char *do_refused(char *p) {
  int kind = (int)from_to(0, 2), from = region_count ? (int)from_to(0, region_count - 1) : 0;
  for (int i = 0; i < region_count; i++) {
    const Vma *v = &regions[(from + i) % region_count];
    if (!is_refused(v, kind)) continue;
    void *start = (void *)(BASE + v->start * PAGE);
    size_t length = (size_t)(v->pages * PAGE);
    if (kind == 0) {
      p += sprintf(p, "msync @%lx %lx 2", v->start * PAGE, v->pages * PAGE);
      return put_result(p, msync(start, length, MS_INVALIDATE), 0);
    }
    if (kind == 1) {
      p += sprintf(p, "mprotect @%lx %lx 3", v->start * PAGE, v->pages * PAGE);
      return put_result(p, mprotect(start, length, PROT_READ | PROT_WRITE), 0);
    }
    p += sprintf(p, "madvise @%lx %lx 16", v->start * PAGE, v->pages * PAGE);
    return put_result(p, madvise(start, length, MADV_POPULATE_READ), 0);
  }
  return NULL;
}

// Growth of what is more than one region, where that is not allowed.
static char *do_overgrown(char *p) {
  for (int i = 0; i + 1 < region_count; i++) {
    const Vma *v = &regions[i];
    long pages = v->pages + 1;
    if (v[1].start != v->start + v->pages || v->start + pages + 1 > WINDOW_PAGES) continue;
    p += sprintf(p, "mremap @%lx %lx %lx 1 @0", v->start * PAGE, pages * PAGE, (pages + 1) * PAGE);
    return put_result(p, (long)mremap((void *)(BASE + v->start * PAGE), (size_t)(pages * PAGE), (size_t)((pages + 1) * PAGE), MREMAP_MAYMOVE), 1);
  }
  return NULL;
}

static char *do_range(char *p) {
  if (chance(12)) return chance(75) ? do_refused(p) : do_overgrown(p);
  Range r = mapped_range();
  void *start = (void *)(BASE + r.start * PAGE);
  size_t length = (size_t)(r.pages * PAGE);
  switch (from_to(0, 4)) {
    case 0:
      p += sprintf(p, "munmap @%lx %lx", r.start * PAGE, r.pages * PAGE);
      return put_result(p, munmap(start, length), 0);
    case 1: {
      long prot = PICK(0, 1, 1, 3, 3, 3, 5);
      p += sprintf(p, "mprotect @%lx %lx %lx", r.start * PAGE, r.pages * PAGE, prot);
      return put_result(p, mprotect(start, length, (int)prot), 0);
    }
    case 2: {
      long flags = PICK(0, 1, 2, 4, 4, 6);
      p += sprintf(p, "msync @%lx %lx %lx", r.start * PAGE, r.pages * PAGE, flags);
      return put_result(p, msync(start, length, (int)flags), 0);
    }
    case 3: {
      int is_lock = chance(50);
      if (chance(20)) r = any_range(), start = (void *)(BASE + r.start * PAGE), length = (size_t)(r.pages * PAGE);
      p += sprintf(p, "%s @%lx %lx", is_lock ? "mlock" : "munlock", r.start * PAGE, r.pages * PAGE);
      return put_result(p, is_lock ? mlock(start, length) : munlock(start, length), 0);
    }
    default: {
      long advice = PICK(0, 1, 3, 4, 4, 4, 8, 9, 9, 9, 9, 10, 16, 17, 18, 22, 23, 24, 102, 103);
      for (long page = r.start; page < r.start + r.pages; page++) {
        if (advice == 9 && at[page] >= 0 && regions[(int)at[page]].shared && regions[(int)at[page]].file >= 0 && regions[(int)at[page]].file < FILES) {
          const Vma *v = &regions[(int)at[page]];
          long there = v->pgoff + page - v->start;
          if (there < FILE_PAGES) changed_at[v->file][there] = now;
        }
      }
      p += sprintf(p, "madvise @%lx %lx %lx", r.start * PAGE, r.pages * PAGE, advice);
      long result = madvise(start, length, (int)advice);
      if (result == 0 && (advice == 4 || advice == 24 || advice == 102)) note_filled(r, now);
      return put_result(p, result, 0);
    }
  }
}

static char *do_file(char *p) {
  static unsigned char bytes[PAGE];
  int d = (int)from_to(0, DESCRIPTORS - 1), file = OPENED[d].file;
  long position = from_to(0, FILE_PAGES * PAGE - 1);
  if (file < FILES && chance(60)) position = from_to(0, sizes[file] ? sizes[file] - 1 : 0);
  switch (from_to(0, 3)) {
    case 0: {
      long size = chance(50) ? from_to(0, FILE_PAGES) * PAGE : from_to(0, FILE_PAGES * PAGE);
      p += sprintf(p, "ftruncate %d %lx", d, size);
      long result = ftruncate(descriptors[d], size);
      if (result == 0) note_changed(file, size < sizes[file] ? size : sizes[file], FILE_PAGES * PAGE), sizes[file] = size;
      return put_result(p, result, 0);
    }
    case 1: {
      long length = from_to(1, PAGE), value = from_to(1, 255);
      if (position + length > FILE_PAGES * PAGE) length = FILE_PAGES * PAGE - position;
      memset(bytes, (int)value, (size_t)length);
      p += sprintf(p, "pwrite %d %lx %lx %lx", d, length, position, value);
      long result = pwrite(descriptors[d], bytes, (size_t)length, position);
      if (result > 0 && file < FILES) {
        note_changed(file, position < sizes[file] ? position : sizes[file], position + length);
        if (position + length > sizes[file]) sizes[file] = position + length;
      }
      return put_result(p, result, 0);
    }
    case 2: {
      bytes[0] = 0;
      p += sprintf(p, "pread %d %lx", d, position);
      long result = pread(descriptors[d], bytes, 1, position);
      p = put_result(p, result, 0);
      return result == 1 ? p + sprintf(p, " %x", bytes[0]) : p;
    }
    default:
      p += sprintf(p, "fsync %d", d);
      return put_result(p, fsync(descriptors[d]), 0);
  }
}

// Whether a byte of a page may be looked at: not a private one whose file changed behind it.
static int is_visible(long page) {
  if (at[page] < 0) return 1;
  const Vma *v = &regions[(int)at[page]];
  long there = v->pgoff + page - v->start;
  if (v->shared || v->file < 0 || v->file == FILES || there >= FILE_PAGES) return 1;
  return mapped_at[page] > changed_at[v->file][there];
}

static char *do_touch(char *p) {
  Range r = mapped_range();
  long page = r.start + from_to(0, r.pages - 1), offset = PICK(0, 0, 1, 100, 4095), value = from_to(1, 255);
  int is_write = chance(60);
  if (!is_visible(page)) return NULL;
  const Vma *v = at[page] < 0 ? NULL : &regions[(int)at[page]];
  if (is_write && v && v->shared && v->write && v->file >= 0 && v->file < FILES) {
    long there = v->pgoff + page - v->start;
    // What is stored behind the end of a file is lost when the kernel likes.
    if (there * PAGE + offset >= sizes[v->file] && there * PAGE < sizes[v->file]) return NULL;
    if (there < FILE_PAGES) changed_at[v->file][there] = now;
  }
  volatile unsigned char *byte = (volatile unsigned char *)(BASE + page * PAGE + offset);
  char *const result = p + sprintf(p, is_write ? "write @%lx %lx" : "read @%lx", page * PAGE + offset, value);
  int number = sigsetjmp(fault_return, 1);
  if (number) return result + sprintf(result, " = %s", number == SIGBUS ? "SIGBUS" : "SIGSEGV");
  if (!is_write) return result + sprintf(result, " = %x", *byte);
  *byte = (unsigned char)value;
  return result + sprintf(result, " = 0");
}

static void open_files(const char *folder) {
  char path[500];
  static unsigned char bytes[FILE_PAGES * PAGE];
  for (int file = 0; file < FILES; file++) {
    snprintf(path, sizeof path, "%s/ptmalloc-wasm-%d-%d", folder, getpid(), file);
    sizes[file] = from_to(0, FILE_PAGES * PAGE);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (long i = 0; i < sizes[file]; i++) bytes[i] = (unsigned char)(file * 7 + i / PAGE * 16 + i % 13);
    if (fd < 0 || fstat(fd, &stats[file])) die("can't make", path);
    // Page by page: what is written at once may come to lie in one large folio, which is unmapped
    // as a whole.
    for (long from = 0; from < sizes[file]; from += PAGE) {
      long length = sizes[file] - from < PAGE ? sizes[file] - from : PAGE;
      if (pwrite(fd, bytes + from, (size_t)length, from) != length) die("can't write", path);
    }
    for (int d = 0; d < DESCRIPTORS; d++)
      if (OPENED[d].file == file &&
          ((descriptors[d] = open(path, OPENED[d].flags)) < 0 || posix_fadvise(descriptors[d], 0, 0, POSIX_FADV_RANDOM)))
        die("can't open", path);
    close(fd);
    unlink(path);
    for (long page = 0; page < FILE_PAGES; page++) changed_at[file][page] = -1;
  }
  descriptors[4] = open("/dev/zero", O_RDWR);
}

static void run(const char *folder, long seed, long steps) {
  static char text[1 << 20], last[1 << 14], regions_now[1 << 14];
  random_state = (uint64_t)seed;
  open_files(folder);
  struct sigaction action = {.sa_handler = on_fault};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  // A page of page tables for the window: without one, Linux does not bring in the last page of a
  // file beside another one.
  volatile char *beside = mmap((void *)(BASE + (1 << 20)), PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (beside == MAP_FAILED) die("mmap", NULL);
  *beside = 1;
  read_regions();
  put_regions(last);
  char *p = text + sprintf(text, "== files %ld\nstart %lx %lx\n", seed, sizes[0], sizes[1]);
  for (now = 1; now <= steps;) {
    char *start = p, *end;
    long draw = from_to(0, 99);
    if (now < 4 || draw < 22) end = do_mmap(p);
    else if (draw < 30) end = do_mremap(p);
    else if (draw < 52) end = do_range(p);
    else if (draw < 68) end = do_file(p);
    else end = do_touch(p);
    if (!end) {
      *start = 0;
      continue;
    }
    p = end + sprintf(end, "\n");
    if (strncmp(start, "ftruncate", 9) == 0 || strncmp(start, "madvise", 7) == 0 || now % 5 == 0)
      for (int file = 0; file < FILES; file++) p = put_file(p, file);
    for (int file = 0; file < FILES; file++) read_file(file);
    read_regions();
    put_regions(regions_now);
    if (strcmp(last, regions_now)) p += sprintf(p, "%s", strcpy(last, regions_now));
    now++;
  }
  write_all(1, text, (size_t)(p - text));
  _exit(0);
}

int main(int argc, char **argv) {
  program = "files";
  if (argc < 4) die("usage: files FOLDER FIRST COUNT [STEPS]", NULL);
  long first = atol(argv[2]), steps = argc > 4 ? atol(argv[4]) : 50;
  for (long seed = first; seed < first + atol(argv[3]); seed++) {
    int status;
    pid_t child = fork();
    if (!child) run(argv[1], seed, steps);
    if (child < 0 || waitpid(child, &status, 0) < 0 || status) die("a sequence failed", argv[2]);
  }
  return 0;
}
