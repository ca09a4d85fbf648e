// Times a trace on the JavaScript engine's own allocation: for `replay`, which shows three ways of
// it beside the heap. `bench` has all of WAYS, and races them.

import type { Trace } from "../../trace/trace.js";
import { nanosecondsAnOp, passesFor, type Outcome } from "../../trace/measure.js";
import { summarise, type Samples } from "../../trace/statistics.js";
import { deedsOf, EngineRun, ownLoop } from "./loop.js";
import { WAYS, type EngineName } from "./makers.js";

/** Ways to do it that `replay` shows. */
export const ENGINES = ["uint8array", "object", "pool"] as const satisfies readonly EngineName[];
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
  const engine = new EngineRun<unknown>(ownLoop(), WAYS[kind].maker(), deedsOf(trace, outcome));
  // One maker for all passes, as a program has one: a pool is warm after the first.
  const run = (): number => {
    const failed = engine.run();
    engine.drain();
    return failed;
  };
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
