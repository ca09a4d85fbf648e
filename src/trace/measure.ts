// Measuring a trace on the allocator in WebAssembly.
//
// First one replay call by call, to learn what each came to (a request may be refused)
// and how much was live and held at most. Then the replay loop inside WebAssembly against the
// clock: *warm*, the trace again and again in one heap, everything freed in between outside the
// clock; *cold*, once each in fresh processes, whose memory has never been touched. Warm comes
// first, so that both run optimised code: cold is a cold heap, not a cold compiler.

import type { Process } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import type { Step } from "./player.js";
import { playWithProgress } from "./replay.js";
import { fieldAddress, startSession, type ReplayOptions, type ReplaySession } from "./session.js";
import { summarise, type Samples } from "./statistics.js";
import type { Trace } from "./trace.js";
import { PAGE_SIZE } from "../layout/generated.js";

/** Warming up ends after this many milliseconds, but not before {@link WARM_UP_PASSES} passes. */
export const WARM_UP_MILLISECONDS = 40;
export const WARM_UP_PASSES = 2;
/**
 * A sample takes at least about this long: short traces are passed through several times for one.
 */
const SAMPLE_MILLISECONDS = 4;
const MOST_PASSES_A_SAMPLE = 64;

/** Options of {@link measureReplay}. */
export interface MeasureOptions {
  /** Samples to take, at least 1. */
  repeat: number;
  /**
   * Collects the host's garbage; called outside the clock, before each cold sample, to be rid of
   * the last one's memory.
   */
  collect?: (() => void) | undefined;
  /** Called now and then with the number of operations done since the last call. */
  onProgress?: ((ops: number) => void) | undefined;
}

/** What every operation of a trace came to. */
export interface Outcome {
  readonly abi: Abi;
  /** Bytes that each operation asked for (see `bytesOf`). */
  readonly bytes: Float64Array;
  /** 1 where the allocator refused the request, else 0. */
  readonly refused: Uint8Array;
  readonly refusedCount: number;
  /** Most bytes in live blocks, as requested. A block whose id was given away stays live. */
  readonly peakLiveBytes: number;
  /** Most live blocks. */
  readonly peakLiveBlocks: number;
  /**
   * Most address space that the process had: the kernel's high-water mark, which sees inside
   * operations.
   */
  readonly peakFootprintBytes: number;
  /** Most that malloc held between operations: mallinfo2's arena + hblkhd. */
  readonly peakHeldBytes: number;
  /** Break minus initial break, after the last operation. */
  readonly brkBytes: number;
  /** Bytes in mapped blocks after the last operation. */
  readonly mappedBytes: number;
  /** After the last operation. */
  readonly mallinfo2: ReturnType<Process["mallinfo2"]>;
}

/** What {@link measureReplay} found; times are nanoseconds an operation. */
export interface ReplayTimes {
  readonly warm: Samples;
  readonly cold: Samples;
}

/**
 * Plays a trace once and notes what happens.
 *
 * @throws what `startProcess` and `Player.to` throw
 */
export function observe(
  trace: Trace,
  options: ReplayOptions,
  onProgress?: (ops: number) => void,
): Outcome {
  const session = startSession(trace, options);
  const { process } = session;
  const bytes = new Float64Array(trace.count);
  const refused = new Uint8Array(trace.count);
  const live = new LiveSet(trace.slots);
  const held = heldBytesReader(session);
  let refusedCount = 0;
  let peakHeldBytes = 0;
  playWithProgress(session, onProgress, (step) => {
    bytes[step.index] = step.bytes;
    if (step.isRefused) {
      refused[step.index] = 1;
      refusedCount++;
    }
    live.take(step);
    peakHeldBytes = Math.max(peakHeldBytes, held());
  });
  const mallinfo2 = process.mallinfo2();
  return {
    abi: session.abi,
    bytes,
    refused,
    refusedCount,
    peakLiveBytes: live.peakBytes,
    peakLiveBlocks: live.peakBlocks,
    peakFootprintBytes: process.mm().hiwaterVm * PAGE_SIZE,
    peakHeldBytes,
    brkBytes: process.breakOffset(),
    mappedBytes: mallinfo2.hblkhd,
    mallinfo2,
  };
}

/**
 * Times a trace, warm and cold.
 *
 * @throws what `startProcess` throws, and HeapAbort
 */
export function measureReplay(
  trace: Trace,
  process: ReplayOptions,
  options: MeasureOptions,
): ReplayTimes {
  const session = startSession(trace, process);
  const passes = warmUp(session, options);
  const warm: number[] = [];
  for (let i = 0; i < options.repeat; i++) {
    let milliseconds = 0;
    for (let pass = 0; pass < passes; pass++) {
      milliseconds += timedRun(session);
      session.release();
    }
    warm.push(nanosecondsAnOp(milliseconds / passes, trace));
    options.onProgress?.(trace.count);
  }
  const cold: number[] = [];
  for (let i = 0; i < options.repeat; i++) {
    options.collect?.();
    const fresh = startSession(trace, process);
    cold.push(nanosecondsAnOp(timedRun(fresh), trace));
    options.onProgress?.(trace.count);
  }
  return { warm: summarise(warm), cold: summarise(cold) };
}

/** Operations that {@link observe} and {@link measureReplay} together report as progress. */
export function measuredOps(trace: Trace, repeat: number): number {
  return trace.count * (2 * repeat + 2);
}

/** Lets the compiler and the heap settle. @returns passes through the trace that make a sample */
function warmUp(session: ReplaySession, options: MeasureOptions): number {
  let last = 0;
  let spent = 0;
  for (let pass = 0; pass < WARM_UP_PASSES || spent < WARM_UP_MILLISECONDS; pass++) {
    last = timedRun(session);
    session.release();
    // A trace without operations takes no time at all: count something, so that this ends.
    spent += Math.max(last, 0.01);
  }
  options.onProgress?.(session.trace.count);
  return passesFor(last);
}

/** @returns how many passes of this length make a sample long enough for the clock */
export function passesFor(milliseconds: number): number {
  const passes = Math.ceil(SAMPLE_MILLISECONDS / Math.max(milliseconds, 0.001));
  return Math.min(passes, MOST_PASSES_A_SAMPLE);
}

function timedRun(session: ReplaySession): number {
  const begin = performance.now();
  session.run();
  return performance.now() - begin;
}

/** @returns nanoseconds an operation of `trace`; 0 for a trace without any */
export function nanosecondsAnOp(milliseconds: number, trace: Trace): number {
  return trace.count === 0 ? 0 : (milliseconds * 1e6) / trace.count;
}

/**
 * @returns a function that reads what malloc holds: the arenas' system_mem and the bytes in mapped
 *   blocks
 */
function heldBytesReader(session: ReplaySession): () => number {
  const { process } = session;
  const { raw } = process;
  const main = raw.main_arena();
  const system = fieldAddress(process, "MallocState", "systemMem", main) / 4;
  const next = fieldAddress(process, "MallocState", "next", main) / 4;
  const mapped = fieldAddress(process, "MallocPar", "mmappedMem", raw.malloc_par()) / 4;
  return () => {
    const { words } = session;
    let held = words[mapped]!;
    let offset = 0;
    // The arenas are a ring.
    do {
      held += words[offset + system]!;
      offset = (words[offset + next]! - (main >>> 0)) / 4;
    } while (offset !== 0);
    return held;
  };
}

/** The requested sizes of all live blocks, and their peak. */
export class LiveSet {
  peakBytes = 0;
  peakBlocks = 0;
  bytes = 0;
  blocks = 0;
  /** Requested size of each slot's live block, -1 for none. */
  private readonly sizes: Float64Array;

  constructor(slots: number) {
    this.sizes = new Float64Array(slots).fill(-1);
  }

  /** Takes a step of a player's. */
  take({ slot, bytes, result, after }: Step<unknown>): void {
    if (result !== 0) this.set(slot, bytes);
    else if (after === 0) this.drop(slot);
  }

  private set(slot: number, size: number): void {
    this.drop(slot);
    this.sizes[slot] = size;
    this.bytes += size;
    this.blocks++;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
    if (this.blocks > this.peakBlocks) this.peakBlocks = this.blocks;
  }

  private drop(slot: number): void {
    const size = this.sizes[slot]!;
    if (size < 0) return;
    this.sizes[slot] = -1;
    this.bytes -= size;
    this.blocks--;
  }
}
