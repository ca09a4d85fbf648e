// The plan of a replay on workers: whoever runs when, the order in each thread and on each block is
// the trace's, and somebody can always go on.

import { describe, expect, it } from "vitest";
import { OpKind } from "../../src/layout/generated.js";
import { parseTrace } from "../../src/trace/parse.js";
import {
  GIVES,
  HAND,
  HAND_BITS,
  ID_KIND,
  OP_WORDS,
  WAITS,
  X_LOW,
  scheduleOf,
  type Schedule,
  type ScheduleOptions,
} from "../../src/trace/workers/schedule.js";
import { kindOf, slotOf, type Trace } from "../../src/trace/trace.js";
import { generateThreads } from "../fuzz/threads.js";
import { Prng } from "../support/prng.js";

const parse = (text: string): Trace =>
  parseTrace(new TextEncoder().encode(`0\n0\n0\n1\n${text}`), "t.rep");
const traceOf = (seed: number): Trace => parse(generateThreads(seed, "ilp32").text.slice(8));

/**
 * The thread of each operation, straight from the turns; a number after its exit is another thread.
 */
function threadsOf({ turns, count }: Trace): string[] {
  const lives = new Map<number, number>();
  const threads: string[] = [];
  let now = "0.0";
  let turn = 0;
  for (let i = 0; i < count; i++) {
    for (; turn < turns.at.length && turns.at[turn]! <= i; turn++) {
      const who = turns.who[turn]!;
      if (who < 0) lives.set(-1 - who, (lives.get(-1 - who) ?? 0) + 1);
      else now = `${who}.${lives.get(who) ?? 0}`;
    }
    threads.push(now);
  }
  return threads;
}

/**
 * Runs a schedule without any worker: `pick` says who of those that can go on does.
 * @returns the operations in the order that came about; it ends early when nobody can go on
 */
function execute(schedule: Schedule, pick: (workers: number[]) => number): number[] {
  const { parts, ops, source, slots } = schedule;
  const next = parts.map(({ begin }) => begin);
  const hands = new Uint32Array(slots);
  const order: number[] = [];
  const canGoOn = (worker: number): boolean => {
    const place = next[worker]!;
    if (place === parts[worker]!.end) return false;
    const hand = ops[place * OP_WORDS + HAND]!;
    const slot = slotOf(ops[place * OP_WORDS + ID_KIND]!);
    return (hand & WAITS) === 0 || hands[slot] === hand >>> HAND_BITS;
  };
  for (;;) {
    const able = parts.map((_, worker) => worker).filter(canGoOn);
    if (able.length === 0) return order;
    const worker = pick(able);
    const place = next[worker]!++;
    const hand = ops[place * OP_WORDS + HAND]!;
    const slot = slotOf(ops[place * OP_WORDS + ID_KIND]!);
    if ((hand & GIVES) !== 0) hands[slot] = (hand >>> HAND_BITS) + 1;
    order.push(source[place]!);
  }
}

/**
 * What each operation's order is kept in: its thread, and its slot; with fresh ids the slot only
 * until it is freed.
 */
function chainsOf(trace: Trace, freshIds: boolean): string[][] {
  const uses = new Map<number, number>();
  const freed = new Set<number>();
  const threads = threadsOf(trace);
  return threads.map((thread, i) => {
    const slot = slotOf(trace.idKinds[i]!);
    const isFree = kindOf(trace.idKinds[i]!) === OpKind.FREE;
    if (slot === 0) return [`thread ${thread}`];
    if (freshIds && freed.has(slot) && !isFree) uses.set(slot, (uses.get(slot) ?? 0) + 1);
    if (isFree) freed.add(slot);
    else freed.delete(slot);
    return [`thread ${thread}`, `slot ${slot}.${uses.get(slot) ?? 0}`];
  });
}

/** @returns what is wrong with an order, or "" */
function judge(trace: Trace, order: readonly number[], freshIds = false): string {
  if (order.length < trace.count) return `stuck after ${order.length}`;
  if (new Set(order).size !== trace.count) return "an operation twice";
  const chains = chainsOf(trace, freshIds);
  const last = new Map<string, number>();
  for (const index of order)
    for (const chain of chains[index]!) {
      if ((last.get(chain) ?? -1) > index) return `${chain}: ${last.get(chain)} before ${index}`;
      last.set(chain, index);
    }
  return "";
}

const PLANS: ScheduleOptions[] = [
  {},
  { freshIds: true },
  { mostWorkers: 1 },
  { mostWorkers: 2 },
  { mostWorkers: 3, freshIds: true },
];

describe("a schedule", () => {
  it.each(PLANS)("keeps every order and cannot deadlock: %o", (options) => {
    const random = new Prng(7);
    const picks = [
      (able: number[]) => able[0]!,
      (able: number[]) => able.at(-1)!,
      (able: number[]) => random.pick(able),
    ];
    for (let seed = 1; seed <= 25; seed++) {
      const trace = traceOf(seed);
      const schedule = scheduleOf(trace, "ilp32", options);
      for (const pick of picks)
        expect(`${seed}: ${judge(trace, execute(schedule, pick), options.freshIds)}`).toBe(
          `${seed}: `,
        );
    }
  });

  it("leaves operations of different threads on different blocks alone", () => {
    const trace = parse("a 0 1\na 1 1\nt 1\na 2 1\nf 2\nt 0\nf 1\nf 0\n");
    const schedule = scheduleOf(trace, "ilp32");
    expect(schedule.handOvers).toBe(0);
    expect(execute(schedule, (able) => able.at(-1)!)).toEqual([2, 3, 0, 1, 4, 5]);
  });

  it("canary: a wait that is missing, or for what never comes, is noticed", () => {
    let noticed = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const trace = traceOf(seed);
      for (const hand of ["dropped", "raised"]) {
        const schedule = scheduleOf(trace, "ilp32");
        const waits = [...schedule.source.keys()]
          .map((place) => place * OP_WORDS + HAND)
          .filter((at) => (schedule.ops[at]! & WAITS) !== 0);
        for (const at of waits)
          if (hand === "dropped") schedule.ops[at]! &= ~WAITS;
          else schedule.ops[at]! += 1 << HAND_BITS;
        const wrong = judge(
          trace,
          execute(schedule, (able) => able.at(-1)!),
        );
        if (wrong !== "" && wrong.startsWith("stuck") === (hand === "raised")) noticed++;
      }
    }
    expect(noticed).toBe(20);
  });
});

describe("workers", () => {
  const workersOf = (text: string, options?: ScheduleOptions): number[] =>
    scheduleOf(parse(text), "ilp32", options).lives.map(({ worker }) => worker);

  it("are as many as threads live at a time; one that has nothing to do takes the next thread", () => {
    const text = "a 0 1\nt 1\na 1 1\nt 2\na 2 1\nx 1\nt 3\na 3 1\nx 2\nx 3\nt 4\nf 3\nt 5\nf 2\n";
    expect(workersOf(text)).toEqual([0, 1, 2, 1, 2, 1]);
  });

  it("when fewer, get threads by what these have to do", () => {
    const text = "a 0 1\na 1 1\na 2 1\na 3 1\nt 1\na 4 1\nt 2\na 5 1\nt 3\nf 5\nf 4\n";
    expect(workersOf(text, { mostWorkers: 2 })).toEqual([0, 1, 1, 1]);
    expect(workersOf(text, { mostWorkers: 1 })).toEqual([0, 0, 0, 0]);
  });

  it("run threads whose number is used again as others", () => {
    const { lives, parts } = scheduleOf(parse("t 1\na 0 1\nx 1\nt 1\nf 0\nx 1\nx 7\n"), "lp64");
    expect(lives.map(({ number, isFirst }) => [number, isFirst])).toEqual([
      [0, true],
      [1, true],
      [1, false],
    ]);
    expect(parts[0]).toMatchObject({ begin: 0, end: 0, threads: 1 });
    expect([...parts[1]!.stepWho]).toEqual([1, ~1, 2, ~2]);
    expect([...parts[1]!.stepAt]).toEqual([0, 1, 1, 2]);
  });

  it("of a trace without threads are one", () => {
    expect(scheduleOf(parse("a 0 1\nf 0\n"), "ilp32").parts).toHaveLength(1);
    expect(scheduleOf(parse(""), "ilp32")).toMatchObject({ count: 0, handOvers: 0 });
  });

  it("are refused when more threads live at a time than a process can have", () => {
    const turns = Array.from({ length: 129 }, (_, thread) => `t ${thread}\nf 0\n`).join("");
    expect(() => scheduleOf(parse(turns), "ilp32")).toThrow(
      "t.rep: 129 threads at a time, and a process has room for 128",
    );
  });
});

describe("sizes", () => {
  it("are cut to what size_t holds", () => {
    const trace = parse("a 0 99999999999\n");
    const x = (abi: "ilp32" | "lp64") => scheduleOf(trace, abi).ops.slice(X_LOW, X_LOW + 2);
    expect([...x("ilp32")]).toEqual([0xffffffff, 0]);
    expect([...x("lp64")]).toEqual([99999999999 % 2 ** 32, 23]);
  });
});
