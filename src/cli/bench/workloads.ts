// Workloads made by a rule: the shapes of the well-known allocator benchmarks, written here from
// what they are said to do, as traces. The same numbers each time, so that runs can be compared.
//
// All are one thread's. Where the original passes blocks between threads, the order in which they
// are freed is what is left of it.

import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { parseTrace } from "../../trace/parse.js";
import type { Trace } from "../../trace/trace.js";

/** A workload. */
export interface Workload {
  /** As the command line takes it. */
  readonly name: string;
  /** What it is like, and why it is worth a look: one sentence or two. */
  readonly rationale: string;
  /** Adds its operations. */
  readonly fill: (trace: Writer) => void;
}

/** Operations of most workloads. */
const OPERATIONS = 200_000;
const SEED = 20_01;

/** Writes a trace, block by block. */
class Writer {
  readonly #lines: string[] = [];
  readonly #random = xoroshiro128plus(SEED);
  #next = 0;

  /** How many operations there are. */
  get count(): number {
    return this.#lines.length;
  }

  /** @returns a whole number from `low` to `high`, both included */
  number(low: number, high: number): number {
    return uniformInt(this.#random, low, high);
  }

  /** @returns a size, each power of two from `low` to `high` as likely as the next */
  size(low: number, high: number): number {
    const power = this.number(Math.floor(Math.log2(low)), Math.ceil(Math.log2(high)) - 1);
    return Math.min(Math.max(this.number(2 ** power, 2 ** (power + 1) - 1), low), high);
  }

  /** @returns a new block's id */
  malloc(bytes: number): number {
    this.#lines.push(`a ${this.#next} ${bytes}`);
    return this.#next++;
  }

  /** @returns the id of a new block that is cleared */
  calloc(bytes: number): number {
    this.#lines.push(`c ${this.#next} 1 ${bytes}`);
    return this.#next++;
  }

  realloc(block: number, bytes: number): void {
    this.#lines.push(`r ${block} ${bytes}`);
  }

  free(block: number): void {
    this.#lines.push(`f ${block}`);
  }

  /** @returns its text */
  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

/** Takes any element out of a list: the last one takes its place. */
function takeAny<T>(list: T[], at: number): T {
  const taken = list[at]!;
  const last = list.pop()!;
  if (at < list.length) list[at] = last;
  return taken;
}

/** A table of blocks, of which any one is replaced by a block of another size, again and again. */
function slots(length: number, low: number, high: number): (trace: Writer) => void {
  return (trace) => {
    const table = Array.from({ length }, () => trace.malloc(trace.number(low, high)));
    while (trace.count < OPERATIONS) {
      const at = trace.number(0, length - 1);
      trace.free(table[at]!);
      table[at] = trace.malloc(trace.number(low, high));
    }
  };
}

/** Batches of small blocks, freed in the order that they came in, or backwards, in turn. */
function sh6(trace: Writer): void {
  const kept: number[] = [];
  for (let round = 0; trace.count < OPERATIONS; round++) {
    const batch = Array.from({ length: 500 }, () => trace.malloc(trace.size(1, 1000)));
    if (round % 2 === 1) batch.reverse();
    for (const block of batch) {
      if (trace.number(1, 10) === 1) kept.push(block);
      else trace.free(block);
    }
    while (kept.length > 2000) trace.free(kept.shift()!);
  }
}

/** Blocks whose lifetimes are all different, the small ones more often than the large. */
function sh8(trace: Writer): void {
  const live: number[] = [];
  while (trace.count < OPERATIONS) {
    for (let i = trace.number(1, 100); i > 0; i--) live.push(trace.malloc(trace.size(16, 20_000)));
    for (let i = trace.number(1, 100); i > 0 && live.length > 0; i--)
      trace.free(takeAny(live, trace.number(0, live.length - 1)));
    while (live.length > 3000) trace.free(takeAny(live, trace.number(0, live.length - 1)));
  }
}

/** Batches wait in a queue, and the oldest is freed as a whole. */
function xmalloc(trace: Writer): void {
  const queue: number[][] = [];
  while (trace.count < OPERATIONS) {
    queue.push(Array.from({ length: 120 }, () => trace.malloc(trace.size(8, 2000))));
    if (queue.length > 60) for (const block of queue.shift()!) trace.free(block);
  }
}

/** Blocks come in bursts, some stay for long, some grow, and a part is handed on and freed late. */
function mstress(trace: Writer): void {
  const kept: number[] = [];
  const transferred: number[] = [];
  while (trace.count < OPERATIONS) {
    const burst = Array.from({ length: trace.number(10, 200) }, () => {
      const bytes = trace.size(8, 4000);
      return trace.number(0, 9) === 0 ? trace.calloc(bytes * 8) : trace.malloc(bytes);
    });
    for (const block of burst) {
      const fate = trace.number(0, 99);
      if (fate < 30) kept.push(block);
      else if (fate < 40) transferred.push(block);
      else trace.free(block);
    }
    for (let i = 0; i < 10 && kept.length > 0; i++)
      trace.realloc(kept[trace.number(0, kept.length - 1)]!, trace.size(8, 8000));
    while (kept.length > 4000) trace.free(takeAny(kept, trace.number(0, kept.length - 1)));
    if (transferred.length > 1000) for (const block of transferred.splice(0)) trace.free(block);
  }
}

/** A large table, of which a run of neighbours is replaced at once. */
function rptest(trace: Writer): void {
  const table = Array.from({ length: 5000 }, () => trace.malloc(trace.number(16, 8000)));
  while (trace.count < OPERATIONS) {
    const from = trace.number(0, table.length - 1);
    const run = trace.number(20, 200);
    for (let i = 0; i < run; i++) trace.free(table[(from + i) % table.length]!);
    for (let i = 0; i < run; i++)
      table[(from + i) % table.length] = trace.malloc(trace.number(16, 8000));
  }
}

/** One small block after the other. */
function pairs(bytes: number): (trace: Writer) => void {
  return (trace) => {
    while (trace.count < OPERATIONS) trace.free(trace.malloc(bytes));
  };
}

/**
 * Requests of some dozen blocks that end with their request, beside a cache whose entries stay;
 * what is asked for changes from hour to hour. Nothing is ever drained.
 */
function server(trace: Writer): void {
  const cache: number[] = [];
  for (let request = 0; trace.count < 5 * OPERATIONS; request++) {
    const hour = Math.floor(request / 2500);
    const blocks = Array.from({ length: trace.number(20, 60) }, () =>
      trace.malloc(trace.size(16, 512)),
    );
    const buffer = trace.malloc(4096);
    for (let bytes = 8192; trace.number(0, 2) === 0; bytes *= 2) trace.realloc(buffer, bytes);
    cache.push(trace.malloc(trace.size(64, 512 << (hour % 5))));
    if (cache.length > 3000 + 500 * (hour % 4))
      trace.free(takeAny(cache, trace.number(0, cache.length - 1)));
    trace.free(buffer);
    for (const block of blocks.reverse()) trace.free(block);
  }
}

/** All workloads. */
export const workloads: readonly Workload[] = [
  {
    name: "server",
    rationale:
      "A server over a long day: requests come and go, cache entries stay, and what is asked for " +
      "changes. Shows what fragmentation costs after a million operations.",
    fill: server,
  },
  {
    name: "larson",
    rationale:
      "Larson and Krishnan's server: any of 1,000 blocks is replaced by one of another size " +
      "(10 to 500 bytes). The usual measure of small blocks with mixed lifetimes.",
    fill: slots(1000, 10, 500),
  },
  {
    name: "sh6",
    rationale:
      "Like SmartHeap's sh6bench: batches of small blocks, freed first in first out and last in " +
      "first out in turn, a tenth kept. Shows how free lists bear a change of order.",
    fill: sh6,
  },
  {
    name: "sh8",
    rationale:
      "Like sh8bench: sizes to 20,000 bytes with lifetimes all different. Shows what searching " +
      "and merging cost.",
    fill: sh8,
  },
  {
    name: "xmalloc",
    rationale:
      "Like Lever and Boreham's xmalloc: batches are freed by who gets them, long after; of its " +
      "threads only the queue is left. Shows free lists that are never near the last block.",
    fill: xmalloc,
  },
  {
    name: "mstress",
    rationale:
      "Like mimalloc's mstress: bursts with some blocks kept, some grown, some handed on. Close " +
      "to real programs, with realloc and calloc.",
    fill: mstress,
  },
  {
    name: "rptest",
    rationale:
      "Like rpmalloc's benchmark: 5,000 blocks of 16 to 8,000 bytes, replaced in runs. Much " +
      "memory changes hands at once.",
    fill: rptest,
  },
  {
    name: "cache-scratch",
    rationale:
      "Like Hoard's cache-scratch: one block of 8 bytes, written and freed; without its threads " +
      "it is the shortest way through an allocator.",
    fill: pairs(8),
  },
  {
    name: "pair-64",
    rationale: "One block of 64 bytes and back: the fast path of malloc and free alone.",
    fill: pairs(64),
  },
  {
    name: "slots-16-515",
    rationale: "Any of 1,000 blocks is replaced, 16 to 515 bytes: size classes at work.",
    fill: slots(1000, 16, 515),
  },
  {
    name: "slots-16-20000",
    rationale: "The same with 16 to 20,000 bytes: hardly two blocks of one size.",
    fill: slots(1000, 16, 20_000),
  },
  {
    name: "slots-1000-2023",
    rationale: "The same with 1,000 to 2,023 bytes: medium blocks, above most caches.",
    fill: slots(1000, 1000, 2023),
  },
];

/** @returns a workload's trace, the same each time */
export function traceOf({ name, fill }: Workload): Trace {
  const writer = new Writer();
  fill(writer);
  return parseTrace(new TextEncoder().encode(writer.text()), name);
}
