// Node's garbage collector, watched: how long it collected within a span of time.

import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { GarbageCollector } from "../engine/measure.js";

/** Notes every collection of the process; stop it when done. */
export class GarbageWatcher implements GarbageCollector {
  private spans: { readonly begin: number; readonly end: number }[] = [];
  private readonly observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      this.spans.push({ begin: entry.startTime, end: entry.startTime + entry.duration });
    }
  });
  private readonly collectNow = exposedCollector();

  constructor() {
    this.observer.observe({ entryTypes: ["gc"] });
  }

  /** Collects everything now, where this Node lets us. */
  collect(): void {
    this.collectNow?.();
  }

  /**
   * @returns milliseconds of collection between `from` and `to`; what began before is not asked for
   *   again
   */
  async milliseconds(from: number, to: number): Promise<number> {
    // Entries reach the observer in a later turn of the event loop.
    await nextTurn();
    await nextTurn();
    let sum = 0;
    for (const { begin, end } of this.spans) {
      sum += Math.max(0, Math.min(end, to) - Math.max(begin, from));
    }
    this.spans = [];
    return sum;
  }

  stop(): void {
    this.observer.disconnect();
  }
}

/** @returns what collects everything now, where this Node lets us */
export function exposedCollector(): (() => void) | undefined {
  setFlagsFromString("--expose-gc");
  const collector: unknown = runInNewContext("globalThis.gc");
  return typeof collector === "function" ? (collector as () => void) : undefined;
}
