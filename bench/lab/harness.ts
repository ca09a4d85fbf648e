// Runs contestants against each other. benny drives: it calibrates, repeats and times. Here every
// contestant enters a suite several times over, in an order shuffled anew for each round, so that a
// disturbance of the machine hits all of them alike, and what benny sampled in all rounds is put
// together.

import { add, configure, suite } from "benny";
import { randomIntegers, shuffled } from "./random.js";
import { summarise, type Samples } from "../../src/trace/statistics.js";

/** One contestant in one race. */
export interface Contestant {
  readonly name: string;
  /** Units of work (pairs, operations) that one call does. */
  readonly unitsPerCall: number;
  /** Does the work: at least some microseconds of it. */
  call(): void | Promise<void>;
  /**
   * For a contestant with a clock of its own (another process; a part of the call that must not
   * count): nanoseconds a unit, one number a call at least, appended by `call`. Empty otherwise:
   * benny's clock counts.
   */
  readonly clocked: number[] | null;
  /** Ends what the contestant has running. */
  close?(): void;
}

/** How long to race. */
export interface Effort {
  /** Times that every contestant enters. */
  readonly rounds: number;
  /** Seconds for each contestant in each round, about. */
  readonly seconds: number;
}

/** What a race found: nanoseconds a unit of work, by contestant. */
export type RaceResult = Map<string, Samples>;

/**
 * Warming up: seconds, and calls at least. Compilation for speed happens beside the running code
 * and takes a moment.
 */
const WARM_UP_SECONDS = 0.08;
const WARM_UP_CALLS = 3;

/**
 * Lets contestants race.
 *
 * @param title what benny prints
 * @param effort rounds, and time for each
 * @returns the samples of each contestant, in the order given
 */
export async function race(
  title: string,
  contestants: readonly Contestant[],
  effort: Effort,
): Promise<RaceResult> {
  for (const contestant of contestants) await warmUp(contestant);
  const entries = enter(contestants, effort.rounds);
  for (const { clocked } of contestants) clocked?.splice(0);
  const summary = await suite(
    title,
    ...entries.map((entry, index) => add(String(index), () => entry.call())),
    configure({
      cases: {
        delay: 0,
        initCount: 1,
        minSamples: 1,
        minTime: effort.seconds / 6,
        maxTime: effort.seconds,
      },
    }),
  );
  const found = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (const { name, details } of summary.results) {
    const entry = entries[Number(name)]!;
    const samples = found.get(entry.name)!;
    if (entry.clocked === null)
      samples.push(...details.sampleResults.map((s) => (s * 1e9) / entry.unitsPerCall));
  }
  for (const contestant of contestants) contestant.close?.();
  return new Map(
    contestants.map(({ name, clocked }) => [name, summarise(clocked ?? found.get(name)!)]),
  );
}

async function warmUp(contestant: Contestant): Promise<void> {
  const end = performance.now() + WARM_UP_SECONDS * 1000;
  for (let calls = 0; calls < WARM_UP_CALLS || performance.now() < end; calls++)
    await contestant.call();
}

/**
 * @returns every contestant `rounds` times, each round in an order of its own; the same in every
 *   run
 */
function enter(contestants: readonly Contestant[], rounds: number): Contestant[] {
  const random = randomIntegers(0x9e3779b9);
  const entries: Contestant[] = [];
  for (let round = 0; round < rounds; round++) entries.push(...shuffled(contestants, random));
  return entries;
}
