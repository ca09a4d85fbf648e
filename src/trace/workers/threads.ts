// The threads of a trace that one worker runs: each is an instance over the shared memory. They are
// real threads of the heap, each with its tcache and arena; those of the same worker take turns.

import type { Process } from "../../process/process.js";
import { attachProcess, handleOf, lockCounters, registryOf } from "../../process/threads/join.js";
import type { LockCounters, ProcessHandle } from "../../process/threads/join.js";
import { startProcessSync, type ProcessOptions } from "../../process/process.js";
import type { Abi } from "../../layout/address.js";
import type { Life, WorkerPart } from "./schedule.js";
import { STATS, STATS_FIELDS } from "./shared-run.js";

/** A process of the threaded build, as one of its threads sees it. */
export type ThreadProcess = Process<Abi, "threads">;

/**
 * How long a thread waits for a lock, ms. Deaths are noticed by whoever started the workers, long
 * before.
 */
const PATIENCE_MS = 60_000;

/** What may be chosen about the process: see ProcessOptions. */
export type SharedProcessOptions = Pick<
  ProcessOptions,
  | "abi"
  | "profile"
  | "glibc"
  | "layout"
  | "tunables"
  | "lenientTunables"
  | "cores"
  | "wasm"
  | "taskSize"
>;

/**
 * Starts the process that all workers share. Its thread 0, who has main_arena, is the trace's
 * thread 0.
 */
export function startShared(options: SharedProcessOptions): ThreadProcess {
  return startProcessSync<Abi, "threads">({ ...options, build: "threads", patience: PATIENCE_MS });
}

/** @returns what other workers need to join; from now on threads lock what they share */
export function shareProcess(process: ThreadProcess): ProcessHandle {
  return handleOf(process, "replay");
}

/** Joins the process from another worker. */
export async function joinShared(handle: ProcessHandle): Promise<ThreadProcess> {
  return attachProcess(handle, registryOf(handle));
}

/** A life's thread while it lives. */
interface LiveThread {
  readonly process: ThreadProcess;
  /** The counters of its locks when the run began, or it. */
  before: LockCounters;
}

const NONE: LockCounters = { contended: 0, waited: 0 };

/** The threads of one worker. */
export class WorkerThreads {
  readonly #lives: readonly Life[];
  readonly #stats: Float64Array;
  /** Makes other instances. */
  readonly #first: ThreadProcess;
  readonly #alive = new Map<number, LiveThread>();
  readonly #idle: ThreadProcess[] = [];

  /**
   * Makes instances for as many threads as live here at a time, so that a clock does not see them
   * made.
   * @param first the process as this worker's first thread sees it
   * @param isZero whether that is thread 0, which lives from the start
   */
  constructor(
    first: ThreadProcess,
    isZero: boolean,
    { threads }: WorkerPart,
    lives: readonly Life[],
    stats: Float64Array,
  ) {
    this.#lives = lives;
    this.#stats = stats;
    this.#first = first;
    if (isZero) this.#alive.set(0, { process: first, before: NONE });
    else this.#idle.push(first);
    while (this.#idle.length + this.#alive.size < threads)
      this.#idle.push(first.attachThreadSync());
    for (const instance of this.#idle) instance.exitThread();
  }

  /** Begins a run: the counters of those who live count from here. */
  begin(): void {
    for (const thread of this.#alive.values()) thread.before = lockCounters(thread.process);
  }

  /** @returns the process as the thread of that life sees it, which begins if it has not yet */
  enter(life: number): ThreadProcess {
    let thread = this.#alive.get(life);
    if (thread === undefined) {
      let process = this.#idle.pop();
      if (process === undefined) process = this.#first.attachThreadSync();
      else process.rejoin();
      thread = { process, before: lockCounters(process) };
      this.#alive.set(life, thread);
    }
    return thread.process;
  }

  /** Ends a life. */
  exit(life: number): void {
    const thread = this.#alive.get(life);
    if (thread === undefined) return;
    this.#note(life, thread);
    thread.process.exitThread();
    this.#alive.delete(life);
    this.#idle.push(thread.process);
  }

  /**
   * Ends a run. Threads that live on are there for the next one, except those whose number had
   * other threads before: that one begins with the first of them.
   */
  end(): void {
    for (const [life, thread] of this.#alive) {
      if (this.#lives[life]!.isFirst) this.#note(life, thread);
      else this.exit(life);
    }
  }

  /** Ends all threads, in the order of their lives. */
  exitAll(): void {
    for (const life of [...this.#alive.keys()].sort((a, b) => a - b)) this.exit(life);
  }

  #note(life: number, { process, before }: LiveThread): void {
    const at = life * STATS_FIELDS;
    const { contended, waited } = lockCounters(process);
    this.#stats[at + STATS.contended] = contended - before.contended;
    this.#stats[at + STATS.lockSleeps] = waited - before.waited;
    const { arena } = process.structs.ThreadData.fields;
    const address = (process.raw.thread_data() >>> 0) + arena.offset;
    this.#stats[at + STATS.arena] = new DataView(process.memory.buffer).getUint32(address, true);
  }
}
