// Workers of Node's that are threads of a heap and do what they are told.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { AttachOptions } from "../../src/heap/threads/create.js";
import type { HeapHandle } from "../../src/heap/threads/threaded-heap.js";

interface Answer {
  readonly result?: unknown;
  readonly error?: { name: string; message: string; reason?: string };
}

/** What a call in a worker threw. */
export class RemoteError extends Error {
  readonly kind: string;
  readonly reason: string | undefined;

  constructor({ name, message, reason }: NonNullable<Answer["error"]>) {
    super(message);
    this.kind = name;
    this.reason = reason;
  }
}

/** A worker; end it with `end` or `kill`. */
export class ThreadWorker {
  readonly worker = new Worker(new URL("./thread-worker.mjs", import.meta.url));

  /** Runs a command of thread-worker.mjs. @throws RemoteError */
  async run(name: string, ...args: unknown[]): Promise<unknown> {
    const answered = once(this.worker, "message") as Promise<[Answer]>;
    this.worker.postMessage([name, ...args]);
    const [{ result, error }] = await answered;
    if (error !== undefined) throw new RemoteError(error);
    return result;
  }

  /** Joins the heap. @returns the thread's number */
  async attach(handle: HeapHandle, options: Omit<AttachOptions, "onThreadDeath"> = {}) {
    return (await this.run("attach", handle, options)) as number;
  }

  /** Calls a method of its heap that returns a number, or nothing. */
  async call(name: string, ...args: unknown[]): Promise<number> {
    return (await this.run("call", name, ...args)) as number;
  }

  /** Kills it. */
  async kill(): Promise<void> {
    await this.worker.terminate();
  }

  /** Ends its thread, and then the worker. */
  async end(): Promise<void> {
    await this.call("exitThread");
    await this.kill();
  }
}

const started: ThreadWorker[] = [];

/** A worker that `stopWorkers` will end. */
export function start(): ThreadWorker {
  const worker = new ThreadWorker();
  started.push(worker);
  return worker;
}

/** A worker that has joined a heap, and its thread's number. */
export async function join(handle: HeapHandle): Promise<ThreadWorker & { thread: number }> {
  const worker = start();
  return Object.assign(worker, { thread: await worker.attach(handle) });
}

/** Kills all workers that were started. */
export async function stopWorkers(): Promise<void> {
  await Promise.all(started.splice(0).map((worker) => worker.kill()));
}
