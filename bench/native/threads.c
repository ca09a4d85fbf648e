/* The loads of thread-loads.h on the C library's allocator, or on none, on one thread or on two.
   Build:

     gcc -O2 -fno-builtin -pthread [-m32] [-DNO_ALLOCATOR] threads.c -o threads

     threads LOAD THREADS SECONDS SLICE

   LOAD is one of thread-loads.h's or `ball`. It warms up for as long as it measures, starts all
   threads together and prints the millions of calls of malloc and free that all of them made in a
   second. A fresh process for each measurement is a fresh heap. */

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifdef NO_ALLOCATOR
#define ALLOCATE(thread, bytes) array_place (thread, bytes)
#define RELEASE(thread, block) ((void) (thread), (void) (block))
#define IS_DAMAGED(thread) ((void) (thread), 0)
#else
#define ALLOCATE(thread, bytes) malloc (bytes)
#define RELEASE(thread, block) free (block)
#define IS_DAMAGED(thread) (damaged (thread) > 0)
#endif
#define LOAD(name) static __attribute__ ((noinline))
#include "thread-loads.h"

typedef uint32_t (*slice_function) (struct thread *, uint32_t);

enum { MOST_THREADS = 64 };

static struct ring ring;
static double seconds;
static uint32_t slice;
static atomic_int waiting;

struct job
{
  pthread_t id;
  slice_function run;
  struct thread *thread;
  double calls_per_second;
};

static double
now (void)
{
  struct timespec time;
  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void
meet (void)
{
  atomic_fetch_sub (&waiting, 1);
  while (atomic_load (&waiting) > 0)
    sched_yield ();
}

static double
run_for (struct job *job)
{
  double begin = now (), passed, calls = 0;
  do
    {
      calls += job->run (job->thread, slice);
      passed = now () - begin;
    }
  while (passed < seconds);
  return calls / passed;
}

static void *
work (void *argument)
{
  struct job *job = argument;
  run_for (job);
  meet ();
  job->calls_per_second = run_for (job);
  return NULL;
}

/* How long a cache line is on its way from core to core: a ball goes back and forth. Calls are
   touches. */
static _Atomic uint32_t ball;

static uint32_t
hit (uint32_t side, uint32_t iterations)
{
  uint32_t hits = 0;
  for (uint32_t i = 0; i < iterations; i++)
    if ((atomic_load (&ball) & 1) == side)
      {
        atomic_fetch_add (&ball, 1);
        hits++;
      }
  return hits;
}

static uint32_t
ping (struct thread *thread, uint32_t iterations)
{
  (void) thread;
  return hit (0, iterations);
}

static uint32_t
pong (struct thread *thread, uint32_t iterations)
{
  (void) thread;
  return hit (1, iterations);
}

/* What thread `number` of `threads` does. */
static slice_function
slices_of (const char *load, int number, int threads)
{
  if (strcmp (load, "private_small") == 0)
    return private_small;
  if (strcmp (load, "private_same") == 0)
    return private_same;
  if (strcmp (load, "private_large") == 0)
    return private_large;
  if (strcmp (load, "mstress") == 0)
    return mstress;
  if (strcmp (load, "pair") == 0)
    return pair;
  if (strcmp (load, "ball") == 0 && threads == 2)
    return number == 0 ? ping : pong;
  if (strcmp (load, "ring") != 0 || threads > 2)
    return NULL;
  return threads == 1 ? ring_both : number == 0 ? ring_produce : ring_consume;
}

int
main (int argc, char **argv)
{
  static struct job jobs[MOST_THREADS];
  double calls = 0;
  int threads = argc == 5 ? atoi (argv[2]) : 0;
  if (threads < 1 || threads > MOST_THREADS || slices_of (argv[1], 0, threads) == NULL)
    {
      fprintf (stderr, "threads: see threads.c\n");
      return 2;
    }
  seconds = atof (argv[3]);
  slice = (uint32_t) atoi (argv[4]);
  atomic_store (&waiting, threads);
  for (int i = 0; i < threads; i++)
    {
      size_t bytes = 2 << 20;
      void *place = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (place == MAP_FAILED)
        return 1;
      jobs[i].thread = place;
      jobs[i].run = slices_of (argv[1], i, threads);
      prepare (jobs[i].thread, &ring, (uint32_t) i + 1);
      if (pthread_create (&jobs[i].id, NULL, work, &jobs[i]) != 0)
        return 1;
    }
  for (int i = 0; i < threads; i++)
    {
      pthread_join (jobs[i].id, NULL);
      calls += jobs[i].calls_per_second;
      if (strncmp (argv[1], "private", 7) == 0 && IS_DAMAGED (jobs[i].thread))
        return 1;
    }
  printf ("%.3f\n", calls / 1e6);
  return 0;
}
