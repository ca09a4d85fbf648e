// The same trace on what the JavaScript engine offers for the job: a Uint8Array per block, alive exactly as long as the
// block is, its first and last byte written. realloc is a new array and a copy, calloc the same as malloc (the engine
// clears every array anyway), an alignment is ignored. "Freeing" drops the reference; what that costs is the garbage
// collector's time, which is inside the clock. Requests that the allocator refused are left out, so both sides
// have the same live set; those too large for the engine are counted as failed.

import { OpKind } from "../layout/generated.js";
import { nanosecondsAnOp, passesFor, type Outcome } from "./measure.js";
import { summarise, type Samples } from "./statistics.js";
import { KIND_BITS, type Trace } from "./trace.js";

/** What an engine tells about its garbage collector, where it does. */
export interface GarbageCollector {
  /** Collects everything now; called outside the clock, so that nobody else's garbage is on the engine's bill. */
  collect?: () => void;
  /** @returns milliseconds of collection in a span of performance.now(), known a moment after its end */
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
  /** Nanoseconds an operation. */
  readonly times: Samples;
  /** Part of the time that went to collecting garbage, 0 to 1; null where the engine does not tell. */
  readonly gcShare: number | null;
  /** Requests too large for the engine, in one pass. */
  readonly failed: number;
}

/**
 * Times a trace on the JavaScript engine's own allocation, again and again with everything dropped in between.
 *
 * @param outcome of the same trace on the allocator
 */
export async function measureEngine(
  trace: Trace,
  outcome: Outcome,
  options: EngineOptions,
): Promise<EngineTimes> {
  const { collector, repeat, onProgress } = options;
  const blocks = new Array<Uint8Array | null>(trace.slots).fill(null);
  collector?.collect?.();
  const begin = performance.now();
  const failed = runOnEngine(trace, outcome, blocks);
  const passes = passesFor(performance.now() - begin);
  onProgress?.(trace.count);
  collector?.collect?.();
  const samples: number[] = [];
  let spent = 0;
  let collecting: number | null = collector?.milliseconds ? 0 : null;
  for (let i = 0; i < repeat; i++) {
    const begin = performance.now();
    for (let pass = 0; pass < passes; pass++) runOnEngine(trace, outcome, blocks);
    const end = performance.now();
    samples.push(nanosecondsAnOp((end - begin) / passes, trace));
    spent += end - begin;
    if (collecting !== null) collecting += (await collector?.milliseconds?.(begin, end)) ?? 0;
    onProgress?.(trace.count);
  }
  const gcShare = collecting === null ? null : spent > 0 ? Math.min(1, collecting / spent) : 0;
  return { times: summarise(samples), gcShare, failed };
}

/** Operations that {@link measureEngine} reports as progress. */
export function measuredEngineOps(trace: Trace, repeat: number): number {
  return trace.count * (repeat + 1);
}

/** One pass; what is left at its end is dropped. @returns how many requests the engine refused */
function runOnEngine(trace: Trace, outcome: Outcome, blocks: (Uint8Array | null)[]): number {
  const { count, idKinds } = trace;
  const { bytes, refused } = outcome;
  let failed = 0;
  for (let i = 0; i < count; i++) {
    const idKind = idKinds[i]!;
    const slot = idKind >>> KIND_BITS;
    const kind = idKind & 7;
    if (kind === OpKind.FREE) {
      blocks[slot] = null;
      continue;
    }
    if (refused[i] === 1) continue;
    const size = bytes[i]!;
    const old = kind === OpKind.REALLOC ? blocks[slot]! : null;
    if (old !== null && size === 0) {
      blocks[slot] = null; // realloc(p, 0) frees
      continue;
    }
    const block = newBlock(size);
    if (block === null) {
      failed++;
      continue;
    }
    if (old !== null) block.set(old.length > size ? old.subarray(0, size) : old);
    touch(block, size);
    blocks[slot] = block;
  }
  blocks.fill(null);
  return failed;
}

function newBlock(size: number): Uint8Array | null {
  try {
    return new Uint8Array(size);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function touch(block: Uint8Array, size: number): void {
  if (size === 0) return;
  block[0] = 1;
  block[size - 1] = 1;
}
