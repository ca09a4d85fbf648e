// Do threads queue up behind each other's locks when there are many more of them than arenas and
// cores?
//
// Rationale: a lock convoy is what becomes of a lock that is taken often: a thread that loses the
// processor while it holds the lock makes all others sleep, each of them is woken only to find the
// lock taken again, and the program goes at the pace of the scheduler. Then the rate falls with
// every thread, and nearly every lock is found taken. Each thread replaces slots of its own, with
// blocks that tcache mostly serves, without a lock, and with larger ones, which it never does; as
// in "threads". Arenas are shared: glibc makes two for each core in i386, four here, so that 64
// threads are 16 to an arena.
//
// Caveats: with two cores the rate cannot grow beyond two threads; that it stays is the point. 64
// threads have 64 times the blocks, 17 and 99 MB, so the caches serve everybody worse, also where
// there are no locks. The counters are those of all threads from their start, warm-up included.
// Only this project's build counts.

import { NATIVE_NAMES, OURS } from "../contestants/allocators.js";
import type { Answer, Cell, Question, Row } from "../lab/question.js";
import { ratio, scaled } from "../lab/question.js";
import {
  DLMALLOC,
  MIMALLOC,
  threadContestants,
  type ThreadContestant,
  type ThreadEffort,
} from "../contestants/threads/contestants.js";
import { LOADS, type Load } from "../contestants/threads/loads.js";
import type { ThreadLocks } from "../contestants/threads/worker.js";

const CROWDS = [2, 4, 8, 16, 32, 64] as const;
const CROWDED = LOADS.filter(({ load }) => load === "private_small" || load === "private_large");
const NAMES: readonly string[] = [OURS.ilp32, MIMALLOC, DLMALLOC, NATIVE_NAMES.ilp32];

/** What was found for one number of threads. */
interface Found {
  readonly rates: number[];
  readonly locks: ThreadLocks[];
}

function cellOf(values: readonly number[], best: (...values: number[]) => number): Cell | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, best: best(...values) };
}

function perThousand(found: Found, key: "contended" | "waited"): Cell | null {
  return cellOf(
    found.locks.map((locks) => (1000 * locks[key]) / locks.calls),
    Math.min,
  );
}

async function watch(
  contestant: ThreadContestant,
  load: Load,
  rounds: number,
  effort: ThreadEffort,
  notes: string[],
): Promise<Found[]> {
  const all = CROWDS.map((): Found => ({ rates: [], locks: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const [column, threads] of CROWDS.entries()) {
      try {
        const { rate, locks } = await contestant.measure(load, threads, effort);
        all[column]!.rates.push(rate);
        if (locks) all[column]!.locks.push(locks);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        notes.push(`${contestant.name} failed with ${threads} threads: ${reason}`);
      }
    }
  }
  return all;
}

function rowsOf(name: string, all: readonly Found[]): Row[] {
  const rows: Row[] = [
    { contestant: name, cells: all.map(({ rates }) => cellOf(rates, Math.max)) },
    {
      contestant: "locks found taken, in 1,000 calls",
      cells: all.map((found) => perThousand(found, "contended")),
      digits: 2,
    },
    {
      contestant: "slept over, in 1,000 calls",
      cells: all.map((found) => perThousand(found, "waited")),
      digits: 2,
    },
  ];
  return rows.filter(({ cells }) => cells.some((cell) => cell !== null));
}

export const crowds: Question = {
  name: "crowds",
  isLong: true,
  question: "Do many threads queue up behind each other's locks?",
  async answer(scale): Promise<Answer> {
    const { contestants, notes } = threadContestants();
    const { rounds, seconds } = scaled({ rounds: 2, seconds: 0.3 }, scale);
    const rows: Row[] = [];
    const ratios: Answer["ratios"][number][] = [];
    const wanted = contestants.filter(({ name }) => NAMES.includes(name));
    const entries = CROWDED.flatMap((one) => wanted.map((contestant) => ({ contestant, ...one })));
    for (const { contestant, load, title } of entries) {
      const name = `${contestant.name}, ${title}`;
      const all = await watch(contestant, load, rounds, { seconds, warmUpSeconds: 0.2 }, notes);
      rows.push(...rowsOf(name, all));
      const [few, many] = [all[0]!, all.at(-1)!].map(({ rates }) => cellOf(rates, Math.max));
      ratios.push(...ratio(`${name}: 64 threads to 2`, many ?? null, few ?? null));
    }
    return {
      unit: "million calls a second",
      columns: CROWDS.map((threads) => `${threads} threads`),
      rows,
      ratios,
      notes,
    };
  },
};
