// Races contestants over a trace.
//
// Every contestant starts several heaps, all contestants one heap each in turn, in an order
// shuffled anew each time, so that a disturbance of the machine hits all alike. A heap runs the
// trace again and again, everything freed in between outside the clock:
//
//     first pass       cold        memory that nobody has touched; a compiler that is warm
//     second, third    lukewarm
//     all later ones   warm
//
// Before that, one heap lets the compiler warm up, and another one's first pass is in slices, which
// show how memory grows. The last pass of every heap is in slices, too: the latencies.

import { setTimeout } from "node:timers/promises";
import { isError } from "../../base/realm.js";
import { quantileSorted, shuffle } from "simple-statistics";
import type { LabTrace, Racer, RacerHeap, Slices } from "./contestant.js";
import { SLICE_OPERATIONS, slicesAPlace } from "./lab-trace.js";
import type { HeapResult, Latency } from "./result.js";
import { residentBytes } from "./resident.js";
import type { GarbageWatcher } from "../replay/garbage.js";

/** How long to race. */
export interface Effort {
  /** Heaps of each contestant. */
  readonly heaps: number;
  /** Passes of each heap, at least 4; more where they are short, fewer where they take long. */
  readonly passes: number;
  /**
   * What a contestant may take at a trace, milliseconds, about: who is slower gets fewer passes
   * and fewer heaps, but one heap at least.
   */
  readonly milliseconds: number;
}

/** What {@link raceOver} reports to, and asks for. */
export interface Host {
  readonly collector: GarbageWatcher;
  /** Called before a heap of a contestant runs. */
  onHeap(contestant: string): void;
}

/** What is usually enough. */
export const USUAL_EFFORT: Effort = { heaps: 7, passes: 8, milliseconds: 2000 };

/** Warming up: milliseconds, and passes at least. */
const WARM_UP_MILLISECONDS = 100;
const WARM_UP_PASSES = 3;
/** A pass shorter than this is done several times over, so that there is something to measure. */
const LEAST_HEAP_MILLISECONDS = 25;
const MOST_PASSES = 200;
const LUKEWARM = 2;
/** So that freed memory is gone, and does not hide what comes. */
const SETTLE_MILLISECONDS = 5;
const FEWEST_PASSES = LUKEWARM + 2;

/** @returns what each contestant did, in the order given */
export async function raceOver(
  trace: LabTrace,
  racers: ReadonlyMap<string, Racer>,
  effort: Effort,
  host: Host,
): Promise<HeapResult[]> {
  const runners: Runner[] = [];
  for (const [name, racer] of racers) {
    const runner = new Runner(name, racer, trace, effort);
    host.onHeap(name);
    await runner.warmUp(host);
    await runner.lookCloser(host);
    runners.push(runner);
  }
  for (let heap = 0; heap < effort.heaps; heap++) {
    for (const runner of shuffle(runners)) {
      host.onHeap(runner.name);
      await runner.runHeap(host);
    }
  }
  return runners.map((runner) => runner.result());
}

/** One contestant at one trace. */
class Runner {
  readonly name: string;
  readonly #racer: Racer;
  readonly #trace: LabTrace;
  readonly #mostMilliseconds: number;
  #passes: number;
  #failure: string | null = null;
  #first: Slices | null = null;
  #refused = 0;
  #gcMilliseconds = 0;
  /** Of the heaps that count, and with those before them. */
  #raceMilliseconds = 0;
  #spentMilliseconds = 0;
  readonly #cold: number[] = [];
  readonly #lukewarm: number[] = [];
  readonly #warm: number[] = [];
  readonly #slices: Float64Array[] = [];
  readonly #resident: number[] = [];

  constructor(name: string, racer: Racer, trace: LabTrace, effort: Effort) {
    this.name = name;
    this.#racer = racer;
    this.#trace = trace;
    this.#passes = Math.max(effort.passes, FEWEST_PASSES);
    this.#mostMilliseconds = effort.milliseconds;
  }

  /** Lets the compiler see the trace; a contestant that cannot complete it drops out here. */
  async warmUp(host: Host): Promise<void> {
    await this.#withHeap(host, async (heap) => {
      let spent = 0;
      let last = 0;
      // One heap may take half of the time.
      const most = this.#mostMilliseconds / 2;
      for (let pass = 0; isCold(pass, spent, most); pass++) {
        last = (await heap.pass()) / 1e6;
        // A trace without operations takes no time: count something, so that this ends.
        spent += Math.max(last, 0.01);
        await heap.drain();
      }
      const passesFor = (milliseconds: number) => Math.ceil(milliseconds / Math.max(last, 0.001));
      const wanted = Math.min(passesFor(LEAST_HEAP_MILLISECONDS), MOST_PASSES);
      const possible = Math.max(passesFor(most), FEWEST_PASSES);
      this.#passes = Math.min(Math.max(this.#passes, wanted), possible);
    });
  }

  /** One fresh heap, its first pass in slices. */
  async lookCloser(host: Host): Promise<void> {
    await this.#withHeap(host, async (heap) => {
      this.#first = await heap.slices(SLICE_OPERATIONS);
      this.#refused = heap.refused;
      await heap.drain();
    });
  }

  /** One fresh heap, all its passes. */
  async runHeap(host: Host): Promise<void> {
    if (this.#cold.length > 0 && this.#spentMilliseconds > this.#mostMilliseconds) return;
    await this.#withHeap(host, async (heap) => {
      const begin = performance.now();
      const before = residentBytes();
      for (let pass = 0; pass < this.#passes; pass++) {
        const nanoseconds = await heap.pass();
        const isFirst = pass === 0;
        if (isFirst) this.#resident.push(residentBytes() - before);
        const list = isFirst ? this.#cold : pass <= LUKEWARM ? this.#lukewarm : this.#warm;
        list.push(nanoseconds / Math.max(this.#trace.trace.count, 1));
        await heap.drain();
      }
      this.#slices.push((await heap.slices(SLICE_OPERATIONS)).nanoseconds);
      const end = performance.now();
      this.#raceMilliseconds += end - begin;
      this.#gcMilliseconds += await host.collector.milliseconds(begin, end);
    });
  }

  async #withHeap(host: Host, use: (heap: RacerHeap) => Promise<void>): Promise<void> {
    if (this.#failure !== null) return;
    // The last heap's memory, and what others left, is nobody's bill: it goes in the background.
    host.collector.collect();
    await setTimeout(SETTLE_MILLISECONDS);
    let heap: RacerHeap | undefined;
    const begin = performance.now();
    try {
      heap = await this.#racer.start(this.#trace);
      await use(heap);
    } catch (error) {
      this.#failure = isError(error) ? error.message : String(error);
    } finally {
      heap?.close();
      this.#spentMilliseconds += performance.now() - begin;
    }
  }

  /** @returns all that was found */
  result(): HeapResult {
    const failed = this.#failure !== null;
    const first = failed ? null : this.#first;
    const held = first?.heldBytes ?? null;
    return {
      contestant: this.name,
      failure: this.#failure,
      heaps: failed ? 0 : this.#cold.length,
      refused: failed ? 0 : this.#refused,
      cold: failed ? [] : this.#cold,
      lukewarm: failed ? [] : this.#lukewarm,
      warm: failed ? [] : this.#warm,
      gcShare: failed ? null : this.#gcMilliseconds / Math.max(this.#raceMilliseconds, 1e-9),
      latency: failed ? null : latencyOf(this.#slices),
      nanosecondsAt:
        first && atPlaces(first.nanoseconds, (part) => meanOf(part) / SLICE_OPERATIONS),
      heldBytes: held && atPlaces(held, mostOf),
      growths: held && growthsOf(held),
      residentBytes: failed || this.#resident.length === 0 ? null : Math.max(0, ...this.#resident),
    };
  }
}

/** Whether a compiler needs more: some passes, but of a slow contestant one will do. */
function isCold(passes: number, milliseconds: number, most: number): boolean {
  if (milliseconds > most) return false;
  return passes < WARM_UP_PASSES || milliseconds < WARM_UP_MILLISECONDS;
}

/** @returns one number for each place: what `merge` makes of the slices that end there */
function atPlaces(slices: Float64Array, merge: (part: Float64Array) => number): number[] {
  const stride = slicesAPlace(slices.length * SLICE_OPERATIONS);
  const places: number[] = [];
  for (let at = 0; at < slices.length; at += stride)
    places.push(merge(slices.subarray(at, at + stride)));
  return places;
}

function meanOf(part: Float64Array): number {
  return part.reduce((sum, value) => sum + value, 0) / part.length;
}

function mostOf(part: Float64Array): number {
  return part.reduce((most, value) => Math.max(most, value), 0);
}

function growthsOf(held: Float64Array): number {
  let growths = 0;
  for (let i = 0, last = 0; i < held.length; last = held[i++]!) if (held[i]! > last) growths++;
  return growths;
}

/** Shares of the slices: close together where the tail is. */
const SHARES = [
  ...Array.from({ length: 90 }, (_, i) => (i + 1) / 100),
  ...Array.from({ length: 9 }, (_, i) => (91 + i) / 100),
  ...[0.992, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999, 1],
];

/** @returns the distribution of all slices together; null for none */
function latencyOf(slices: readonly Float64Array[]): Latency | null {
  const all = new Float64Array(slices.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of slices) {
    all.set(part, at);
    at += part.length;
  }
  if (all.length === 0) return null;
  all.sort();
  const sorted = all as unknown as number[];
  const of = (share: number): number => quantileSorted(sorted, share);
  return {
    operations: SLICE_OPERATIONS,
    slices: all.length,
    p50: of(0.5),
    p99: of(0.99),
    p999: of(0.999),
    longest: of(1),
    cdf: { shares: SHARES, nanoseconds: SHARES.map(of) },
  };
}
