/* The benchmark's loops on the C library's allocator: the same shapes as bench/assembly/loops.ts
   and assembly/replay/loop.ts. Build: gcc -O2 -fno-builtin [-m32] loops.c -o loops

     loops [OPS SLOTS]        OPS: a file of packed operations (struct op), SLOTS: length of the block table

   Reads commands from standard input, one a line, and answers each with one line of nanoseconds:

     surround BYTES                allocate three blocks and free the one in the middle
     pairs ROUNDS BYTES            allocate and free one block, ROUNDS times
     batches ROUNDS BLOCKS BYTES   allocate BLOCKS blocks, then free them in the same order, ROUNDS times
     replay PASSES                 run the operations PASSES times, everything freed in between outside the clock:
                                   one number a pass

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

enum { OP_MALLOC, OP_CALLOC, OP_MEMALIGN, OP_REALLOC, OP_FREE };

struct op
{
  uint32_t id_kind; /* slot of the table * 8 + kind; slot 0 is the id that is never live */
  size_t x;
  size_t y;
};

static const struct op *ops;
static size_t op_count;
static void **blocks;
static size_t slots;

/* What the compiler must not leave out. */
static void *volatile sink;

static double
now (void)
{
  struct timespec time;
  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec * 1e9 + (double) time.tv_nsec;
}

static void *
map (size_t bytes, int fd)
{
  int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE | MAP_POPULATE;
  void *place = mmap (NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (place == MAP_FAILED)
    {
      perror ("loops: mmap");
      exit (1);
    }
  return place;
}

static void
load_trace (const char *file, const char *slot_count)
{
  struct stat status;
  int fd = open (file, O_RDONLY);
  if (fd < 0 || fstat (fd, &status) < 0)
    {
      perror (file);
      exit (1);
    }
  op_count = (size_t) status.st_size / sizeof (struct op);
  slots = strtoul (slot_count, NULL, 10);
  ops = map ((size_t) status.st_size, fd);
  blocks = map (slots * sizeof *blocks, -1);
  close (fd);
}

static __attribute__ ((noinline)) void *
run_ops (const struct op *op, const struct op *end)
{
  void *result = NULL;
  for (; op < end; op++)
    {
      uint32_t kind = op->id_kind & 7;
      void **slot = blocks + (op->id_kind >> 3);
      if (kind == OP_FREE)
        {
          void *block = *slot;
          *slot = NULL;
          free (block);
          result = NULL;
          continue;
        }
      if (kind == OP_MALLOC)
        result = malloc (op->x);
      else if (kind == OP_REALLOC)
        {
          result = realloc (*slot, op->x);
          if (result == NULL && op->x != 0)
            continue;
        }
      else if (kind == OP_CALLOC)
        result = calloc (op->x, op->y);
      else
        result = memalign (op->x, op->y);
      if (slot != blocks)
        *slot = result;
    }
  return result;
}

static void
free_all (void)
{
  for (size_t i = 0; i < slots; i++)
    {
      void *block = blocks[i];
      blocks[i] = NULL;
      if (block != NULL)
        free (block);
    }
}

static void
replay (unsigned passes)
{
  while (passes-- > 0)
    {
      double begin = now ();
      sink = run_ops (ops, ops + op_count);
      printf (passes > 0 ? "%.0f " : "%.0f", now () - begin);
      free_all ();
    }
}

static void
pairs (unsigned rounds, size_t bytes)
{
  void *last = NULL;
  double begin = now ();
  for (unsigned round = 0; round < rounds; round++)
    {
      last = malloc (bytes);
      free (last);
    }
  sink = last;
  printf ("%.0f", now () - begin);
}

static void
surround (size_t bytes)
{
  void *first = malloc (bytes), *middle = malloc (bytes), *last = malloc (bytes);
  free (middle);
  sink = first;
  sink = last;
  printf ("0");
}

static void
batches (unsigned rounds, size_t count, size_t bytes)
{
  static void *table[65536];
  if (count > sizeof table / sizeof *table)
    count = sizeof table / sizeof *table;
  double begin = now ();
  for (unsigned round = 0; round < rounds; round++)
    {
      for (size_t i = 0; i < count; i++)
        table[i] = malloc (bytes);
      for (size_t i = 0; i < count; i++)
        free (table[i]);
    }
  sink = table[0];
  printf ("%.0f", now () - begin);
}

int
main (int argc, char **argv)
{
  static char in[4096], out[65536], line[256];
  unsigned rounds, count, bytes;
  setvbuf (stdin, in, _IOFBF, sizeof in);
  setvbuf (stdout, out, _IOFBF, sizeof out);
  if (argc == 3)
    load_trace (argv[1], argv[2]);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      if (sscanf (line, "surround %u", &bytes) == 1)
        surround (bytes);
      else if (sscanf (line, "pairs %u %u", &rounds, &bytes) == 2)
        pairs (rounds, bytes);
      else if (sscanf (line, "batches %u %u %u", &rounds, &count, &bytes) == 3)
        batches (rounds, count, bytes);
      else if (sscanf (line, "replay %u", &rounds) == 1 && ops != NULL)
        replay (rounds);
      putchar ('\n');
      fflush (stdout);
    }
  return 0;
}
