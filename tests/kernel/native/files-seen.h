// files-seen.h: what the kernel says about the window that files.c works in, and about its files.
#ifndef FILES_SEEN_H
#define FILES_SEEN_H
#include <stdio.h>
#include <sys/stat.h>
#include "../../../recorder/io.h"

#define PAGE 4096l
#define WINDOW_PAGES 64
#define FILES 2
#define FILE_PAGES 16
#define BASE 0x1000000l

typedef struct {
  long start, pages, pgoff, rss, anonymous;
  int read, write, shared, file;  // file: index, FILES for /dev/zero, -1 for none
  char permissions[5], flags[100];
} Vma;

static Vma regions[WINDOW_PAGES];
static int region_count;
static signed char at[WINDOW_PAGES];        // which region a page is in, -1 for none
static long sizes[FILES];

// What the descriptors are: number d of the text is the d-th here.
static const struct {
  int file, flags;
} OPENED[] = {{0, O_RDWR}, {0, O_RDONLY}, {1, O_RDWR}, {1, O_WRONLY}, {FILES, O_RDWR}, {0, O_RDWR}};
#define DESCRIPTORS 6
static int descriptors[DESCRIPTORS];
static struct stat stats[FILES];

static void take_header(const char *line, unsigned long start, unsigned long end) {
  Vma *v = &regions[region_count];
  unsigned long offset, inode;
  *v = (Vma){.start = (long)(start - BASE) / PAGE, .pages = (long)(end - start) / PAGE, .file = -1};
  if (sscanf(line, "%*s %4s %lx %*s %lu", v->permissions, &offset, &inode) != 3) die("odd smaps line", line);
  v->pgoff = (long)(offset / PAGE);
  v->read = v->permissions[0] == 'r';
  v->write = v->permissions[1] == 'w';
  v->shared = v->permissions[3] == 's';
  for (int f = 0; f < FILES; f++)
    if (inode == stats[f].st_ino) v->file = f;
  if (strstr(line, "/dev/zero") && !strstr(line, "deleted")) v->file = FILES;
  for (long page = v->start; page < v->start + v->pages; page++) at[page] = (signed char)region_count;
  region_count++;
}

static void read_regions(void) {
  static char line[400];
  FILE *smaps = fopen("/proc/self/smaps", "r");
  if (!smaps) die("can't open", "smaps");
  Vma *v = NULL;
  region_count = 0;
  memset(at, -1, sizeof at);
  while (fgets(line, sizeof line, smaps)) {
    unsigned long start, end;
    if ((line[0] < 'A' || line[0] > 'Z') && sscanf(line, "%lx-%lx", &start, &end) == 2) {
      if (start >= BASE + WINDOW_PAGES * PAGE) break;
      v = end <= BASE ? NULL : &regions[region_count];
      if (v) take_header(line, start, end);
    } else if (v && !strncmp(line, "Rss:", 4)) {
      v->rss = strtol(line + 4, NULL, 10) / 4;
    } else if (v && !strncmp(line, "Anonymous:", 10)) {
      v->anonymous = strtol(line + 10, NULL, 10) / 4;
    } else if (v && !strncmp(line, "VmFlags:", 8)) {
      char *out = v->flags;
      for (char *code = line + 8; *code; code++)
        if (*code != ' ' && *code != '\n') *out++ = *code;
    }
  }
  fclose(smaps);
}

static char *put_regions(char *p) {
  *p++ = 'V';
  for (int i = 0; i < region_count; i++) {
    const Vma *v = &regions[i];
    p += sprintf(p, " %lx+%lx%s", v->start, v->pages, v->permissions);
    if (v->file >= 0 || v->shared) p += sprintf(p, "@%lx#%c", v->pgoff, v->file < 0 ? 's' : v->file == FILES ? 'z' : 'a' + v->file);
    p += sprintf(p, ":%s~%lx,%lx", v->flags, v->rss, v->anonymous);
  }
  return p + sprintf(p, "\n");
}

static unsigned char whole[FILE_PAGES * PAGE];

// Reads a file, so that all its pages are in the page cache: a fault brings in only neighbours that
// are there.
static ssize_t read_file(int file) {
  ssize_t got = pread(descriptors[file * 2], whole, sizeof whole, 0);
  if (got < 0 || got != sizes[file]) die("odd size of a file", NULL);
  return got;
}

// Size and a digest (FNV-1a) of a file.
static char *put_file(char *p, int file) {
  uint32_t digest = 2166136261u;
  ssize_t got = read_file(file);
  for (ssize_t i = 0; i < got; i++) digest = (digest ^ whole[i]) * 16777619u;
  return p + sprintf(p, "F %c %lx %x\n", 'a' + file, (long)got, digest);
}
#endif
