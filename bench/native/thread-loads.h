/* The loads of the benchmark with threads, in C. bench/assembly/thread-loads.ts has the same ones:
   whatever changes here changes there. Whoever includes this has defined

     ALLOCATE(thread, bytes)   a block
     RELEASE(thread, block)    gives it back
     LOAD (name)               what stands before the function `name`, such as static

   Each load runs in slices: `iterations` steps and back, going on where the last slice ended, and
   answers with the calls of malloc and free that it made. All that it knows lies in memory that the
   host gave: a struct thread, and for the ring a struct ring. */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum
{
  SLOTS = 1024,
  SMALL_SLOTS = 1000,
  RING_SLOTS = 1024,
  BURST = 32,
  ARRAY_BYTES = 1 << 18,
  CACHE_LINE = 64
};

/* One producer, one consumer. Each end has a cache line of its own, and shows the other one whole
   bursts, so that the ring itself costs little: each look at the other's line is a cache miss. */
struct ring
{
  _Atomic uint32_t produced;
  char beside_produced[CACHE_LINE - sizeof (uint32_t)];
  _Atomic uint32_t consumed;
  char beside_consumed[CACHE_LINE - sizeof (uint32_t)];
  unsigned char *blocks[RING_SLOTS];
};

struct thread
{
  struct ring *ring;
  uint32_t random;
  uint32_t live;      /* mstress: blocks in the table */
  uint32_t releasing; /* mstress: the batch is being freed */
  uint32_t produced;  /* ring: as this end knows them */
  uint32_t consumed;
  uint32_t next; /* no allocator: where in the array */
  unsigned char *slots[SLOTS];
  unsigned char array[ARRAY_BYTES];
};

/* "No allocator": the next place of a private array, so that a load's own part, memory included,
   can be measured. */
static inline unsigned char *
array_place (struct thread *thread, uint32_t bytes)
{
  uint32_t place = thread->next;
  uint32_t end = place + ((bytes + 15) & ~15u);
  if (end > ARRAY_BYTES)
    {
      place = 0;
      end = (bytes + 15) & ~15u;
    }
  thread->next = end;
  return thread->array + place;
}

/* xorshift, 32 bits. */
static inline uint32_t
next_random (uint32_t x)
{
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ x << 5;
}

/* The number below `limit` (at most 65,536) that the upper or the lower half of a random number
   stands for. */
static inline uint32_t
below (uint32_t half, uint32_t limit)
{
  return (half * limit) >> 16;
}

/* What the first byte of the block in a slot must be; no two threads agree. */
static inline unsigned char
tag (const struct thread *thread, uint32_t slot)
{
  return (unsigned char) (slot + ((uintptr_t) thread >> 20) * 67);
}

static inline void
replace (struct thread *thread, uint32_t slot, uint32_t bytes)
{
  unsigned char *block = thread->slots[slot];
  if (block != NULL)
    RELEASE (thread, block);
  block = ALLOCATE (thread, bytes);
  block[bytes - 1] = 1;
  block[0] = tag (thread, slot);
  thread->slots[slot] = block;
}

LOAD (prepare) void
prepare (struct thread *thread, struct ring *ring, uint32_t seed)
{
  thread->ring = ring;
  thread->random = seed * 2654435761u | 1;
  thread->live = thread->releasing = thread->produced = thread->consumed = thread->next = 0;
  for (uint32_t slot = 0; slot < SLOTS; slot++)
    thread->slots[slot] = NULL;
}

/* How many blocks in the slots do not begin with what was written there. Not for mstress, which
   moves blocks to other slots. */
static inline uint32_t
damaged (struct thread *thread)
{
  uint32_t count = 0;
  for (uint32_t slot = 0; slot < SLOTS; slot++)
    if (thread->slots[slot] != NULL)
      count += thread->slots[slot][0] != tag (thread, slot);
  return count;
}

/* A block at random out of 1,000 is replaced by one of 16 to 512 bytes. */
LOAD (private_small) uint32_t
private_small (struct thread *thread, uint32_t iterations)
{
  uint32_t random = thread->random;
  for (uint32_t i = 0; i < iterations; i++)
    {
      random = next_random (random);
      replace (thread, below (random & 0xffff, SMALL_SLOTS), 16 + below (random >> 16, 497));
    }
  thread->random = random;
  return 2 * iterations;
}

/* A block at random out of 1,024 is replaced by one of the same size, its slot's: 1,000 to 2,023
   bytes. */
LOAD (private_same) uint32_t
private_same (struct thread *thread, uint32_t iterations)
{
  uint32_t random = thread->random;
  for (uint32_t i = 0; i < iterations; i++)
    {
      random = next_random (random);
      uint32_t slot = random & (SLOTS - 1);
      replace (thread, slot, 1000 + slot);
    }
  thread->random = random;
  return 2 * iterations;
}

/* A block at random out of 1,024 is replaced by one of 1,000 to 2,023 bytes. */
LOAD (private_large) uint32_t
private_large (struct thread *thread, uint32_t iterations)
{
  uint32_t random = thread->random;
  for (uint32_t i = 0; i < iterations; i++)
    {
      random = next_random (random);
      replace (thread, random & (SLOTS - 1), 1000 + (random >> 22));
    }
  thread->random = random;
  return 2 * iterations;
}

/* Out of 16 blocks, 12 of 16 to 271 bytes, three of up to 2 KiB, one of up to 32 KiB. */
static inline uint32_t
mixed_bytes (uint32_t random)
{
  uint32_t kind = random & 15;
  uint32_t limit = kind < 12 ? 256 : kind < 15 ? 2032 : 32752;
  return 16 + below (random >> 16, limit);
}

/* Batches of 1,024 blocks, allocated, then freed in random order. */
LOAD (mstress) uint32_t
mstress (struct thread *thread, uint32_t iterations)
{
  uint32_t random = thread->random;
  uint32_t live = thread->live;
  uint32_t releasing = thread->releasing;
  for (uint32_t i = 0; i < iterations; i++)
    {
      random = next_random (random);
      if (!releasing)
        {
          replace (thread, live, mixed_bytes (random));
          releasing = ++live == SLOTS;
          continue;
        }
      uint32_t slot = below (random >> 16, live--);
      unsigned char *block = thread->slots[slot];
      thread->slots[slot] = thread->slots[live];
      thread->slots[live] = NULL;
      RELEASE (thread, block);
      releasing = live != 0;
    }
  thread->random = random;
  thread->live = live;
  thread->releasing = releasing;
  return iterations;
}

/* A block of 64 bytes and back. */
LOAD (pair) uint32_t
pair (struct thread *thread, uint32_t iterations)
{
  (void) thread;
  for (uint32_t i = 0; i < iterations; i++)
    {
      unsigned char *block = ALLOCATE (thread, 64);
      block[0] = (unsigned char) i;
      RELEASE (thread, block);
    }
  return 2 * iterations;
}

/* Allocates blocks of 16 to 512 bytes and puts them into the ring. A try that finds it full is a
   step, too. */
LOAD (ring_produce) uint32_t
ring_produce (struct thread *thread, uint32_t iterations)
{
  struct ring *ring = thread->ring;
  uint32_t random = thread->random;
  uint32_t produced = thread->produced;
  uint32_t begin = produced;
  for (uint32_t i = 0; i < iterations; i++)
    {
      if (produced - thread->consumed == RING_SLOTS)
        {
          thread->consumed = atomic_load_explicit (&ring->consumed, memory_order_acquire);
          if (produced - thread->consumed == RING_SLOTS)
            continue;
        }
      random = next_random (random);
      uint32_t bytes = 16 + below (random >> 16, 497);
      unsigned char *block = ALLOCATE (thread, bytes);
      block[0] = block[bytes - 1] = 1;
      ring->blocks[produced++ % RING_SLOTS] = block;
      if (produced % BURST == 0)
        atomic_store_explicit (&ring->produced, produced, memory_order_release);
    }
  thread->random = random;
  thread->produced = produced;
  return produced - begin;
}

/* Takes blocks out of the ring and frees them. A try that finds it empty is a step, too. */
LOAD (ring_consume) uint32_t
ring_consume (struct thread *thread, uint32_t iterations)
{
  struct ring *ring = thread->ring;
  uint32_t consumed = thread->consumed;
  uint32_t begin = consumed;
  for (uint32_t i = 0; i < iterations; i++)
    {
      if (thread->produced == consumed)
        {
          thread->produced = atomic_load_explicit (&ring->produced, memory_order_acquire);
          if (thread->produced == consumed)
            continue;
        }
      unsigned char *block = ring->blocks[consumed++ % RING_SLOTS];
      if (consumed % BURST == 0)
        atomic_store_explicit (&ring->consumed, consumed, memory_order_release);
      RELEASE (thread, block);
    }
  thread->consumed = consumed;
  return consumed - begin;
}

/* Both ends by one thread: fills the ring, empties it. */
LOAD (ring_both) uint32_t
ring_both (struct thread *thread, uint32_t iterations)
{
  uint32_t calls = 0;
  for (uint32_t i = 0; i < iterations; i += RING_SLOTS)
    {
      calls += ring_produce (thread, RING_SLOTS);
      calls += ring_consume (thread, RING_SLOTS);
    }
  return calls;
}
