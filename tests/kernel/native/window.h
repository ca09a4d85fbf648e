// window.h: what the kernel says about the part of the address space that a sequence works in, and
// about the whole process.
//
// The window is WINDOW_PAGES pages from window_base. Its regions come from /proc/self/smaps, read
// from the front until it is passed (it lies below everything else, or right behind the program),
// resident pages from mincore, sizes from /proc/self/status.
#ifndef WINDOW_H
#define WINDOW_H
#include <stdio.h>
#include "../../../recorder/io.h"

#ifndef PAGE
#define PAGE 4096ul
#endif
#define WINDOW_PAGES 64

typedef struct {
  long start, pages, pgoff;  // in pages; start from the window's first
  int read, write, exec, shared, locked;
  unsigned long inode;
  char flags[100];  // VmFlags' two-letter codes without spaces
} Vma;

typedef struct {
  int count;
  Vma vma[WINDOW_PAGES];
  signed char at[WINDOW_PAGES];  // which region a page is in, -1 for none
  uint64_t resident;             // a bit a page
  long size, locked, data;       // VmSize, VmLck, VmData in pages
} Snapshot;

static uintptr_t window_base;
static unsigned long inodes[4096];  // shared mappings' files in order of appearance; each is one mmap call's
static long inode_pages[4096];      // their sizes
static int inode_count;

static inline int inode_ordinal(unsigned long inode) {
  for (int i = 0; i < inode_count; i++)
    if (inodes[i] == inode) return i;
  if (inode_count == 4096) die("too many shared mappings", NULL);
  inodes[inode_count] = inode;
  inode_pages[inode_count] = -1;
  return inode_count++;
}

// Reads a /proc file line by line. Returns NULL at its end.
typedef struct {
  int fd;
  size_t at, end;
  char bytes[1 << 15];
} Lines;

static char *next_line(Lines *r) {
  for (;;) {
    char *newline = memchr(r->bytes + r->at, '\n', r->end - r->at);
    if (newline) {
      char *line = r->bytes + r->at;
      *newline = 0;
      r->at = (size_t)(newline - r->bytes) + 1;
      return line;
    }
    memmove(r->bytes, r->bytes + r->at, r->end - r->at);
    r->end -= r->at;
    r->at = 0;
    ssize_t got = read(r->fd, r->bytes + r->end, sizeof r->bytes - r->end);
    if (got <= 0) return NULL;
    r->end += (size_t)got;
  }
}

static Lines lines;

static void open_lines(const char *path) {
  lines.fd = open(path, O_RDONLY | O_CLOEXEC);
  lines.at = lines.end = 0;
  if (lines.fd < 0) die("can't open", path);
}

// The value in pages of a status line such as `VmSize:	 1234 kB`.
static long kib_pages(const char *line, const char *label, long otherwise) {
  size_t n = strlen(label);
  return strncmp(line, label, n) ? otherwise : strtol(line + n, NULL, 10) / 4;
}

static void read_sizes(Snapshot *s) {
  open_lines("/proc/self/status");
  for (char *line; (line = next_line(&lines));) {
    s->size = kib_pages(line, "VmSize:", s->size);
    s->locked = kib_pages(line, "VmLck:", s->locked);
    s->data = kib_pages(line, "VmData:", s->data);
  }
  close(lines.fd);
}

// A header line of smaps inside the window becomes the next region. Returns 1 when the window is
// passed.
static int take_region(Snapshot *s, const char *line) {
  unsigned long start, end, offset, inode;
  char perms[8];
  if (sscanf(line, "%lx-%lx %7s %lx %*s %lu", &start, &end, perms, &offset, &inode) != 5) die("odd smaps line", line);
  if (start >= window_base + WINDOW_PAGES * PAGE) return 1;
  if (end <= window_base) return 0;
  if (start < window_base || end > window_base + WINDOW_PAGES * PAGE) die("a region leaves the window", line);
  Vma *v = &s->vma[s->count];
  *v = (Vma){.start = (long)((start - window_base) / PAGE),
             .pages = (long)((end - start) / PAGE),
             .pgoff = (long)(offset / PAGE),
             .read = perms[0] == 'r',
             .write = perms[1] == 'w',
             .exec = perms[2] == 'x',
             .shared = perms[3] == 's',
             .inode = inode};
  for (long page = v->start; page < v->start + v->pages; page++) s->at[page] = (signed char)s->count;
  s->count++;
  return 0;
}

static void take_flags(Vma *v, const char *codes) {
  char *out = v->flags;
  for (; *codes; codes++)
    if (*codes != ' ' && out < v->flags + sizeof v->flags - 1) *out++ = *codes;
  *out = 0;
  for (char *code = v->flags; *code; code += 2) v->locked |= code[0] == 'l' && code[1] == 'o';
}

static void read_window(Snapshot *s) {
  s->count = 0;
  memset(s->at, -1, sizeof s->at);
  int before = 0;
  open_lines("/proc/self/smaps");
  for (char *line; (line = next_line(&lines));) {
    if (line[0] < 'A' || line[0] > 'Z') {
      before = s->count;
      if (take_region(s, line)) break;
    } else if (s->count > before && !strncmp(line, "VmFlags:", 8)) {
      take_flags(&s->vma[s->count - 1], line + 8);
    }
  }
  close(lines.fd);
}

static void read_resident(Snapshot *s) {
  unsigned char vector[WINDOW_PAGES];
  s->resident = 0;
  for (int i = 0; i < s->count; i++) {
    const Vma *v = &s->vma[i];
    if (mincore((void *)(window_base + (uintptr_t)v->start * PAGE), (size_t)v->pages * PAGE, vector)) die("mincore", NULL);
    for (long page = 0; page < v->pages; page++) s->resident |= (uint64_t)(vector[page] & 1) << (v->start + page);
  }
}

static inline void read_snapshot(Snapshot *s) {
  read_window(s);
  read_resident(s);
  read_sizes(s);
}

// What changed since `old`, one line each: V regions, R resident pages (bits, the lowest is page
// 0), S sizes since the start.
static char *put_changes(char *p, const Snapshot *s, const Snapshot *old, const Snapshot *first) {
  char now[1 << 14], *q = now;
  static char last[1 << 14];
  *q++ = 'V';
  for (int i = 0; i < s->count; i++) {
    const Vma *v = &s->vma[i];
    q += sprintf(q, " %lx+%lx%c%c%c%c", v->start, v->pages, v->read ? 'r' : '-', v->write ? 'w' : '-',
                 v->exec ? 'x' : '-', v->shared ? 's' : 'p');
    if (v->shared) q += sprintf(q, "@%lx#%d", v->pgoff, inode_ordinal(v->inode));
    q += sprintf(q, ":%s", v->flags);
  }
  *q = 0;
  if (!old || strcmp(now, last)) p += sprintf(p, "%s\n", now);
  strcpy(last, now);
  if (!old || s->resident != old->resident) p += sprintf(p, "R %lx\n", s->resident);
  if (!old || s->size != old->size || s->locked != old->locked || s->data != old->data)
    p += sprintf(p, "S %ld %ld %ld\n", s->size - first->size, s->locked - first->locked, s->data - first->data);
  return p;
}
#endif
