// What the workers of a replay share besides the heap: the table of blocks, the counters by which
// slots are handed over, and the words by which they start together, stop together and find out
// that they wait for each other.

import { sharedU32, type Schedule } from "./schedule.js";

/** Words of `SharedRun.control`. */
const STOP = 0;
const ARRIVED = 1;
const ROUND = 2;
const FINISHED = 3;
/**
 * Words of each worker follow: so many that no two workers write to one line of a cache, as the
 * processor would carry that to and fro.
 */
const FIRST_WORKER = 32;
const WORKER_WORDS = 32;
/** The place of the operation that it is at. */
const PLACE = 0;
/** The slot that it sleeps over, plus 1; 0 while it runs, -1 when it has finished. */
const SLEEPS_OVER = 1;
/** The hand-over that it sleeps for. */
const SLEEPS_FOR = 2;
/** How often it went to sleep and woke up. */
const CHANGES = 3;
const HAS_FINISHED = -1;

/** Bit 31 of a slot's counter: somebody sleeps over it. */
const AWAITED = 0x8000_0000 | 0;
const COUNT = 0x7fff_ffff;

/** Looks at a counter before going to sleep over it: about as long as a few operations take. */
const LOOKS = 200;
/** How long a sleep lasts before it is looked whether the others have stopped, ms. */
const NAP_MS = 50;

/** Fields of a life in `SharedRun.stats`. */
export const STATS = {
  /** Operations that found their slot not handed over yet. */
  waits: 0,
  /** Those of them that slept. */
  sleeps: 1,
  /** How long those slept, ms. */
  sleepMs: 2,
  /**
   * From the thread's first operation in the run to its last, without what other threads of the
   * same worker did, ms.
   */
  ms: 3,
  /** Locks that it found taken, and those that it slept over. */
  contended: 4,
  lockSleeps: 5,
  /** The address of its arena at its end; 0: it has none. */
  arena: 6,
} as const;
export const STATS_FIELDS = 7;

/** The arrays that all workers share. */
export interface SharedRun {
  readonly control: Int32Array;
  /** The address of each slot's live block, or 0. */
  readonly blocks: Uint32Array;
  /** How often each slot was handed over. */
  readonly hands: Int32Array;
  /** STATS_FIELDS numbers a life, of the last run. */
  readonly stats: Float64Array;
}

/** Thrown in workers whose run was stopped because of another one. */
export class Stopped extends Error {
  /** "Stopped", also where a bundler has renamed the class. */
  override readonly name = "Stopped";
}

/** Thrown where the workers can only wait for each other. */
export class Stuck extends Error {
  /** "Stuck", also where a bundler has renamed the class. */
  override readonly name = "Stuck";
}

/** @returns the arrays for a schedule, all zero */
export function sharedRunOf({ slots, parts, lives }: Schedule): SharedRun {
  const words = FIRST_WORKER + parts.length * WORKER_WORDS;
  return {
    control: new Int32Array(sharedU32(words).buffer),
    blocks: sharedU32(slots),
    hands: new Int32Array(sharedU32(slots).buffer),
    stats: new Float64Array(new SharedArrayBuffer(lives.length * STATS_FIELDS * 8)),
  };
}

/**
 * Tells all workers to stop. They notice within some tens of milliseconds, unless they are inside a
 * call.
 */
export function stopAll({ control }: SharedRun): void {
  Atomics.store(control, STOP, 1);
}

/** @returns the place of the operation that a worker is at */
export function placeOf({ control }: SharedRun, worker: number): number {
  return Atomics.load(control, FIRST_WORKER + worker * WORKER_WORDS + PLACE);
}

/** One worker's hand in the shared words. */
export class Meeting {
  /** Waits of the present thread; see STATS. */
  waits = 0;
  sleeps = 0;
  sleepMs = 0;
  readonly #control: Int32Array;
  readonly #hands: Int32Array;
  readonly #workers: number;
  readonly #own: number;

  constructor({ control, hands }: SharedRun, worker: number, workers: number) {
    this.#control = control;
    this.#hands = hands;
    this.#workers = workers;
    this.#own = FIRST_WORKER + worker * WORKER_WORDS;
  }

  /** Begins a run: worker 0 lets all go when all are there. @throws Stopped */
  arrive(round: number): void {
    const control = this.#control;
    Atomics.store(control, this.#own + SLEEPS_OVER, 0);
    Atomics.add(control, ARRIVED, 1);
    Atomics.notify(control, ARRIVED);
    if (this.#own !== FIRST_WORKER) {
      this.#until(ROUND, round);
      return;
    }
    this.#until(ARRIVED, this.#workers);
    Atomics.store(control, ARRIVED, 0);
    Atomics.store(control, FINISHED, 0);
    Atomics.store(control, ROUND, round);
    Atomics.notify(control, ROUND);
  }

  /** Ends a run. Worker 0 waits for the others. @throws Stopped */
  finish(): void {
    const control = this.#control;
    Atomics.store(control, this.#own + SLEEPS_OVER, HAS_FINISHED);
    Atomics.add(control, FINISHED, 1);
    Atomics.notify(control, FINISHED);
    if (this.#own === FIRST_WORKER) this.#until(FINISHED, this.#workers);
  }

  /** Says which operation this worker is at. */
  at(place: number): void {
    this.#control[this.#own + PLACE] = place;
  }

  /** @throws Stopped when this worker is to stop */
  goOn(): void {
    if (Atomics.load(this.#control, STOP) !== 0) throw new Stopped("stopped");
  }

  /** Waits until a slot has been handed over `count` times. @throws Stopped, Stuck */
  wait(slot: number, count: number): void {
    const hands = this.#hands;
    this.waits++;
    for (let looks = 0; looks < LOOKS; looks++)
      if ((Atomics.load(hands, slot) & COUNT) === count) return;
    this.#sleep(slot, count);
  }

  /**
   * Hands a slot over for the `count`th time. What this worker has written until now is seen by
   * whoever waits for that.
   */
  give(slot: number, count: number): void {
    if (Atomics.exchange(this.#hands, slot, count) < 0) Atomics.notify(this.#hands, slot);
  }

  #sleep(slot: number, count: number): void {
    const control = this.#control;
    const hands = this.#hands;
    const begin = performance.now();
    Atomics.store(control, this.#own + SLEEPS_FOR, count);
    this.#changed(slot + 1);
    for (;;) {
      const word = Atomics.load(hands, slot);
      if ((word & COUNT) === count) break;
      const awaited = word | AWAITED;
      // The flag is there before anybody sleeps, or the word has changed and the sleep ends at
      // once.
      Atomics.compareExchange(hands, slot, word, awaited);
      if (Atomics.wait(hands, slot, awaited, NAP_MS) !== "timed-out") continue;
      this.goOn();
      if (this.#allWait()) throw new Stuck("all workers wait for each other");
    }
    this.#changed(0);
    this.sleeps++;
    this.sleepMs += performance.now() - begin;
  }

  #changed(sleepsOver: number): void {
    Atomics.store(this.#control, this.#own + SLEEPS_OVER, sleepsOver);
    Atomics.add(this.#control, this.#own + CHANGES, 1);
  }

  /**
   * Whether nobody runs and nothing that a sleeper waits for has come: looked at twice, so that it
   * was so at one time.
   */
  #allWait(): boolean {
    const first = this.#changes();
    if (!this.#nobodyRuns()) return false;
    const second = this.#changes();
    return first.every((count, worker) => count === second[worker]) && this.#nobodyRuns();
  }

  #changes(): number[] {
    return Array.from({ length: this.#workers }, (_, worker) =>
      Atomics.load(this.#control, FIRST_WORKER + worker * WORKER_WORDS + CHANGES),
    );
  }

  #nobodyRuns(): boolean {
    const control = this.#control;
    for (let worker = 0; worker < this.#workers; worker++) {
      const own = FIRST_WORKER + worker * WORKER_WORDS;
      const sleepsOver = Atomics.load(control, own + SLEEPS_OVER);
      if (sleepsOver === HAS_FINISHED) continue;
      if (sleepsOver === 0) return false;
      const count = Atomics.load(this.#hands, sleepsOver - 1) & COUNT;
      if (count === Atomics.load(control, own + SLEEPS_FOR)) return false;
    }
    return true;
  }

  /** Waits until a word of `control` has a value. @throws Stopped */
  #until(word: number, value: number): void {
    const control = this.#control;
    for (let looks = 0; looks < LOOKS; looks++) if (Atomics.load(control, word) === value) return;
    for (let now = Atomics.load(control, word); now !== value; now = Atomics.load(control, word)) {
      Atomics.wait(control, word, now, NAP_MS);
      this.goOn();
    }
  }
}
