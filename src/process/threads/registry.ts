// Who is who among the threads of a process, where they run at the same time: a few words of shared
// memory beside the heap. The WebAssembly side gives numbers, which are used again; here stands
// which worker has which, so that the death of a worker can be reported even when it was killed
// before it could say its number, and so that an orderly end is not taken for a death.
//
//   word 0       the host's lock: the owner that is joining or reporting a death; 0: nobody
//   word 1       how many owners without a number of their own there were
//   word 2 + n   the owner of thread n; 0: none

import { workerId } from "../../base/node.js";

/** As many threads as a process has places for (THREADS_MAX). */
export const MOST_THREADS = 128;

const LOCK = 0;
const LAST = 1;
const OWNERS = 2;

/** How long a wait lasts before the lock is looked at anew, ms. */
const SLEEP_MS = 50;

/** Looks at the lock between two looks at the clock, where waiting is forbidden. */
const SPINS = 1000;

/**
 * Whether this thread may sleep in `Atomics.wait`: a browser's main thread may not.
 * @returns false where WebAssembly must spin instead
 */
export function mayWait(): boolean {
  try {
    // The word is not 1, so this returns at once.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** The registry, as one owner sees it. */
export class ThreadRegistry {
  /** The shared words: to be posted with the memory. */
  readonly buffer: SharedArrayBuffer;
  /**
   * Who this is: Node's number of the worker (`workerId`), elsewhere a negative number that is used
   * once.
   */
  readonly owner: number;
  readonly #words: Int32Array;
  readonly #patience: number;
  readonly #mayWait = mayWait();

  /**
   * @param patience how long to wait for the lock, ms; 0: for ever
   * @param buffer the words, from another thread; new ones by default
   */
  constructor(
    patience: number,
    buffer = new SharedArrayBuffer((OWNERS + MOST_THREADS) * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.buffer = buffer;
    this.#patience = patience;
    this.#words = new Int32Array(buffer);
    this.owner = workerId() || -1 - Atomics.add(this.#words, LAST, 1);
  }

  /** Makes thread `number` this owner's. Under the lock. */
  claim(number: number): void {
    Atomics.store(this.#words, OWNERS + number, this.owner);
  }

  /**
   * Thread `number` is no more: it is not this owner's any longer, unless somebody else has it
   * already.
   */
  release(number: number): void {
    Atomics.compareExchange(this.#words, OWNERS + number, this.owner, 0);
  }

  /** Forgets whoever thread `number` was. Under the lock. */
  forget(number: number): void {
    Atomics.store(this.#words, OWNERS + number, 0);
  }

  /** @returns the numbers of the threads of `owner` */
  threadsOf(owner: number): number[] {
    return [...this.#words.subarray(OWNERS)].flatMap((other, number) =>
      other === owner ? [number] : [],
    );
  }

  /**
   * Does something that only one thread may do at a time. Not to be nested.
   * @param call what is being done, for messages
   * @throws Error when the lock stays taken
   */
  locked<T>(call: string, action: () => T): T {
    this.#acquire(call, undefined);
    return this.#holding(action);
  }

  /**
   * As `locked`, when `dead` runs no more: the lock is taken from it if need be.
   * @param action is told whether it was, which means that a thread of its may have no owner yet
   */
  lockedAfter<T>(call: string, dead: number, action: (heldLock: boolean) => T): T {
    const heldLock = this.#acquire(call, dead);
    return this.#holding(() => action(heldLock));
  }

  #holding<T>(action: () => T): T {
    try {
      return action();
    } finally {
      Atomics.store(this.#words, LOCK, 0);
      Atomics.notify(this.#words, LOCK, 1);
    }
  }

  /** Takes the lock. @returns whether it was taken from `dead` */
  #acquire(call: string, dead: number | undefined): boolean {
    const until = this.#patience === 0 ? Infinity : Date.now() + this.#patience;
    for (;;) {
      const holder = Atomics.compareExchange(this.#words, LOCK, 0, this.owner);
      if (holder === 0) return false;
      if (holder === dead) {
        if (Atomics.compareExchange(this.#words, LOCK, holder, this.owner) === holder) return true;
        continue;
      }
      if (Date.now() > until) {
        throw new Error(
          `${call}: ${nameOf(holder)} was joining the heap or reporting a death for ${this.#patience} ms: ` +
            "if it runs no more, that is to be reported first",
        );
      }
      this.#pause(holder);
    }
  }

  #pause(holder: number): void {
    if (this.#mayWait) Atomics.wait(this.#words, LOCK, holder, SLEEP_MS);
    else for (let i = 0; i < SPINS && Atomics.load(this.#words, LOCK) === holder; i++);
  }
}

function nameOf(owner: number): string {
  return owner > 0 ? `the worker with threadId ${owner - 1}` : `the worker that came as ${-owner}.`;
}
