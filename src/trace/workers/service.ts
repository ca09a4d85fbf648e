// What a worker of a replay does: it answers requests, one at a time. The loop itself sends
// nothing.

import type { ProcessHandle } from "../../process/threads/join.js";
import type { CheckTables } from "./block-checks.js";
import { inspect, type Inspection } from "./at-the-end.js";
import type { Schedule } from "./schedule.js";
import { placeOf, Stopped, type SharedRun } from "./shared-run.js";
import { WorkerLoop } from "./loop.js";
import {
  joinShared,
  shareProcess,
  startShared,
  WorkerThreads,
  type SharedProcessOptions,
  type ThreadProcess,
} from "./threads.js";

/** What all workers are given at first. */
export interface WorkerPlan {
  readonly worker: number;
  readonly schedule: Schedule;
  readonly run: SharedRun;
  readonly tables: CheckTables;
}

/** What a worker is asked, and what it answers. */
export interface Requests {
  plan: { ask: WorkerPlan; answer: undefined };
  /** Worker 0 starts a process; the handle is undefined where there is no other worker. */
  start: { ask: SharedProcessOptions; answer: ProcessHandle | undefined };
  join: { ask: ProcessHandle; answer: undefined };
  /** Runs the trace once, with all workers. How long it took, ms. */
  run: { ask: { round: number; isChecked: boolean }; answer: number };
  inspect: { ask: undefined; answer: Inspection };
  /** Frees all blocks that are left on the slots. */
  release: { ask: undefined; answer: undefined };
  /** Ends all threads. */
  end: { ask: undefined; answer: undefined };
}

/** The name of a request. */
export type RequestName = keyof Requests;

/** A request as it is posted. */
export interface PostedRequest {
  readonly name: RequestName;
  readonly ask: unknown;
}

/** An answer as it is posted; an error only in words. */
export type PostedAnswer =
  | { readonly answer: unknown }
  | {
      readonly error: {
        readonly name: string;
        readonly message: string;
        /** Whether it comes of another worker's trouble. */
        readonly isEcho: boolean;
        /** The place of the operation that it happened in, of a run. */
        readonly place: number | undefined;
      };
    };

/** The worker's end of a channel. */
export interface ServicePort {
  post(answer: PostedAnswer): void;
  listen(listener: (request: PostedRequest) => void): void;
  /** Collects garbage, where the host lets us: memories of processes that are over. */
  collect?: (() => void) | undefined;
}

/** Answers requests for as long as the worker lives. */
export function serveReplay(port: ServicePort): void {
  const service = new Service(port.collect);
  port.listen(({ name, ask }) => {
    service
      .answer(name, ask as never)
      .then((answer) => port.post({ answer }))
      .catch((error: unknown) => port.post({ error: service.wordsOf(error) }));
  });
}

/** A worker that was asked for something before it was given what it needs: a bug. */
function missing(): never {
  throw new Error("asked too early");
}

class Service {
  readonly #collect: (() => void) | undefined;
  #plan: WorkerPlan | undefined;
  #loop: WorkerLoop | undefined;
  #process: ThreadProcess | undefined;
  #threads: WorkerThreads | undefined;
  #isRunning = false;

  constructor(collect: (() => void) | undefined) {
    this.#collect = collect;
  }

  async answer<N extends RequestName>(
    name: N,
    ask: Requests[N]["ask"],
  ): Promise<Requests[RequestName]["answer"]> {
    switch (name) {
      case "plan": {
        const { schedule, run, worker } = (this.#plan = ask as WorkerPlan);
        this.#loop = new WorkerLoop(schedule, run, worker);
        return undefined;
      }
      case "start":
        return this.#start(ask as SharedProcessOptions);
      case "join":
        this.#forget();
        this.#take(await joinShared(ask as ProcessHandle));
        return undefined;
      case "run":
        return this.#run(ask as Requests["run"]["ask"]);
      case "inspect": {
        const { run, tables } = this.#plan ?? missing();
        return inspect(this.#process ?? missing(), run, tables);
      }
      case "release":
        return this.#release();
      case "end":
        this.#threads?.exitAll();
        return undefined;
    }
  }

  /** @returns an error's words, with the place that it happened at */
  wordsOf(error: unknown): Extract<PostedAnswer, { error: unknown }>["error"] {
    const place =
      this.#isRunning && this.#plan !== undefined
        ? placeOf(this.#plan.run, this.#plan.worker)
        : undefined;
    this.#isRunning = false;
    const { name, message, reason } = error as Error & { reason?: unknown };
    const isEcho = error instanceof Stopped || reason === "process-aborted";
    return { name, message, isEcho, place };
  }

  #start(options: SharedProcessOptions): ProcessHandle | undefined {
    const { schedule } = this.#plan ?? missing();
    this.#forget();
    const process = startShared(options);
    const isAlone = schedule.parts.length === 1;
    const handle = isAlone ? undefined : shareProcess(process);
    this.#take(process);
    return handle;
  }

  /** Lets go of a process that is over. */
  #forget(): void {
    this.#process = undefined;
    this.#threads = undefined;
    this.#collect?.();
  }

  #take(process: ThreadProcess): void {
    const { schedule, run, worker } = this.#plan ?? missing();
    this.#process = process;
    const part = schedule.parts[worker]!;
    this.#threads = new WorkerThreads(process, worker === 0, part, schedule.lives, run.stats);
  }

  #run({ round, isChecked }: Requests["run"]["ask"]): number {
    const { tables } = this.#plan ?? missing();
    this.#isRunning = true;
    const loop = this.#loop ?? missing();
    const milliseconds = loop.run(
      round,
      this.#threads ?? missing(),
      isChecked ? tables : undefined,
    );
    this.#isRunning = false;
    return milliseconds;
  }

  #release(): undefined {
    const { blocks } = (this.#plan ?? missing()).run;
    // Thread 0 may have exited.
    const process = (this.#threads ?? missing()).enter(0);
    for (let slot = 0; slot < blocks.length; slot++) {
      const block = blocks[slot]!;
      if (block === 0) continue;
      blocks[slot] = 0;
      process.free(block);
    }
    return undefined;
  }
}
