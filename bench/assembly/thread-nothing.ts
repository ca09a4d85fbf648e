// The loads of the benchmark with threads without an allocator: blocks are the next places of a
// private array. What is left of a load's time then is its own, memory included.

import {
  LOAD_BYTES,
  prepareThread,
  runBothEnds,
  runConsumer,
  runMstress,
  runPair,
  runPrivateLarge,
  runPrivateSame,
  runPrivateSmall,
  runProducer,
} from "./thread-loads";

const ARRAY_BYTES: usize = 1 << 18;

// An instance is a thread, and so its globals are the thread's.
let array: usize = 0;
let next: usize = 0;

/** The array, as the loops see an allocator. */
@unmanaged
class Nothing {
  malloc(bytes: word): word {
    let place = next;
    const length = (<usize>bytes + 15) & ~15;
    if (place + length > array + ARRAY_BYTES) place = array;
    next = place + length;
    return <word>place;
  }

  free(block: word): void {}
}

export function prepare(region: usize, ring: usize, seed: u32): void {
  prepareThread(region, ring, seed);
  array = region + ((LOAD_BYTES + 63) & ~63);
  next = array;
}

/** Blocks lie over each other here. */
export function damage(region: usize): u32 {
  return 0;
}

export function private_small(region: usize, iterations: u32): u32 {
  return runPrivateSmall<Nothing>(region, iterations);
}

export function private_same(region: usize, iterations: u32): u32 {
  return runPrivateSame<Nothing>(region, iterations);
}

export function private_large(region: usize, iterations: u32): u32 {
  return runPrivateLarge<Nothing>(region, iterations);
}

export function mstress(region: usize, iterations: u32): u32 {
  return runMstress<Nothing>(region, iterations);
}

export function pair(region: usize, iterations: u32): u32 {
  return runPair<Nothing>(iterations);
}

export function ring_produce(region: usize, iterations: u32): u32 {
  return runProducer<Nothing>(region, iterations);
}

export function ring_consume(region: usize, iterations: u32): u32 {
  return runConsumer<Nothing>(region, iterations);
}

export function ring_both(region: usize, iterations: u32): u32 {
  return runBothEnds<Nothing>(region, iterations);
}
