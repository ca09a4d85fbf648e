// A heap as one of its threads sees it, where threads run at the same time: each worker has an
// object like this over the same shared memory.

import type { Process } from "../../process/process.js";
import {
  aliveThreads,
  buryOwner,
  buryThread,
  handleOf,
  lockCounters,
  type LockCounters,
  type ProcessHandle,
  type Repair,
  type ThreadDeath,
} from "../../process/threads/join.js";
import { show } from "../../base/checks.js";
import { randomWords } from "../../base/realm.js";
import { ThreadError } from "../../process/threads/error.js";
import type { Abi } from "../../layout/address.js";
import { canNoticeDeath, DeathWatch } from "../death-watch.js";
import { Heap, type OutOfMemoryPolicy } from "../heap.js";

/** What another worker needs to join a heap: plain data, to be posted to it with `postMessage`. */
export interface HeapHandle<A extends Abi = Abi> extends ProcessHandle<A> {
  /** What the heap's creator chose. */
  readonly outOfMemory: OutOfMemoryPolicy;
}

/**
 * What `onThreadDeath` is told: which thread died, and what was done or, when it cannot be mended,
 * why not.
 */
export type ThreadNotice =
  | ThreadDeath
  | {
      /** Which thread it was cannot be said. */
      readonly thread: undefined;
      /** Why what it left could not be put in order. */
      readonly error: Error;
    };

/** A worker of Node.js, as far as it matters here. */
export interface WatchableWorker {
  /** Node's number for it; -1 once it has ended. */
  readonly threadId: number;
  /** Calls `listener` when the worker has ended. */
  once(event: "exit", listener: () => void): unknown;
}

/** How a thread's object came about. */
interface Origin {
  readonly policy: OutOfMemoryPolicy;
  readonly notice: ((notice: ThreadNotice) => void) | undefined;
  /** The heap's, when this is not the thread that made it. */
  readonly id?: string;
  /** What says that the thread ended in order. */
  readonly endLife?: (() => void) | undefined;
}

/**
 * How often a death is reported when others' deaths are in the way, and how long to wait for them,
 * ms.
 */
const ATTEMPTS = 5;
const RETRY_MS = 50;

function isOthersLock(error: unknown): boolean {
  return error instanceof ThreadError && error.reason === "lock-held";
}

/** 128 random bits in hexadecimal. */
function randomId(): string {
  return [...randomWords(4)].map((word) => word.toString(16).padStart(8, "0")).join("");
}

/**
 * A heap that workers share. Make one with `createHeap` of ptmalloc-wasm/threads, post
 * `heap.handle()` to workers, and join with `attachHeap` there. Blocks can be used and freed by any
 * thread; what is written to them is the program's to synchronise.
 */
export class ThreadedHeap<A extends Abi = Abi> extends Heap<A, "threads"> {
  readonly #origin: Origin;
  readonly #policy: OutOfMemoryPolicy;
  readonly #id: string;
  #watch: DeathWatch | undefined;
  #hasEnded = false;

  /** Not for use from outside: see `createHeap` and `attachHeap`. @internal */
  constructor(process: Process<A, "threads">, origin: Origin) {
    super(process, origin.policy);
    this.#origin = origin;
    this.#policy = origin.policy;
    this.#id = origin.id ?? randomId();
  }

  /** This thread's number: 0 made the heap. Numbers of threads that ended are used again. */
  get thread(): number {
    return this.process.thread;
  }

  /**
   * What another worker needs to join this heap with `attachHeap`: plain data that `postMessage`
   * copies. The same handle may be posted to any number of workers. From the first call on this
   * thread takes locks, and in browsers it watches over the workers that join.
   */
  handle(): HeapHandle<A> {
    this.assertAlive("handle");
    if (this.process.plan.threading!.registry.owner < 0 && canNoticeDeath())
      this.#watch ??= new DeathWatch(this.#id, (owner) => this.#ownerDied(owner));
    return { ...handleOf(this.process, this.#id), outOfMemory: this.#policy };
  }

  override toString(): string {
    return this.describe("ThreadedHeap", `thread: ${this.thread}`);
  }

  /** The numbers of the threads that began and neither ended nor were reported dead, ascending. */
  threads(): number[] {
    return this.run("threads", () => aliveThreads(this.process));
  }

  /**
   * How often this thread found a lock taken (`contended`), and how often it slept over one
   * (`waited`), since it began.
   */
  lockCounters(): LockCounters {
    return this.run("lockCounters", () => lockCounters(this.process));
  }

  /**
   * Ends this thread: the blocks of its tcache go back to their arenas, and its arena is free for
   * others. Blocks that it allocated stay. Later calls of this object throw a HeapDeadError. A
   * worker should do this before it ends; if it does not, it counts as killed.
   */
  exitThread(): void {
    if (this.#hasEnded) return;
    this.run("exitThread", () => this.process.exitThread());
    this.#end();
  }

  /**
   * Ends the use of the heap by this thread, as `exitThread` does, except on thread 0: the heap and
   * the blocks stay for the other threads, but deaths are not noticed any more.
   */
  override dispose(): void {
    if (this.thread !== 0 && this.aborted === undefined) this.exitThread();
    else this.#end();
  }

  /**
   * Reports that a thread was killed, so that locks which it held are free again and what it was in
   * the middle of is undone. To be called when it runs no more: after the worker's `exit` event, or
   * when `terminate()` has been awaited, not before. Where `watch` or a browser's Web Locks notice
   * deaths, this is not needed.
   * @param thread its number
   * @returns what was found and done, all counts: `systemCalls` undone, `listLocks` taken from it,
   *   `arenasMended`, `arenasRetired` (given up, with what is in them), `blocksReturned` from its
   *   tcache
   * @throws RangeError when there is no such thread or it is the caller's own; ThreadError when
   *   what it was in cannot be undone
   */
  threadExited(thread: number): Repair {
    return this.run("threadExited", () => buryThread(this.process, thread));
  }

  /**
   * Reports the death of a worker's threads by itself, on the worker's event `exit`, unless they
   * ended in order (`exitThread`). For Node.js; in browsers nothing need be done, because workers
   * that used `attachHeap` hold a Web Lock.
   * @param worker a Worker of node:worker_threads, which must not have ended yet
   * @throws TypeError when it is no such worker and its end cannot be noticed either; RangeError
   *   when it has ended
   */
  watch(worker: WatchableWorker): void {
    this.assertAlive("watch");
    if (typeof worker?.once !== "function" || typeof worker.threadId !== "number") {
      if (canNoticeDeath() && typeof (worker as { terminate?: unknown })?.terminate === "function")
        return;
      throw new TypeError(
        `watch: worker must be a Worker of node:worker_threads, got ${show(worker)}; ` +
          "where there are no Web Locks (navigator.locks) report deaths with threadExited",
      );
    }
    const { threadId } = worker;
    if (threadId < 0) throw new RangeError("watch: worker must not have ended yet");
    worker.once("exit", () => this.#ownerDied(threadId + 1));
  }

  /** Others may go on with the heap. */
  protected override giveUp(): void {
    if (aliveThreads(this.process).every((thread) => thread === this.thread)) super.giveUp();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#watch?.close();
    this.#origin.endLife?.();
    super.dispose();
  }

  /** An owner's worker is gone; its threads may have ended in order. */
  #ownerDied(owner: number, attempts = ATTEMPTS): void {
    // Nobody is left to be told, and nothing to be mended.
    if (this.#hasEnded || this.aborted !== undefined) return;
    const { notice } = this.#origin;
    let deaths: ThreadDeath[];
    try {
      deaths = this.run("threadExited", () => buryOwner(this.process, owner));
    } catch (error) {
      // Another one that was killed has a lock that is needed for this: its report comes first.
      if (isOthersLock(error) && this.aborted === undefined && attempts > 1) {
        setTimeout(() => this.#ownerDied(owner, attempts - 1), RETRY_MS);
        return;
      }
      // Without anybody to tell it shows in the next call: what cannot be mended has ended the
      // heap.
      notice?.({ thread: undefined, error: error as Error });
      return;
    }
    for (const death of deaths) notice?.(death);
  }
}
