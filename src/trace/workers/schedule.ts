// Which worker runs which operations of a trace, and what must have happened before: for a replay
// on threads that run at the same time.
//
// A trace is a total order, of which a program with threads kept only a part: the order within each
// thread, and the order of what is done to one block. So does a replay. An operation waits for the
// one before it in its worker, by running after it, and for the one before it on its slot. Where
// those two are in different workers, the slot is handed over: it has a counter of its hand-overs,
// which the one raises and the other waits for; all other operations touch no counter.
//
// An id that is used again, after its block was freed, is the same slot: the new block waits for
// the old one's end. So there never are more blocks than the trace has slots, but a recorder that
// gives numbers again at once, to whichever thread, ties threads together that had nothing to do
// with each other. `freshIds` gives each such block a slot of its own.
//
// This cannot deadlock: of all operations that are not done, the first in the trace waits for none,
// since all that it could wait for is earlier in the trace.

import type { Abi } from "../../layout/address.js";
import { OpKind } from "../../layout/generated.js";
import { narrow } from "../player.js";
import { assertThreads } from "../threads.js";
import { KIND_BITS, kindOf, NEVER_LIVE_SLOT, slotOf, type Trace } from "../trace.js";

/** Words of an operation in `Schedule.ops`, and what they hold. */
export const OP_WORDS = 6;
/** As `Trace.idKinds`. */
export const ID_KIND = 0;
/** The arguments, in two halves each, as size_t has them. */
export const X_LOW = 1;
export const X_HIGH = 2;
export const Y_LOW = 3;
export const Y_HIGH = 4;
/**
 * How often the slot has been handed over before, above two bits: whether to wait for that, and
 * whether to hand it over afterwards.
 */
export const HAND = 5;
export const HAND_BITS = 2;
export const WAITS = 1;
export const GIVES = 2;

const NOBODY = -1;

/**
 * A thread of the trace, from its first turn to its exit. A number that is used again is another
 * life.
 */
export interface Life {
  /** The thread's number in the trace. */
  readonly number: number;
  readonly worker: number;
  readonly operations: number;
  /** Whether it is the first one of its number. */
  readonly isFirst: boolean;
}

/** A worker's part. Positions count the operations of `Schedule.ops`. */
export interface WorkerPart {
  readonly begin: number;
  readonly end: number;
  /** In front of which position the worker's thread changes, or one exits. */
  readonly stepAt: Uint32Array;
  /** The life that goes on there; or, for the exit of life n, `~n`. */
  readonly stepWho: Int32Array;
  /** Most threads that live in this worker at a time. */
  readonly threads: number;
}

/**
 * A trace, cut up for workers. The arrays are in shared memory, except those that a worker reads
 * once.
 */
export interface Schedule {
  readonly abi: Abi;
  /** How long a table of slots is. They have other numbers than in the trace: see SlotHistory. */
  readonly slots: number;
  /**
   * How often a slot is handed over, and how many of these times only because its id is used again.
   */
  readonly handOvers: number;
  readonly reuses: number;
  readonly count: number;
  readonly lives: readonly Life[];
  /** Worker 0 has thread 0. */
  readonly parts: readonly WorkerPart[];
  /** The operations, worker by worker: OP_WORDS each. */
  readonly ops: Uint32Array;
  /** Which operation of the trace each one is. */
  readonly source: Uint32Array;
  /** The operation of the trace that is the one before on the same slot, plus 1; 0: none. */
  readonly previous: Uint32Array;
}

/** @returns an array of `length` elements in shared memory */
export function sharedU32(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * Uint32Array.BYTES_PER_ELEMENT));
}

/** A stretch of the trace that is one life's, or the exit of one (then it is empty). */
interface Stretch {
  readonly life: number;
  readonly begin: number;
  readonly end: number;
  readonly isExit: boolean;
}

interface MutableLife {
  number: number;
  worker: number;
  operations: number;
  isFirst: boolean;
}

/** Finds the lives of a trace's threads, and who of them has which operations. */
function livesOf(trace: Trace): { lives: MutableLife[]; stretches: Stretch[]; most: number } {
  const { turns, count } = trace;
  const lives: MutableLife[] = [{ number: 0, worker: 0, operations: 0, isFirst: true }];
  const stretches: Stretch[] = [{ life: 0, begin: 0, end: turns.at[0] ?? count, isExit: false }];
  const alive = new Map([[0, 0]]);
  const known = new Set([0]);
  let most = 1;
  let now = 0;
  for (let turn = 0; turn < turns.who.length; turn++) {
    const who = turns.who[turn]!;
    const begin = turns.at[turn]!;
    if (who < 0) {
      const life = alive.get(-1 - who);
      if (life !== undefined) stretches.push({ life, begin, end: begin, isExit: true });
      alive.delete(-1 - who);
    } else if (alive.has(who)) {
      now = alive.get(who)!;
    } else {
      now = lives.length;
      lives.push({ number: who, worker: NOBODY, operations: 0, isFirst: !known.has(who) });
      known.add(who);
      alive.set(who, now);
      most = Math.max(most, alive.size);
    }
    const end = turns.at[turn + 1] ?? count;
    // A thread's exit is no turn: the one that called before goes on, unless it is gone.
    if (who >= 0 || begin < end) stretches.push({ life: now, begin, end, isExit: false });
  }
  for (const { life, begin, end } of stretches) lives[life]!.operations += end - begin;
  return { lives, stretches, most };
}

/**
 * Every thread has a worker of its own while it lives: the one that has been idle longest, or a new
 * one.
 */
function spread(lives: MutableLife[], stretches: readonly Stretch[]): void {
  const idle: number[] = [];
  let workers = 1;
  for (const { life, isExit } of stretches) {
    const one = lives[life]!;
    if (isExit) idle.push(one.worker);
    else if (one.worker === NOBODY) one.worker = idle.shift() ?? workers++;
  }
}

/** Fewer workers than threads: each thread goes to the one that has least to do so far. */
function share(lives: MutableLife[], workers: number): void {
  const loads = new Float64Array(workers);
  lives.forEach((life, index) => {
    if (index > 0) life.worker = loads.indexOf(Math.min(...loads));
    // A thread that does next to nothing counts, too, so that many of them are spread.
    loads[life.worker]! += life.operations + 1;
  });
}

/** Writes down which thread each worker runs when. */
class Steps {
  readonly at: number[] = [];
  readonly who: number[] = [];
  /** Operations so far. */
  count = 0;
  threads = 0;
  #now = NOBODY;
  readonly #alive = new Set<number>();

  add({ life, begin, end, isExit }: Stretch): void {
    if (isExit) {
      this.#step(~life);
      this.#alive.delete(life);
      if (this.#now === life) this.#now = NOBODY;
      return;
    }
    // Nothing comes of a turn without operations, except a thread.
    if (begin === end && this.#alive.has(life)) return;
    if (this.#now !== life) this.#step(life);
    this.#now = life;
    this.#alive.add(life);
    this.threads = Math.max(this.threads, this.#alive.size);
    this.count += end - begin;
  }

  #step(who: number): void {
    this.at.push(this.count);
    this.who.push(who);
  }

  part(begin: number): WorkerPart {
    return {
      begin,
      end: begin + this.count,
      stepAt: Uint32Array.from(this.at, (at) => begin + at),
      stepWho: Int32Array.from(this.who),
      threads: this.threads,
    };
  }
}

/** How a trace is cut up. */
export interface ScheduleOptions {
  /** How many workers there may be; without it there are as many as threads live at a time. */
  mostWorkers?: number | undefined;
  /**
   * Whether a block under an id that was used before has a slot of its own, and waits for nothing.
   */
  freshIds?: boolean | undefined;
}

/**
 * Cuts a trace up.
 * @throws TraceError when more threads live at a time than a process can have
 */
export function scheduleOf(trace: Trace, abi: Abi, options: ScheduleOptions = {}): Schedule {
  const { mostWorkers = Infinity, freshIds = false } = options;
  const { lives, stretches, most } = livesOf(trace);
  assertThreads(trace.name, most);
  if (most <= mostWorkers) spread(lives, stretches);
  else share(lives, mostWorkers);
  const workers = Math.max(...lives.map(({ worker }) => worker)) + 1;
  const steps = Array.from({ length: workers }, () => new Steps());
  for (const stretch of stretches) steps[lives[stretch.life]!.worker]!.add(stretch);
  let begin = 0;
  const parts = steps.map((one) => {
    const part = one.part(begin);
    begin = part.end;
    return part;
  });
  return {
    abi,
    count: trace.count,
    lives,
    parts,
    ...placeOperations(trace, abi, freshIds, { stretches, lives, parts }),
  };
}

/** Slots whose words in a table are in one line of a cache, at most. */
const LINE_SLOTS = 16;

/**
 * Where what is done to a slot stands, while operations are placed. Slots get new numbers: those
 * that a worker is the first to use lie together, so that two workers seldom write to one line of a
 * cache.
 */
class SlotHistory {
  handOvers = 0;
  reuses = 0;
  /** Numbers given so far. NEVER_LIVE_SLOT keeps its. */
  slots = LINE_SLOTS;
  readonly #freshIds: boolean;
  readonly #schedule: Pick<Schedule, "ops" | "source" | "previous">;
  /** The new number of each slot of the trace. */
  readonly #numbers: Uint32Array;
  /** The number that each worker gives next; a multiple of LINE_SLOTS when its line is full. */
  readonly #next: Uint32Array;
  /**
   * By the slots of the trace: the place of the last operation, who has it, how often the slot was
   * handed over.
   */
  readonly #last: Uint32Array;
  readonly #worker: Int16Array;
  readonly #hands: Uint32Array;

  constructor(
    slots: number,
    workers: number,
    freshIds: boolean,
    schedule: Pick<Schedule, "ops" | "source" | "previous">,
  ) {
    this.#freshIds = freshIds;
    this.#schedule = schedule;
    this.#numbers = new Uint32Array(slots);
    this.#next = new Uint32Array(workers);
    this.#last = new Uint32Array(slots);
    this.#worker = new Int16Array(slots).fill(NOBODY);
    this.#hands = new Uint32Array(slots);
  }

  /** An operation of `worker` is at `place`: ties it to the one before it on its slot. */
  place(place: number, worker: number): void {
    const { ops, source, previous } = this.#schedule;
    const at = place * OP_WORDS;
    const kind = kindOf(ops[at + ID_KIND]!);
    const slot = slotOf(ops[at + ID_KIND]!);
    if (slot === NEVER_LIVE_SLOT) return;
    const last = this.#last[slot]! * OP_WORDS;
    const isReuse =
      kind !== OpKind.FREE &&
      this.#worker[slot] !== NOBODY &&
      kindOf(ops[last + ID_KIND]!) === OpKind.FREE;
    if (this.#worker[slot] === NOBODY || (isReuse && this.#freshIds)) {
      this.#numbers[slot] = this.#newNumber(worker);
      this.#worker[slot] = NOBODY;
      this.#hands[slot] = 0;
    }
    const before = this.#worker[slot]!;
    if (before !== NOBODY) previous[place] = source[this.#last[slot]!]! + 1;
    const isHandedOver = before !== NOBODY && before !== worker;
    if (isHandedOver) {
      ops[last + HAND]! |= GIVES;
      this.#hands[slot]!++;
      this.handOvers++;
      if (isReuse) this.reuses++;
    }
    ops[at + ID_KIND] = (this.#numbers[slot]! << KIND_BITS) | kind;
    ops[at + HAND] = (this.#hands[slot]! << HAND_BITS) | (isHandedOver ? WAITS : 0);
    this.#last[slot] = place;
    this.#worker[slot] = worker;
  }

  #newNumber(worker: number): number {
    if (this.#next[worker]! % LINE_SLOTS === 0) {
      this.#next[worker] = this.slots;
      this.slots += LINE_SLOTS;
    }
    return this.#next[worker]!++;
  }
}

/** Puts every operation into its worker's part, and marks where slots are handed over. */
function placeOperations(
  trace: Trace,
  abi: Abi,
  freshIds: boolean,
  {
    stretches,
    lives,
    parts,
  }: { stretches: readonly Stretch[] } & Pick<Schedule, "lives" | "parts">,
): Pick<Schedule, "ops" | "source" | "previous" | "slots" | "handOvers" | "reuses"> {
  const ops = sharedU32(trace.count * OP_WORDS);
  const source = sharedU32(trace.count);
  const previous = sharedU32(trace.count);
  const history = new SlotHistory(trace.slots, parts.length, freshIds, { ops, source, previous });
  const next = parts.map((part) => part.begin);
  for (const { life, begin, end } of stretches) {
    const { worker } = lives[life]!;
    for (let index = begin; index < end; index++) {
      const place = next[worker]!++;
      writeOperation(ops, place * OP_WORDS, trace, index, abi);
      source[place] = index;
      history.place(place, worker);
    }
  }
  const { slots, handOvers, reuses } = history;
  return { ops, source, previous, slots, handOvers, reuses };
}

/**
 * Writes an operation's first words. What the layout's size_t cannot hold becomes its greatest
 * value.
 */
function writeOperation(ops: Uint32Array, at: number, trace: Trace, index: number, abi: Abi): void {
  const isWide = abi === "lp64";
  const { idKinds, xLow, xHigh, yLow, yHigh } = trace;
  ops[at + ID_KIND] = idKinds[index]!;
  ops[at + X_LOW] = isWide ? xLow[index]! : narrow(xLow[index]!, xHigh[index]!);
  ops[at + X_HIGH] = isWide ? xHigh[index]! : 0;
  ops[at + Y_LOW] = isWide ? yLow[index]! : narrow(yLow[index]!, yHigh[index]!);
  ops[at + Y_HIGH] = isWide ? yHigh[index]! : 0;
}

/** @returns the life that the worker runs at `place`, by its steps */
export function lifeAt({ stepAt, stepWho }: WorkerPart, place: number): number {
  let life = 0;
  for (let step = 0; step < stepAt.length && stepAt[step]! <= place; step++)
    if (stepWho[step]! >= 0) life = stepWho[step]!;
  return life;
}
