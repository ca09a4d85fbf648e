// A worker's part of a replay: its operations in their order, each when its slot has been handed
// over. The loop makes no object and sends no message for an operation.

import { OpKind } from "../../layout/generated.js";
import { BlockChecks, type CheckTables } from "./block-checks.js";
import {
  GIVES,
  HAND,
  HAND_BITS,
  ID_KIND,
  OP_WORDS,
  WAITS,
  X_HIGH,
  X_LOW,
  Y_HIGH,
  Y_LOW,
  type Schedule,
} from "./schedule.js";
import { Meeting, STATS, STATS_FIELDS, type SharedRun } from "./shared-run.js";
import { keepsOld } from "../player.js";
import { kindOf, slotOf } from "../trace.js";
import type { ThreadProcess, WorkerThreads } from "./threads.js";
import { SLICE_OPS } from "../session.js";

/**
 * Makes the call of an operation, as `call` of player.ts does. Written out, since this is timed: by
 * that one an operation took 1 to 3 ns more of 25 in ilp32, and 17 more of 55 in lp64, where it
 * must have every argument as a BigInt.
 * @param at where its words begin in `ops`
 * @param old the block on its slot
 * @returns the block's address, unsigned or signed; 0 for none
 */
type Call = (process: ThreadProcess, ops: Uint32Array, at: number, old: number) => number;

/** In ilp32 the numbers are passed as they are. */
const call32: Call = ({ raw }, ops, at, old) => {
  switch (kindOf(ops[at + ID_KIND]!)) {
    case OpKind.MALLOC:
      return raw.malloc(ops[at + X_LOW] as never) as unknown as number;
    case OpKind.CALLOC:
      return raw.calloc(ops[at + X_LOW] as never, ops[at + Y_LOW] as never) as unknown as number;
    case OpKind.MEMALIGN:
      return raw.memalign(ops[at + X_LOW] as never, ops[at + Y_LOW] as never) as unknown as number;
    case OpKind.REALLOC:
      return raw.realloc(old, ops[at + X_LOW] as never) as unknown as number;
    case OpKind.FREE:
      raw.free(old);
      return 0;
  }
};

/** In lp64 JavaScript passes size_t as a BigInt. */
const call64: Call = ({ raw }, ops, at, old) => {
  const x = wide(ops[at + X_LOW]!, ops[at + X_HIGH]!) as never;
  switch (kindOf(ops[at + ID_KIND]!)) {
    case OpKind.MALLOC:
      return Number(raw.malloc(x));
    case OpKind.CALLOC:
      return Number(raw.calloc(x, wide(ops[at + Y_LOW]!, ops[at + Y_HIGH]!)));
    case OpKind.MEMALIGN:
      return Number(raw.memalign(x, wide(ops[at + Y_LOW]!, ops[at + Y_HIGH]!)));
    case OpKind.REALLOC:
      return Number(raw.realloc(BigInt(old), x));
    case OpKind.FREE:
      raw.free(BigInt(old));
      return 0;
  }
};

function wide(low: number, high: number): bigint {
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** Runs the operations of one worker. */
export class WorkerLoop {
  readonly #schedule: Schedule;
  readonly #run: SharedRun;
  readonly #worker: number;
  readonly #meeting: Meeting;
  readonly #call: Call;
  /** The life that calls, or that called last. */
  #life = 0;

  constructor(schedule: Schedule, run: SharedRun, worker: number) {
    this.#schedule = schedule;
    this.#run = run;
    this.#worker = worker;
    this.#meeting = new Meeting(run, worker, schedule.parts.length);
    this.#call = schedule.abi === "ilp32" ? call32 : call64;
  }

  /**
   * Runs this worker's part once, together with the others. The tables must be empty.
   * @param round the run's number, from 1
   * @param tables makes it a run that checks
   * @returns how long it took until all workers were ready, ms; of worker 0 only
   * @throws Stopped, Stuck, CheckError, what the heap's calls throw
   */
  run(round: number, threads: WorkerThreads, tables?: CheckTables): number {
    threads.begin();
    const checks = tables && new BlockChecks(tables);
    const { begin, end, stepAt, stepWho } = this.#schedule.parts[this.#worker]!;
    this.#meeting.at(begin);
    this.#meeting.arrive(round);
    const start = performance.now();
    let place = begin;
    for (let step = 0; step < stepAt.length; step++) {
      this.#runUpTo(threads, place, stepAt[step]!, checks);
      place = stepAt[step]!;
      const who = stepWho[step]!;
      if (who >= 0) {
        this.#life = who;
        threads.enter(who);
      } else {
        threads.exit(~who);
      }
    }
    this.#runUpTo(threads, place, end, checks);
    this.#meeting.finish();
    const milliseconds = performance.now() - start;
    threads.end();
    return milliseconds;
  }

  /** The present thread's operations up to `end`, and what it had to wait for. */
  #runUpTo(threads: WorkerThreads, from: number, end: number, checks?: BlockChecks): void {
    if (from === end) return;
    const process = threads.enter(this.#life);
    const meeting = this.#meeting;
    meeting.waits = 0;
    meeting.sleeps = 0;
    meeting.sleepMs = 0;
    const begin = performance.now();
    for (let place = from; place < end; place += SLICE_OPS) {
      const stop = Math.min(place + SLICE_OPS, end);
      if (checks === undefined) this.#runSlice(process, place, stop);
      else this.#checkSlice(process, place, stop, checks);
      meeting.goOn();
    }
    const { stats } = this.#run;
    const at = this.#life * STATS_FIELDS;
    stats[at + STATS.ms]! += performance.now() - begin;
    stats[at + STATS.waits]! += meeting.waits;
    stats[at + STATS.sleeps]! += meeting.sleeps;
    stats[at + STATS.sleepMs]! += meeting.sleepMs;
  }

  #runSlice(process: ThreadProcess, from: number, end: number): void {
    const { ops } = this.#schedule;
    const { blocks, hands } = this.#run;
    const meeting = this.#meeting;
    const call = this.#call;
    for (let place = from; place < end; place++) {
      meeting.at(place);
      const at = place * OP_WORDS;
      const slot = slotOf(ops[at + ID_KIND]!);
      const hand = ops[at + HAND]!;
      if ((hand & WAITS) !== 0 && Atomics.load(hands, slot) !== hand >>> HAND_BITS)
        meeting.wait(slot, hand >>> HAND_BITS);
      const block = call(process, ops, at, blocks[slot]!);
      if (block !== 0 || !keepsBlock(ops, at)) blocks[slot] = block;
      if ((hand & GIVES) !== 0) meeting.give(slot, (hand >>> HAND_BITS) + 1);
    }
  }

  #checkSlice(process: ThreadProcess, from: number, end: number, checks: BlockChecks): void {
    const { ops, source, previous } = this.#schedule;
    const { blocks, hands } = this.#run;
    for (let place = from; place < end; place++) {
      this.#meeting.at(place);
      const at = place * OP_WORDS;
      const slot = slotOf(ops[at + ID_KIND]!);
      const kind = kindOf(ops[at + ID_KIND]!);
      const hand = ops[at + HAND]!;
      const index = source[place]!;
      if ((hand & WAITS) !== 0 && Atomics.load(hands, slot) !== hand >>> HAND_BITS)
        this.#meeting.wait(slot, hand >>> HAND_BITS);
      const old = blocks[slot]!;
      if (slot !== 0) checks.before(process, { index, previous: previous[place]! }, slot, old);
      const block = this.#call(process, ops, at, old) >>> 0;
      if (block !== 0 || !keepsBlock(ops, at)) blocks[slot] = block;
      const alignment = kind === OpKind.MEMALIGN ? ops[at + X_LOW]! || 1 : 1;
      checks.after(process, { index, kind, alignment }, slot, { old, block });
      if ((hand & GIVES) !== 0) this.#meeting.give(slot, (hand >>> HAND_BITS) + 1);
    }
  }
}

/** @returns whether NULL leaves the block on the slot as it was, for the operation at `at` */
function keepsBlock(ops: Uint32Array, at: number): boolean {
  return keepsOld(kindOf(ops[at + ID_KIND]!), ops[at + X_LOW]! | ops[at + X_HIGH]!);
}
