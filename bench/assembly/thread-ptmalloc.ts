// The loads of the benchmark with threads on this project's allocator.

import { Ptmalloc } from "../../assembly/replay/contestant";
import {
  damagedBlocks,
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

export * from "../../assembly/index";

export function prepare(region: usize, ring: usize, seed: u32): void {
  prepareThread(region, ring, seed);
}

export function damage(region: usize): u32 {
  return damagedBlocks(region);
}

export function private_small(region: usize, iterations: u32): u32 {
  return runPrivateSmall<Ptmalloc>(region, iterations);
}

export function private_same(region: usize, iterations: u32): u32 {
  return runPrivateSame<Ptmalloc>(region, iterations);
}

export function private_large(region: usize, iterations: u32): u32 {
  return runPrivateLarge<Ptmalloc>(region, iterations);
}

export function mstress(region: usize, iterations: u32): u32 {
  return runMstress<Ptmalloc>(region, iterations);
}

export function pair(region: usize, iterations: u32): u32 {
  return runPair<Ptmalloc>(iterations);
}

export function ring_produce(region: usize, iterations: u32): u32 {
  return runProducer<Ptmalloc>(region, iterations);
}

export function ring_consume(region: usize, iterations: u32): u32 {
  return runConsumer<Ptmalloc>(region, iterations);
}

export function ring_both(region: usize, iterations: u32): u32 {
  return runBothEnds<Ptmalloc>(region, iterations);
}
