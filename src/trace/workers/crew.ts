// The workers of a replay, as whoever started them sees them: requests and answers, and what
// happens when one of them fails or ends.

import { lifeAt, type Schedule } from "./schedule.js";
import { placeOf, stopAll, type SharedRun } from "./shared-run.js";
import type { Trace } from "../trace.js";
import type { PostedAnswer, PostedRequest, RequestName, Requests } from "./service.js";

/** A worker that runs `serveReplay`, as the host has it. */
export interface ReplayWorker {
  post(request: PostedRequest): void;
  /**
   * @param onAnswer called with each answer
   * @param onEnd called when the worker has ended, or cannot go on, with the reason in a few words
   */
  listen(onAnswer: (answer: PostedAnswer) => void, onEnd: (reason: string) => void): void;
  /** Ends it, wherever it is. */
  terminate(): void | Promise<unknown>;
}

/** Starts a worker. */
export type SpawnWorker = (worker: number) => ReplayWorker;

/** How long workers have to stop by themselves once one has failed, ms. */
const GRACE_MS = 1000;

/**
 * A replay on workers failed. `message` is `FILE:LINE: thread N: REASON`, or `FILE: REASON` where
 * it was outside the trace's operations.
 */
export class ReplayError extends Error {
  /** "ReplayError", also where a bundler has renamed the class. */
  override readonly name = "ReplayError";
  readonly file: string;
  /** The line of the trace, from 1; 0: no line is to blame. */
  readonly line: number;
  /** The thread's number in the trace; undefined: none is to blame. */
  readonly thread: number | undefined;
  readonly reason: string;

  /** @param where the line, from 1, and the thread; undefined when none is to blame */
  constructor(file: string, where: { line: number; thread: number } | undefined, reason: string) {
    const line = where === undefined || where.line === 0 ? "" : `:${where.line}`;
    const thread = where === undefined ? "" : ` thread ${where.thread}:`;
    super(`${file}${line}:${thread} ${reason}`);
    this.file = file;
    this.line = where?.line ?? 0;
    this.thread = where?.thread;
    this.reason = reason;
  }
}

/** What went wrong in a worker. */
interface Trouble {
  readonly error: ReplayError;
  readonly isEcho: boolean;
}

/** A request that waits for its answer. */
interface Pending {
  readonly name: RequestName;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: ReplayError) => void;
}

/** The workers. */
export class WorkerCrew {
  readonly #trace: Trace;
  readonly #schedule: Schedule;
  readonly #run: SharedRun;
  readonly #workers: readonly ReplayWorker[];
  readonly #pending: (Pending | undefined)[];
  readonly #troubles: Trouble[] = [];
  #isOver = false;

  constructor(trace: Trace, schedule: Schedule, run: SharedRun, spawn: SpawnWorker) {
    this.#trace = trace;
    this.#schedule = schedule;
    this.#run = run;
    this.#pending = schedule.parts.map(() => undefined);
    this.#workers = schedule.parts.map((_, worker) => spawn(worker));
    this.#workers.forEach((one, worker) =>
      one.listen(
        (answer) => this.#answered(worker, answer),
        (reason) => this.#ended(worker, reason),
      ),
    );
  }

  /**
   * Asks all workers the same, or each its own.
   * @throws ReplayError, after all have stopped or were ended
   */
  async askAll<N extends RequestName>(
    name: N,
    askOf: (worker: number) => Requests[N]["ask"],
    first = 0,
  ): Promise<Requests[N]["answer"][]> {
    const workers = [...this.#workers.keys()].slice(first);
    return this.#settle(workers.map((worker) => this.#ask(worker, name, askOf(worker))));
  }

  /** Asks one worker. @throws ReplayError, as `askAll` */
  async ask<N extends RequestName>(
    worker: number,
    name: N,
    ask: Requests[N]["ask"],
  ): Promise<Requests[N]["answer"]> {
    const [answer] = await this.#settle([this.#ask(worker, name, ask)]);
    return answer;
  }

  /** Ends all workers. */
  async dismiss(): Promise<void> {
    this.#isOver = true;
    stopAll(this.#run);
    await Promise.all(this.#workers.map(async (worker) => await worker.terminate()));
  }

  #ask<N extends RequestName>(
    worker: number,
    name: N,
    ask: Requests[N]["ask"],
  ): Promise<Requests[N]["answer"]> {
    return new Promise((resolve, reject) => {
      this.#pending[worker] = { name, resolve, reject };
      // It may have ended since the last request.
      const [trouble] = this.#troubles;
      if (trouble !== undefined) reject(trouble.error);
      else this.#workers[worker]!.post({ name, ask });
    });
  }

  /** Waits for answers. When one is an error, the others are given some time to stop. */
  async #settle<T>(answers: Promise<T>[]): Promise<T[]> {
    try {
      return await Promise.all(answers);
    } catch {
      stopAll(this.#run);
      const grace = new Promise((resolve) => setTimeout(resolve, GRACE_MS));
      await Promise.race([Promise.allSettled(answers), grace]);
      await this.dismiss();
      // What one worker's failure makes others say is not the reason.
      const cause = this.#troubles.find(({ isEcho }) => !isEcho) ?? this.#troubles[0];
      throw cause!.error;
    }
  }

  #answered(worker: number, answer: PostedAnswer): void {
    const pending = this.#pending[worker];
    if (pending === undefined) return;
    this.#pending[worker] = undefined;
    if ("answer" in answer) {
      pending.resolve(answer.answer as never);
      return;
    }
    const { name, message, isEcho, place } = answer.error;
    const isOurs = name === "CheckError" || name === "Stuck" || name === "HeapAbort";
    pending.reject(this.#failed(worker, place, isOurs ? message : `${name}: ${message}`, isEcho));
  }

  #ended(worker: number, reason: string): void {
    if (this.#isOver) return;
    const pending = this.#pending[worker];
    this.#pending[worker] = undefined;
    const place = pending?.name === "run" ? placeOf(this.#run, worker) : undefined;
    const error = this.#failed(worker, place, `its worker ended: ${reason}`, false);
    // The others may be waiting for it, and no request of it be under way.
    stopAll(this.#run);
    pending?.reject(error);
  }

  #failed(worker: number, place: number | undefined, reason: string, isEcho: boolean): ReplayError {
    const where = place === undefined ? undefined : this.#whereIs(worker, place);
    const error = new ReplayError(this.#trace.name, where, reason);
    this.#troubles.push({ error, isEcho });
    return error;
  }

  /** The line and the thread of the operation that a worker noted last. */
  #whereIs(worker: number, noted: number): { line: number; thread: number } {
    const { parts, lives, source } = this.#schedule;
    const part = parts[worker]!;
    // Nothing, if it was ended before its first.
    const place = Math.max(noted, part.begin);
    const thread = lives[lifeAt(part, place)]!.number;
    const index = place < part.end ? source[place] : undefined;
    return { line: index === undefined ? 0 : this.#trace.lines[index]!, thread };
  }
}
