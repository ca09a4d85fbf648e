// How many calls of malloc and free does an allocator serve when two threads call it?
//
// Rationale: programs use threads to be faster, and an allocator with one lock makes them slower.
// Loads that stay within a thread (random slots, as in larson and rptest; batches of mixed sizes,
// as in mstress; a pair) should be twice as fast on two; a ring, where one thread allocates and the
// other frees, is the hard case. "No allocator" runs the same loops, from the same compiler, on
// places of a private array: what the machine itself, the memory traffic and the ring allow.
//
// Caveats: needs two cores that nobody else uses. Each sample has a fresh heap and fresh threads,
// warmed up outside the clock. One thread's ring is filled and emptied by turns, 1,024 blocks; two
// threads hand over bursts of 32, and a try that finds the ring full or empty costs time and counts
// for nothing. mimalloc and dlmalloc never give memory back in WebAssembly, and mimalloc is
// compiled into one translation unit with the loads. A thread of native glibc that must wait sleeps
// in the kernel, so its ring depends on what a wake-up costs there (in virtual machines: a lot),
// and everybody's ring on how far the cores are from each other. V8 enters optimised code only with
// a call: threads run slices of 20,000 steps; in one long call the loop would stay in baseline
// code.

import { NATIVE_NAMES, OURS } from "../contestants/allocators.js";
import { ratio, scaled, type Cell, type Question, type Ratio, type Row } from "../lab/question.js";
import {
  ALONE,
  CLASSED,
  CLASSED_QUEUED,
  EXTENDED,
  MIMALLOC,
  SINGLE,
  handoverTime,
  threadContestants,
} from "../contestants/threads/contestants.js";
import { LOADS } from "../contestants/threads/loads.js";
import { raceThreads, type ThreadRates } from "../contestants/threads/race.js";

/** Who is held against mimalloc, and how many times its calls are wanted. */
const RIVALS = [
  { contestant: OURS.ilp32, label: "ours", floor: 1 },
  { contestant: EXTENDED, label: "ours, for speed,", floor: 1 },
  { contestant: CLASSED, label: "throughput", floor: 1.05 },
  { contestant: CLASSED_QUEUED, label: "throughput, queued,", floor: 1.05 },
];

const TITLES = LOADS.map(({ title }) => title);

/** @returns how much better two threads are than one, or null */
function scaling(rates: ThreadRates, contestant: string, column: number): Cell | null {
  const one = rates.cell(contestant, 1, column);
  const two = rates.cell(contestant, 2, column);
  return one && two && { median: two.median / one.median, best: two.best / one.best };
}

function quotient(over: Cell | null, under: Cell | null): Cell | null {
  return over && under && { median: over.median / under.median, best: over.best / under.best };
}

/** @returns the rows of one contestant: one thread, two, two to one, and that to the control's */
function rowsOf(rates: ThreadRates, name: string, control: string): Row[] {
  const columns = TITLES.map((_, column) => column);
  const scalings = columns.map((column) => scaling(rates, name, column));
  const relative = columns.map((column) =>
    name === control ? null : quotient(scalings[column] ?? null, scaling(rates, control, column)),
  );
  const rows: Row[] = [
    {
      contestant: `${name}: 1 thread`,
      cells: columns.map((column) => rates.cell(name, 1, column)),
    },
    { contestant: `2 threads`, cells: columns.map((column) => rates.cell(name, 2, column)) },
    { contestant: `2 threads to 1`, cells: scalings, digits: 2 },
    { contestant: `that to the same without allocator`, cells: relative, digits: 2 },
  ];
  return rows.filter(({ cells }) => cells.some((cell) => cell !== null));
}

/** @returns ours held against what was wanted */
function ratiosOf(rates: ThreadRates, control: string): Ratio[] {
  const ours = OURS.ilp32;
  return TITLES.flatMap((title, column) => {
    const isRing = LOADS[column]?.load === "ring";
    const own = scaling(rates, ours, column);
    const wanted = (floor: number) => (found: Ratio) => ({ ...found, floor });
    const scales = isRing
      ? ratio(
          `${title}: 2 threads to 1, to native i386`,
          own,
          scaling(rates, NATIVE_NAMES.ilp32, column),
        ).map(wanted(1))
      : ratio(
          `${title}: 2 threads to 1, to no allocator`,
          own,
          scaling(rates, control, column),
        ).map(wanted(0.95));
    const rivals = RIVALS.flatMap(({ contestant, label, floor }) =>
      [1, 2].flatMap((threads) =>
        ratio(
          `${title}: ${label} to mimalloc, ${threads} ${threads === 1 ? "thread" : "threads"}`,
          rates.cell(contestant, threads, column),
          rates.cell(MIMALLOC, threads, column),
        ).map((found) => (isRing && floor === 1 ? found : wanted(floor)(found))),
      ),
    );
    const price = ratio(
      `${title}: time of a process's only thread, to the build without threads`,
      rates.cell(SINGLE, 1, column),
      rates.cell(ALONE, 1, column),
      1.15,
    );
    return [...scales, ...rivals, ...price];
  });
}

export const threads: Question = {
  name: "threads",
  isLong: true,
  question: "How many calls of malloc and free does an allocator serve when two threads call it?",
  async answer(scale) {
    const { contestants, notes } = threadContestants();
    const { rounds, seconds } = scaled({ rounds: 1, seconds: 0.15 }, scale);
    const rates = await raceThreads(contestants, rounds, { seconds, warmUpSeconds: 0.1 });
    const control = contestants.find(({ name }) => name === OURS.ilp32)?.control ?? "";
    const { samples, disturbed } = rates;
    notes.push(...rates.failures);
    const handover = handoverTime();
    if (handover !== null)
      notes.push(`a cache line takes ${handover.toFixed(0)} ns from one core to the other here`);
    if (disturbed > 0)
      notes.push(`others used the machine during ${disturbed} of ${samples} samples`);
    return {
      unit: "million calls a second",
      columns: TITLES,
      rows: contestants.flatMap(({ name, control: other }) => rowsOf(rates, name, other)),
      ratios: ratiosOf(rates, control),
      notes,
    };
  },
};
