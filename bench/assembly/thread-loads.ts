// The loads of the benchmark with threads, generic over the allocator: the same ones as in
// bench/native/thread-loads.h, step by step; whatever changes here changes there. Each runs in
// slices: `iterations` steps and back, going on where the last slice ended. Returns the calls of
// malloc and free that it made.

const SLOTS: u32 = 1024;
const SMALL_SLOTS: u32 = 1000;
const RING_SLOTS: u32 = 1024;
const BURST: u32 = 32;

/**
 * A ring: one producer, one consumer. Each end has a cache line of its own, and shows the other one
 * whole bursts; the blocks, words, follow.
 */
const PRODUCED: usize = 0;
const CONSUMED: usize = 64;
const RING_BLOCKS: usize = 128;

/**
 * What a load knows, at the begin of the thread's region, 32 bits each; the table of blocks, words,
 * follows. No class has this: the loader refuses modules with structs that it does not know.
 */
const RING_AT: usize = 0;
const RANDOM: usize = 4;
const LIVE: usize = 8;
const RELEASING: usize = 12;
const PRODUCED_BY_NOW: usize = 16;
const CONSUMED_BY_NOW: usize = 20;
const TABLE: usize = 64;

/** How many bytes from the begin of a region a load may use. */
export const LOAD_BYTES: usize = TABLE + <usize>SLOTS * 8;

function slotOf(thread: usize, slot: u32): usize {
  return thread + TABLE + <usize>slot * sizeof<word>();
}

/** xorshift, 32 bits. */
function nextRandom(x: u32): u32 {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ (x << 5);
}

/**
 * The number below `limit` (at most 65,536) that the upper or the lower half of a random number
 * stands for.
 */
function below(half: u32, limit: u32): u32 {
  return (half * limit) >> 16;
}

/** What the first byte of the block in a slot must be; no two threads agree. */
function tag(thread: usize, slot: u32): u8 {
  return <u8>(slot + <u32>(thread >> 20) * 67);
}

function replace<Allocator extends SmallContestant>(thread: usize, slot: u32, bytes: u32): void {
  const allocator = changetype<Allocator>(0);
  const place = slotOf(thread, slot);
  const old = load<word>(place);
  if (old != 0) allocator.free(old);
  const block = allocator.malloc(<word>bytes);
  store<u8>(<usize>block + bytes - 1, 1);
  store<u8>(<usize>block, tag(thread, slot));
  store<word>(place, block);
}

/** Readies a region, of zeroes. */
export function prepareThread(region: usize, ring: usize, seed: u32): void {
  store<u32>(region, <u32>ring, RING_AT);
  store<u32>(region, (seed * 2654435761) | 1, RANDOM);
}

/**
 * How many blocks in the slots do not begin with what was written there. Not for mstress, which
 * moves blocks to other slots.
 */
export function damagedBlocks(region: usize): u32 {
  let count: u32 = 0;
  for (let slot: u32 = 0; slot < SLOTS; slot++) {
    const block = load<word>(slotOf(region, slot));
    if (block != 0 && load<u8>(<usize>block) != tag(region, slot)) count++;
  }
  return count;
}

/** A block at random out of 1,000 is replaced by one of 16 to 512 bytes. */
export function runPrivateSmall<Allocator extends SmallContestant>(
  region: usize,
  iterations: u32,
): u32 {
  let random = load<u32>(region, RANDOM);
  for (let i: u32 = 0; i < iterations; i++) {
    random = nextRandom(random);
    replace<Allocator>(region, below(random & 0xffff, SMALL_SLOTS), 16 + below(random >> 16, 497));
  }
  store<u32>(region, random, RANDOM);
  return 2 * iterations;
}

/**
 * A block at random out of 1,024 is replaced by one of the same size, its slot's: 1,000 to 2,023
 * bytes.
 */
export function runPrivateSame<Allocator extends SmallContestant>(
  region: usize,
  iterations: u32,
): u32 {
  let random = load<u32>(region, RANDOM);
  for (let i: u32 = 0; i < iterations; i++) {
    random = nextRandom(random);
    const slot = random & (SLOTS - 1);
    replace<Allocator>(region, slot, 1000 + slot);
  }
  store<u32>(region, random, RANDOM);
  return 2 * iterations;
}

/** A block at random out of 1,024 is replaced by one of 1,000 to 2,023 bytes. */
export function runPrivateLarge<Allocator extends SmallContestant>(
  region: usize,
  iterations: u32,
): u32 {
  let random = load<u32>(region, RANDOM);
  for (let i: u32 = 0; i < iterations; i++) {
    random = nextRandom(random);
    replace<Allocator>(region, random & (SLOTS - 1), 1000 + (random >> 22));
  }
  store<u32>(region, random, RANDOM);
  return 2 * iterations;
}

/** Out of 16 blocks, 12 of 16 to 271 bytes, three of up to 2 KiB, one of up to 32 KiB. */
function mixedBytes(random: u32): u32 {
  const kind = random & 15;
  const limit: u32 = kind < 12 ? 256 : kind < 15 ? 2032 : 32752;
  return 16 + below(random >> 16, limit);
}

/** Batches of 1,024 blocks, allocated, then freed in random order. */
export function runMstress<Allocator extends SmallContestant>(region: usize, iterations: u32): u32 {
  const allocator = changetype<Allocator>(0);
  let random = load<u32>(region, RANDOM);
  let live = load<u32>(region, LIVE);
  let releasing = load<u32>(region, RELEASING);
  for (let i: u32 = 0; i < iterations; i++) {
    random = nextRandom(random);
    if (releasing == 0) {
      replace<Allocator>(region, live, mixedBytes(random));
      releasing = u32(++live == SLOTS);
      continue;
    }
    const place = slotOf(region, below(random >> 16, live--));
    const last = slotOf(region, live);
    const block = load<word>(place);
    store<word>(place, load<word>(last));
    store<word>(last, 0);
    allocator.free(block);
    releasing = u32(live != 0);
  }
  store<u32>(region, random, RANDOM);
  store<u32>(region, live, LIVE);
  store<u32>(region, releasing, RELEASING);
  return iterations;
}

/** A block of 64 bytes and back. */
export function runPair<Allocator extends SmallContestant>(iterations: u32): u32 {
  const allocator = changetype<Allocator>(0);
  for (let i: u32 = 0; i < iterations; i++) {
    const block = allocator.malloc(64);
    store<u8>(<usize>block, <u8>i);
    allocator.free(block);
  }
  return 2 * iterations;
}

/**
 * Allocates blocks of 16 to 512 bytes and puts them into the ring. A try that finds it full is a
 * step, too.
 */
export function runProducer<Allocator extends SmallContestant>(
  region: usize,
  iterations: u32,
): u32 {
  const allocator = changetype<Allocator>(0);
  const ring = <usize>load<u32>(region, RING_AT);
  let random = load<u32>(region, RANDOM);
  let produced = load<u32>(region, PRODUCED_BY_NOW);
  const begin = produced;
  for (let i: u32 = 0; i < iterations; i++) {
    if (produced - load<u32>(region, CONSUMED_BY_NOW) == RING_SLOTS) {
      store<u32>(region, atomic.load<u32>(ring + CONSUMED), CONSUMED_BY_NOW);
      if (produced - load<u32>(region, CONSUMED_BY_NOW) == RING_SLOTS) continue;
    }
    random = nextRandom(random);
    const bytes = 16 + below(random >> 16, 497);
    const block = allocator.malloc(<word>bytes);
    store<u8>(<usize>block, 1);
    store<u8>(<usize>block + bytes - 1, 1);
    store<word>(ring + RING_BLOCKS + <usize>(produced++ % RING_SLOTS) * sizeof<word>(), block);
    if (produced % BURST == 0) atomic.store<u32>(ring + PRODUCED, produced);
  }
  store<u32>(region, random, RANDOM);
  store<u32>(region, produced, PRODUCED_BY_NOW);
  return produced - begin;
}

/** Takes blocks out of the ring and frees them. A try that finds it empty is a step, too. */
export function runConsumer<Allocator extends SmallContestant>(
  region: usize,
  iterations: u32,
): u32 {
  const allocator = changetype<Allocator>(0);
  const ring = <usize>load<u32>(region, RING_AT);
  let consumed = load<u32>(region, CONSUMED_BY_NOW);
  const begin = consumed;
  for (let i: u32 = 0; i < iterations; i++) {
    if (load<u32>(region, PRODUCED_BY_NOW) == consumed) {
      store<u32>(region, atomic.load<u32>(ring + PRODUCED), PRODUCED_BY_NOW);
      if (load<u32>(region, PRODUCED_BY_NOW) == consumed) continue;
    }
    const slot = <usize>(consumed++ % RING_SLOTS);
    const block = load<word>(ring + RING_BLOCKS + slot * sizeof<word>());
    if (consumed % BURST == 0) atomic.store<u32>(ring + CONSUMED, consumed);
    allocator.free(block);
  }
  store<u32>(region, consumed, CONSUMED_BY_NOW);
  return consumed - begin;
}

/** Both ends by one thread: fills the ring, empties it. */
export function runBothEnds<Allocator extends SmallContestant>(
  region: usize,
  iterations: u32,
): u32 {
  let calls: u32 = 0;
  for (let i: u32 = 0; i < iterations; i += RING_SLOTS) {
    calls += runProducer<Allocator>(region, RING_SLOTS);
    calls += runConsumer<Allocator>(region, RING_SLOTS);
  }
  return calls;
}
