// What runs in each JavaScript engine: the entries of questions/js-engines.ts against each other,
// in an order shuffled anew each round. It is bundled with a text that calls `raceEntries`, and
// knows nothing of Node.js or of browsers.

import { quantile, shuffle } from "simple-statistics";
import { createHeapSync } from "../../src/heap/create.js";
import type { Heap } from "../../src/heap/heap.js";
import { foreignInstance } from "../lab/foreign.js";
import { surround, type JsHeap } from "../lab/loops.js";

/** Binaries, in Base64. */
export interface Binaries {
  readonly glibc: string;
  readonly throughput: string;
  readonly tlsf: string;
  readonly empty: string;
}

/** Fresh allocators. */
export interface Allocators {
  glibc(): Heap;
  throughput(): Heap;
  foreign(name: "tlsf" | "empty"): JsHeap;
  /** @returns the heap, with a free place between two blocks of `bytes` bytes */
  surrounded(heap: JsHeap, bytes: number): JsHeap;
}

/** A contestant. */
export interface Entry {
  readonly name: string;
  /** @returns a loop that gets blocks and gives them back, that many */
  make(allocators: Allocators): (blocks: number) => unknown;
}

/** Nanoseconds a block, by contestant. */
export type Found = Record<string, { readonly best: number; readonly median: number }>;

/** Blocks a call: engines replace code by its optimised version only when it is entered anew. */
const CALL_BLOCKS = 4096;
const WARM_UP_MILLISECONDS = 150;
const ROUNDS = 7;
/** Of a sample, at least: browsers' clocks are coarse. */
const SAMPLE_MILLISECONDS = 40;

/** Pages that a pair's heap never needs. */
const MOST_PAGES = 8192;

function allocatorsOf(binaries: Binaries): Allocators {
  const module = (text: string): WebAssembly.Module =>
    new WebAssembly.Module(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  return {
    glibc: () => createHeapSync({ wasm: module(binaries.glibc) }),
    throughput: () => createHeapSync({ wasm: module(binaries.throughput), profile: "throughput" }),
    foreign: (name) => foreignInstance(module(binaries[name]), MOST_PAGES).exports,
    surrounded(heap, bytes) {
      surround(heap, bytes);
      return heap;
    },
  };
}

/** @returns what each entry takes for a block and back */
export function raceEntries(entries: readonly Entry[], binaries: Binaries): Found {
  const allocators = allocatorsOf(binaries);
  const runners = entries.map((entry) => ({
    name: entry.name,
    loop: entry.make(allocators),
    samples: [] as number[],
  }));
  for (const { loop } of runners) sample(loop, WARM_UP_MILLISECONDS);
  for (let round = 0; round < ROUNDS; round++)
    for (const { loop, samples } of shuffle(runners))
      samples.push(sample(loop, SAMPLE_MILLISECONDS));
  return Object.fromEntries(
    runners.map(({ name, samples }) => [
      name,
      { best: Math.min(...samples), median: quantile(samples, 0.5) },
    ]),
  );
}

/** @returns nanoseconds a block, over at least some milliseconds */
function sample(loop: (blocks: number) => unknown, milliseconds: number): number {
  const begin = performance.now();
  let blocks = 0;
  let passed = 0;
  do {
    loop(CALL_BLOCKS);
    blocks += CALL_BLOCKS;
    passed = performance.now() - begin;
  } while (passed < milliseconds);
  return (passed * 1e6) / blocks;
}
