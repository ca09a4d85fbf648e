// Random traces of several threads, the same for the same seed: what threads do to each other's
// blocks, how their heaps grow, shrink and go, when arenas are made, shared and left. Settings that
// change the rules belong to the seed.

import type { Abi } from "../../src/layout/address.js";
import { Prng } from "../support/prng.js";

/** A trace and the process that it runs in. */
export interface ThreadScript {
  readonly seed: number;
  /** As in GLIBC_TUNABLES; empty for none. */
  readonly tunables: string;
  /** Processors that glibc counts. */
  readonly cores: number;
  /** Calls of mallopt before the first operation: parameter and value. */
  readonly mallopts: readonly (readonly [number, number])[];
  /** The trace in .rep format. */
  readonly text: string;
}

const M_ARENA_TEST = -7;
const M_ARENA_MAX = -8;
const M_TOP_PAD = -2;
const M_TRIM_THRESHOLD = -1;
const LIVE_BYTES_MOST = 150_000_000;
const EDGES: readonly number[] = [
  ...[0, 12, 24, 25, 60, 61, 104, 120, 121, 504, 1000, 1020, 1032, 1040, 2036, 4080, 10224, 32760],
  ...[65512, 65520, 98304, 131040, 131052, 131072, 262144, 524252, 524288, 1_000_000, 1_048_000],
];

/** Writes the lines and knows which blocks live, and whose they are. */
class Writer {
  readonly rng: Prng;
  readonly lines: string[] = [];
  readonly abi: Abi;
  readonly threads: number;
  /** Threads that may still call; the first `entered` of `order` have called. */
  readonly alive: number[] = [0];
  private readonly sizes = new Map<number, number>();
  private readonly owners = new Map<number, number>();
  private readonly freeIds: number[] = [];
  private ids = 0;
  private bytes = 0;
  private thread = 0;
  private entered = 1;

  constructor(seed: number, abi: Abi) {
    this.rng = new Prng(seed);
    this.abi = abi;
    // Now and then more than there may be arenas for a core.
    this.threads = this.rng.chance(0.1) ? this.rng.int(10, 20) : this.rng.int(2, 8);
  }

  get count(): number {
    return this.sizes.size;
  }

  /** Lets thread `number` call. */
  turn(number: number): void {
    if (number === this.thread) return;
    this.thread = number;
    this.lines.push(`t ${number}`);
  }

  /** Another thread, perhaps one that has not called yet. */
  someone(): void {
    if (this.entered < this.threads && this.rng.chance(0.15)) {
      this.alive.push(this.entered);
      this.turn(this.entered++);
      return;
    }
    this.turn(this.rng.pick(this.alive));
  }

  /** A thread exits, if enough are left; now and then it is the one whose turn it is. */
  exit(): void {
    if (this.alive.length < 2) return;
    const number = this.rng.pick(this.alive);
    this.alive.splice(this.alive.indexOf(number), 1);
    this.lines.push(`x ${number}`);
    if (number === this.thread) this.turn(this.rng.pick(this.alive));
  }

  allocate(size: number): number {
    const k = this.rng.fraction();
    if (k < 0.1) return this.add(size, (id) => `c ${id} 1 ${size}`);
    if (k < 0.15) {
      const alignment = this.rng.pick([8, 32, 64, 256, 1024, 4096]);
      return this.add(size, (id) => `m ${id} ${alignment} ${size}`);
    }
    return this.add(size, (id) => `a ${id} ${size}`);
  }

  /** A request that is refused where sizes are as large as addresses. */
  refused(): void {
    const size = this.abi === "lp64" ? 2n ** 62n : 0x7fff0000n;
    const id = this.ids + 1000;
    this.lines.push(this.rng.pick([`a ${id} ${size}`, `m ${id} 64 ${size}`]));
  }

  resize(id: number, size: number): void {
    this.bytes += size - (this.sizes.get(id) ?? 0);
    this.sizes.set(id, size);
    this.lines.push(`r ${id} ${size}`);
  }

  free(id: number): void {
    this.bytes -= this.sizes.get(id) ?? 0;
    this.sizes.delete(id);
    this.owners.delete(id);
    this.freeIds.push(id);
    this.lines.push(`f ${id}`);
  }

  /** Blocks that the present thread allocated, or anybody's. */
  blocks(ownOnly: boolean): number[] {
    const all = [...this.sizes.keys()];
    return ownOnly ? all.filter((id) => this.owners.get(id) === this.thread) : all;
  }

  any(ownOnly = false): number | undefined {
    const all = this.blocks(ownOnly);
    return all.length ? this.rng.pick(all) : undefined;
  }

  sizeOf(id: number): number {
    return this.sizes.get(id) ?? 0;
  }

  size(): number {
    const k = this.rng.fraction();
    if (k < 0.5) return this.rng.int(1, 140);
    if (k < 0.7) return this.rng.int(1, 1100);
    if (k < 0.85) return Math.max(0, this.rng.pick(EDGES) + this.rng.pick([0, 0, 1, -1, 8, -8]));
    if (k < 0.97) return this.rng.power(6, 16);
    return this.rng.power(12, 19);
  }

  private add(size: number, line: (id: number) => string): number {
    while (this.bytes + size > LIVE_BYTES_MOST && this.count > 0) this.free(this.any() ?? 0);
    const id = this.freeIds.pop() ?? ++this.ids;
    this.sizes.set(id, size);
    this.owners.set(id, this.thread);
    this.bytes += size;
    this.lines.push(line(id));
    return id;
  }
}

type Theme = (w: Writer) => void;

/** Everybody allocates and frees, mostly their own. */
const mixture: Theme = (w) => {
  w.someone();
  for (let i = w.rng.int(1, 12); i > 0; i--) {
    const k = w.rng.fraction();
    const id = w.any(w.rng.chance(0.7));
    if (k < 0.5 || id === undefined) w.allocate(w.size());
    else if (k < 0.6) w.resize(id, Math.max(1, w.size()));
    else w.free(id);
  }
};

/** One thread allocates, another frees. */
const handover: Theme = (w) => {
  w.someone();
  const size = w.size() % 3000;
  const made = Array.from({ length: w.rng.int(3, 25) }, () =>
    w.allocate(w.rng.chance(0.8) ? size : w.size() % 5000),
  );
  w.someone();
  const list = w.rng.chance(0.5) ? made : made.reverse();
  for (const id of list) if (w.rng.chance(0.9)) w.free(id);
};

/** A thread fills heaps and empties them, so that they grow, follow each other, shrink and go. */
const tide: Theme = (w) => {
  w.someone();
  const unit = w.abi === "lp64" ? w.rng.power(17, 24.3) : w.rng.power(13, 18);
  const made = Array.from({ length: w.rng.int(4, 14) }, () =>
    w.allocate(Math.floor(unit * (0.5 + w.rng.fraction()))),
  );
  if (w.rng.chance(0.5)) made.push(w.allocate(w.rng.int(1, 100)));
  if (w.rng.chance(0.4)) w.someone();
  const order = w.rng.pick(["up", "down", "keep"]);
  if (order === "down") made.reverse();
  for (const id of made) if (order !== "keep" || w.rng.chance(0.7)) w.free(id);
};

/** Blocks grow, in whichever thread. */
const growth: Theme = (w) => {
  w.someone();
  const id = w.allocate(w.size());
  for (let i = w.rng.int(1, 10); i > 0; i--) {
    const size = Math.floor(w.sizeOf(id) * (0.7 + w.rng.fraction()) + w.rng.int(1, 500));
    w.resize(id, Math.min(size, w.abi === "lp64" ? 30_000_000 : 1_500_000));
    if (w.rng.chance(0.3)) w.allocate(w.size() % 500);
    if (w.rng.chance(0.3)) w.someone();
  }
  if (w.rng.chance(0.7)) w.free(id);
};

/** Threads come and go. */
const coming: Theme = (w) => {
  mixture(w);
  if (w.rng.chance(0.3)) w.exit();
};

const THEMES: readonly Theme[] = [mixture, handover, tide, growth, coming];

const TUNABLES: readonly string[] = [
  "arena_max=1",
  "arena_max=2",
  "arena_max=3",
  "arena_test=1",
  "arena_test=3",
  "tcache_count=0",
  "tcache_count=2",
  "tcache_max=200",
  "mmap_threshold=4000000",
  "mmap_threshold=33554432",
  "mmap_max=0",
  "mmap_max=2",
  "top_pad=0",
  "top_pad=1000000",
  "trim_threshold=4096",
  "trim_threshold=1000000",
  "mxfast=0",
  "tcache_unsorted_limit=3",
];

function settings(rng: Prng): Pick<ThreadScript, "tunables" | "cores" | "mallopts"> {
  const chosen: string[] = [];
  while (rng.chance(0.45) && chosen.length < 3) chosen.push(`glibc.malloc.${rng.pick(TUNABLES)}`);
  const mallopts: [number, number][] = [];
  if (rng.chance(0.25)) mallopts.push([M_ARENA_MAX, rng.int(1, 6)]);
  if (rng.chance(0.15)) mallopts.push([M_ARENA_TEST, rng.int(1, 4)]);
  if (rng.chance(0.1)) mallopts.push([M_TOP_PAD, rng.pick([0, 4096, 300000])]);
  if (rng.chance(0.1)) mallopts.push([M_TRIM_THRESHOLD, rng.pick([0, 65536, 500000])]);
  return { tunables: chosen.join(":"), cores: rng.int(1, 4), mallopts };
}

/** @returns the script of a seed for a layout; sizes differ where the layouts' limits do */
export function generateThreads(seed: number, abi: Abi): ThreadScript {
  const w = new Writer(seed, abi);
  const rules = settings(w.rng);
  const length = w.rng.int(200, 1500);
  const themes = [w.rng.pick(THEMES), w.rng.pick(THEMES), mixture];
  const isRefusing = w.rng.chance(0.2);
  w.lines.push("t 0");
  // In ilp32 the first such request takes half of all addresses, and the others find no room.
  if (isRefusing && abi === "ilp32") w.lines.push("a 900000 2147418112");
  while (w.lines.length < length) {
    w.rng.pick(themes)(w);
    if (isRefusing && w.rng.chance(0.05)) w.refused();
    if (w.rng.chance(0.005)) w.exit();
    while (w.count > 400) w.free(w.any() ?? 0);
  }
  const ops = w.lines.filter((line) => !/^[tx]/.test(line)).length;
  const text = `0\n${w.count}\n${ops}\n1\n${w.lines.join("\n")}\n`;
  return { seed, ...rules, text };
}

export { runThreads } from "../oracle/threads-runner.js";
