// The same trace on what JavaScript offers for the job, in three ways:
//
//     uint8array  an array per block; realloc is a new one and a copy
//     object      an object of five fields per block, whatever its size: what code that needs no
//                 bytes does
//     pool        slabs of 1 MiB, cut up by size class; a freed piece goes to its class's free list
//                 and is
//                 handed out again as it is. realloc stays where its class has room
//
// A block is alive exactly as long as the trace says, its first and last byte are written, an
// alignment is ignored. "Freeing" an array or an object drops the reference; what that costs is the
// garbage collector's time, which is inside the clock. Requests that the allocator refused are left
// out, so both sides have the same live set; those too large for the engine are counted as failed.

import { isError } from "../base/realm.js";
import { OpKind } from "../layout/generated.js";
import { playAnswers } from "./player.js";
import { nanosecondsAnOp, passesFor, type Outcome } from "./measure.js";
import { summarise, type Samples } from "./statistics.js";
import { KIND_BITS, kindOf, slotOf, type Trace } from "./trace.js";

/** Ways to do it in JavaScript, as the command line names them. */
export const ENGINES = ["uint8array", "object", "pool"] as const;
/** One of {@link ENGINES}. */
export type EngineKind = (typeof ENGINES)[number];

/** What an engine tells about its garbage collector, where it does. */
export interface GarbageCollector {
  /**
   * Collects everything now; called outside the clock, so that nobody else's garbage is on the
   * engine's bill.
   */
  collect?: () => void;
  /**
   * @returns milliseconds of collection in a span of performance.now(), known a moment after its
   *   end
   */
  milliseconds?: (from: number, to: number) => Promise<number>;
}

/** Options of {@link measureEngine}. */
export interface EngineOptions {
  /** Samples to take, at least 1. */
  repeat: number;
  collector?: GarbageCollector | undefined;
  /** Called now and then with the number of operations done since the last call. */
  onProgress?: ((ops: number) => void) | undefined;
}

/** What {@link measureEngine} found. */
export interface EngineTimes {
  readonly kind: EngineKind;
  /** Nanoseconds an operation. */
  readonly times: Samples;
  /**
   * Part of the time that went to collecting garbage, 0 to 1; null where the engine does not tell.
   */
  readonly gcShare: number | null;
  /** Requests too large for the engine, in one pass. */
  readonly failed: number;
}

/**
 * Times a trace on the JavaScript engine's own allocation, again and again with everything dropped
 * in between.
 *
 * @param kind how blocks are made
 * @param outcome of the same trace on the allocator
 */
export async function measureEngine(
  kind: EngineKind,
  trace: Trace,
  outcome: Outcome,
  options: EngineOptions,
): Promise<EngineTimes> {
  const { collector, repeat, onProgress } = options;
  const run = runnerOf(kind, trace, outcome);
  collector?.collect?.();
  const begin = performance.now();
  const failed = run();
  const passes = passesFor(performance.now() - begin);
  onProgress?.(trace.count);
  collector?.collect?.();
  const samples: number[] = [];
  let spent = 0;
  let collecting: number | null = collector?.milliseconds ? 0 : null;
  for (let i = 0; i < repeat; i++) {
    const begin = performance.now();
    for (let pass = 0; pass < passes; pass++) run();
    const end = performance.now();
    samples.push(nanosecondsAnOp((end - begin) / passes, trace));
    spent += end - begin;
    if (collecting !== null) collecting += (await collector?.milliseconds?.(begin, end)) ?? 0;
    onProgress?.(trace.count);
  }
  const gcShare = collecting === null ? null : spent > 0 ? Math.min(1, collecting / spent) : 0;
  return { kind, times: summarise(samples), gcShare, failed };
}

/** Operations that {@link measureEngine} reports as progress, for one kind. */
export function measuredEngineOps(trace: Trace, repeat: number): number {
  return trace.count * (repeat + 1);
}

/** How one kind makes blocks. Sizes in bytes. */
interface Maker<T> {
  /** @returns a block; null when it is too large for the engine */
  make(size: number): T | null;
  /**
   * @returns what becomes of a live block that is given another size; null when that is too large
   */
  resize(old: T, size: number): T | null;
  free(block: T): void;
}

/** @returns one pass over the trace; it says how many requests the engine refused */
function runnerOf(kind: EngineKind, trace: Trace, outcome: Outcome): () => number {
  const deeds = deedsOf(trace, outcome);
  switch (kind) {
    case "uint8array":
      return passOf(new Arrays(), deeds);
    case "object":
      return passOf(new Objects(), deeds);
    case "pool":
      // One pool for all passes, as a program has one: it is warm after the first.
      return passOf(new Pool(), deeds);
  }
}

/** What is left to do once a trace's answers are known: in place of the kind in `idKinds`. */
const MAKE = 0;
const RESIZE = 1;
const DROP = 2;

/** A trace as an engine does it, all of it decided before the clock runs. */
interface Deeds {
  /** A slot and what to do with it, packed as in `Trace.idKinds`. */
  readonly slotDeeds: Uint32Array;
  /** Bytes of each MAKE and RESIZE. */
  readonly sizes: Float64Array;
  readonly slots: number;
}

/**
 * The player decides what operations mean, here, outside the clock: played by it as its allocator,
 * an object took 24 ns instead of 6, a piece of the pool 67 instead of 43.
 */
function deedsOf(trace: Trace, { abi, refused }: Outcome): Deeds {
  const slotDeeds = new Uint32Array(trace.count);
  const sizes = new Float64Array(trace.count);
  let count = 0;
  playAnswers(trace, abi, refused, ({ kind, slot, bytes, result, isRefused }) => {
    if (isRefused) return;
    const deed = result === 0 ? DROP : kind === OpKind.REALLOC ? RESIZE : MAKE;
    slotDeeds[count] = (slot << KIND_BITS) | deed;
    sizes[count++] = bytes;
  });
  return { slotDeeds: slotDeeds.subarray(0, count), sizes, slots: trace.slots };
}

function passOf<T>(maker: Maker<T>, deeds: Deeds): () => number {
  const blocks = new Array<T | null>(deeds.slots).fill(null);
  return () => runOn(maker, blocks, deeds);
}

/** One pass; what is left at its end is freed. @returns how many requests the engine refused */
function runOn<T>(maker: Maker<T>, blocks: (T | null)[], { slotDeeds, sizes }: Deeds): number {
  let failed = 0;
  for (let i = 0; i < slotDeeds.length; i++) {
    const slot = slotOf(slotDeeds[i]!);
    const deed = kindOf(slotDeeds[i]!);
    // What the engine was too small for is not there, whatever the allocator had.
    const old = blocks[slot]!;
    if (deed === DROP) {
      if (old !== null) maker.free(old);
      blocks[slot] = null;
      continue;
    }
    const size = sizes[i]!;
    const isResized = deed === RESIZE && old !== null;
    const block = isResized ? maker.resize(old, size) : maker.make(size);
    if (block === null) failed++;
    else blocks[slot] = block;
  }
  for (const block of blocks) if (block !== null) maker.free(block);
  blocks.fill(null);
  return failed;
}

class Arrays implements Maker<Uint8Array> {
  make(size: number): Uint8Array | null {
    const block = newArray(size);
    if (block !== null) touch(block, size);
    return block;
  }

  resize(old: Uint8Array, size: number): Uint8Array | null {
    const block = newArray(size);
    if (block === null) return null;
    block.set(old.length > size ? old.subarray(0, size) : old);
    touch(block, size);
    return block;
  }

  free(): void {
    // The reference is dropped by whoever calls.
  }
}

/** A block without bytes: a node of a tree, a record. */
interface Fields {
  first: number;
  second: number;
  third: number;
  next: Fields | null;
  last: number;
}

class Objects implements Maker<Fields> {
  make(size: number): Fields {
    return { first: 1, second: size, third: 0, next: null, last: 1 };
  }

  resize(old: Fields, size: number): Fields {
    const { third, next } = old;
    return { first: 1, second: size, third, next, last: 1 };
  }

  free(): void {
    // As above.
  }
}

const SLAB_BYTES = 1 << 20;
/** Size classes: multiples of 16 up to here, then four to each power of two. */
const FINE_BYTES = 128;
const FINE_STEP = 16;

/** A pool of pieces of a few large buffers. Pieces never go back to the engine. */
class Pool implements Maker<Uint8Array> {
  #slab = new ArrayBuffer(SLAB_BYTES);
  #used = 0;
  /** Free pieces by their length. */
  readonly #free = new Map<number, Uint8Array[]>();

  make(size: number): Uint8Array | null {
    const length = classOf(size);
    const block = this.#free.get(length)?.pop() ?? this.#cut(length);
    if (block !== null) touch(block, size);
    return block;
  }

  resize(old: Uint8Array, size: number): Uint8Array | null {
    if (classOf(size) === old.length) {
      touch(old, size);
      return old;
    }
    const block = this.make(size);
    if (block === null) return null;
    block.set(old.length > block.length ? old.subarray(0, size) : old);
    this.free(old);
    return block;
  }

  free(block: Uint8Array): void {
    const list = this.#free.get(block.length);
    if (list === undefined) this.#free.set(block.length, [block]);
    else list.push(block);
  }

  #cut(length: number): Uint8Array | null {
    if (length > SLAB_BYTES / 4) return newArray(length);
    if (this.#used + length > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#used = 0;
    }
    const piece = new Uint8Array(this.#slab, this.#used, length);
    this.#used += length;
    return piece;
  }
}

/** @returns the length of the pieces that `size` bytes are served from */
function classOf(size: number): number {
  if (size <= FINE_BYTES) return Math.max(FINE_STEP, Math.ceil(size / FINE_STEP) * FINE_STEP);
  const step = 2 ** (Math.floor(Math.log2(size - 1)) - 2);
  return Math.ceil(size / step) * step;
}

function newArray(size: number): Uint8Array | null {
  try {
    return new Uint8Array(size);
  } catch (error) {
    if (isError(error, "RangeError")) return null;
    throw error;
  }
}

function touch(block: Uint8Array, size: number): void {
  if (size === 0) return;
  block[0] = 1;
  block[size - 1] = 1;
}
