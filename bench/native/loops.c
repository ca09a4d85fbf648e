/* The benchmark's loops on the C library's allocator, or on one that is preloaded: the same shape
   as assembly/replay/loop.ts. Build:
   gcc -O2 -fno-builtin [-m32] [-DTOUCH] [-DNO_ALLOCATOR] loops.c -o loops

     loops [OPS SLOTS [REFUSED]]   OPS: a file of packed operations (struct op), SLOTS: the block
                                   table's length, REFUSED: a file of the operations that may be
                                   refused, numbers of 32 bits

   Reads commands from standard input, one a line, and answers each with one line, of nanoseconds
   where nothing else is said:

     pass           run the operations once
     slices COUNT   run them once, COUNT at a time: a number a slice; then as many numbers of
                    bytes that are resident besides those at the start
     drain          free all that they left: 0
     refused        how many requests were refused so far
     version        whose malloc it is, in words

   Operations and table are mapped, and nothing else here allocates: the heap is the trace's alone.
   */

#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "ops.h"

enum { LEAST_PAGE = 4096 };

/* What the compiler must not leave out. */
static void *volatile sink;

static double
now (void)
{
  struct timespec time;
  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec * 1e9 + (double) time.tv_nsec;
}

/* Its pages are there at once, and have been used, so that none comes while the clock runs: on
   virtual machines the first use of one costs microseconds even where the kernel has mapped it. */
static void *
map (size_t bytes, int fd)
{
  int flags = MAP_PRIVATE | MAP_POPULATE | (fd < 0 ? MAP_ANONYMOUS : 0);
  void *place = mmap (NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (place == MAP_FAILED)
    {
      perror ("loops: mmap");
      exit (1);
    }
  for (size_t at = 0; at < bytes; at += LEAST_PAGE)
    ((volatile unsigned char *) place)[at] = ((volatile unsigned char *) place)[at];
  return place;
}

static void *
map_file (const char *file, size_t *bytes)
{
  struct stat status;
  int fd = open (file, O_RDONLY);
  if (fd < 0 || fstat (fd, &status) < 0)
    {
      perror (file);
      exit (1);
    }
  *bytes = (size_t) status.st_size;
  void *place = *bytes == 0 ? NULL : map (*bytes, fd);
  close (fd);
  return place;
}

static int statm = -1;
static double resident_at_start;

/* Bytes of all pages that the process has. */
static double
resident (void)
{
  char text[128];
  ssize_t length = statm < 0 ? -1 : pread (statm, text, sizeof text - 1, 0);
  unsigned long pages;
  if (length <= 0)
    return 0;
  text[length] = '\0';
  if (sscanf (text, "%*u %lu", &pages) != 1)
    return 0;
  return (double) pages * (double) sysconf (_SC_PAGESIZE);
}

/* What slices () answers: nanoseconds, then bytes. */
static double *slice_times;

static void
load_trace (char **names, int count)
{
  size_t bytes;
  ops = map_file (names[0], &bytes);
  op_count = bytes / sizeof (struct op);
  slots = strtoul (names[1], NULL, 10);
  blocks = map (slots * sizeof *blocks, -1);
  if (count > 2)
    {
      expected_refusals = map_file (names[2], &bytes);
      expected_count = bytes / sizeof *expected_refusals;
    }
  slice_times = map ((op_count + 1) * 2 * sizeof *slice_times, -1);
  statm = open ("/proc/self/statm", O_RDONLY);
  resident_at_start = resident ();
}

static double
pass (void)
{
  double begin = now ();
  sink = run_ops (ops, ops + op_count);
  return now () - begin;
}

static void
slices (size_t count)
{
  size_t made = 0, all = count == 0 ? 0 : (op_count + count - 1) / count;
  for (size_t at = 0; made < all; at += count, made++)
    {
      size_t end = at + count < op_count ? at + count : op_count;
      double begin = now ();
      sink = run_ops (ops + at, ops + end);
      slice_times[made] = now () - begin;
      slice_times[all + made] = resident () - resident_at_start;
    }
  for (size_t i = 0; i < 2 * all; i++)
    printf (i > 0 ? " %.0f" : "%.0f", slice_times[i]);
}

/* What may have been preloaded. */
extern int mallctl (const char *, void *, size_t *, void *, size_t) __attribute__ ((weak));
extern int mi_version (void) __attribute__ ((weak));

static void
print_version (void)
{
  const char *text = NULL;
  size_t bytes = sizeof text;
#ifdef NO_ALLOCATOR
  printf ("no allocator");
  return;
#endif
  if (mallctl != NULL && mallctl ("version", &text, &bytes, NULL, 0) == 0)
    printf ("jemalloc %.*s", (int) strcspn (text, "-"), text);
  else if (mi_version != NULL)
    printf ("mimalloc %d", mi_version ());
  else
#ifdef __GLIBC__
    printf ("glibc %s", gnu_get_libc_version ());
#else
    printf ("C library");
#endif
}

static void
run_command (const char *line)
{
  unsigned count;
  if (strncmp (line, "version", 7) == 0)
    print_version ();
  else if (blocks == NULL)
    return;
  else if (sscanf (line, "slices %u", &count) == 1)
    slices (count);
  else if (strncmp (line, "pass", 4) == 0)
    printf ("%.0f", pass ());
  else if (strncmp (line, "refused", 7) == 0)
    printf ("%zu", refused);
  else if (strncmp (line, "drain", 5) == 0)
    {
      free_all ();
      printf ("0");
    }
}

int
main (int argc, char **argv)
{
  static char in[4096], out[65536], line[256];
  /* Their pages are there before the process's are counted. */
  memset (out, 1, sizeof out);
  setvbuf (stdin, in, _IOFBF, sizeof in);
  setvbuf (stdout, out, _IOFBF, sizeof out);
  if (argc >= 3)
    load_trace (argv + 1, argc - 1);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      run_command (line);
      putchar ('\n');
      fflush (stdout);
    }
  return 0;
}
