// Lets the contestants of the benchmark with threads race: every round has every contestant, load
// and number of threads once, in an order of its own, so that a disturbance of the machine hits all
// alike.

import type { Cell } from "../../lab/question.js";
import { undisturbed } from "../../lab/quiet.js";
import { randomIntegers, shuffled } from "../../lab/random.js";
import type { ThreadContestant, ThreadEffort } from "./contestants.js";
import { LOADS } from "./loads.js";
import { summarise } from "../../../src/trace/statistics.js";

/** What a race found. */
export interface ThreadRates {
  /**
   * @returns millions of calls a second; best is most. Null where the contestant did not take part
   */
  cell(contestant: string, threads: number, column: number): Cell | null;
  /** How many samples there are, and how many of them others disturbed. */
  readonly samples: number;
  readonly disturbed: number;
  /**
   * What went wrong in a sample that is therefore missing: one contestant's trap must not cost the
   * others' numbers.
   */
  readonly failures: readonly string[];
}

const THREADS = [1, 2] as const;

/** How many samples may be taken again because others used the machine, for each that is wanted. */
const REPEATS = 0.25;

function keyOf(contestant: string, threads: number, column: number): string {
  return `${contestant}/${threads}/${column}`;
}

/** Measures all loads on one thread and on two. */
export async function raceThreads(
  contestants: readonly ThreadContestant[],
  rounds: number,
  effort: ThreadEffort,
): Promise<ThreadRates> {
  const random = randomIntegers(0x7f4a7c15);
  const samples = new Map<string, number[]>();
  const entries = contestants.flatMap((contestant) =>
    THREADS.filter((threads) => threads <= (contestant.mostThreads ?? threads)).flatMap((threads) =>
      LOADS.map(({ load }, column) => ({ contestant, threads, load, column })),
    ),
  );
  let repeats = Math.ceil(entries.length * rounds * REPEATS);
  let disturbed = 0;
  const failures: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    console.log(`round ${round} of ${rounds}`);
    for (const { contestant, threads, load, column } of shuffled(entries, random)) {
      const key = keyOf(contestant.name, threads, column);
      try {
        const { value, quiet } = await undisturbed(
          () => contestant.measure(load, threads, effort),
          () => repeats-- > 0,
        );
        if (!quiet) disturbed++;
        samples.set(key, [...(samples.get(key) ?? []), value.rate]);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.push(`${contestant.name} failed at ${load} on ${threads}: ${reason}`);
        console.log(failures.at(-1));
      }
    }
  }
  return {
    samples: entries.length * rounds,
    disturbed,
    failures,
    cell(contestant, threads, column) {
      const found = samples.get(keyOf(contestant, threads, column));
      return found ? { median: summarise(found).median, best: Math.max(...found) } : null;
    },
  };
}
