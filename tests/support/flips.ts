// Runs the worker that damages heaps, and tells when it hangs: it is ended then, and another goes
// on with the next seed.

import { Worker } from "node:worker_threads";
import type { Abi } from "../../src/layout/address.js";

/**
 * How long a single call may take before it counts as hung, ms: most take microseconds, walks along
 * a damaged list a second.
 */
const PATIENCE_MS = 20_000;
const LOOK_MS = 500;

/** What became of the seeds. */
export interface FlipReport {
  /** What must not be: a hang, a trap without words, an error of another kind. */
  readonly bad: string[];
  /** How the others ended, and how often. */
  readonly ends: Map<string, number>;
}

interface Message {
  seed: number;
  end?: string;
  bad?: string;
  done?: boolean;
  [more: string]: unknown;
}

/**
 * What calls: JavaScript on simulated threads; the same on the profiles "throughput" and "small";
 * the threaded build's threads, with its locks, and the same on "throughput"; a guest.
 */
export type FlipMode = "heap" | "throughput" | "small" | "threads" | "threads-throughput" | "guest";

/**
 * Damages heaps.
 * @param from the first seed
 * @param to the seed after the last
 */
export async function flipBits(
  abi: Abi,
  mode: FlipMode,
  from: number,
  to: number,
): Promise<FlipReport> {
  const report: FlipReport = { bad: [], ends: new Map() };
  for (let next = from; next < to;) next = await runFrom({ abi, mode, from: next, to }, report);
  return report;
}

/** @returns the seed to go on with */
function runFrom(
  job: { abi: Abi; mode: FlipMode; from: number; to: number },
  report: FlipReport,
): Promise<number> {
  const { abi, mode, to } = job;
  const progress = new SharedArrayBuffer(12);
  const clock = new Int32Array(progress);
  const worker = new Worker(new URL("flip-worker.mjs", import.meta.url), {
    workerData: { ...job, progress },
  });
  return new Promise((resolve, reject) => {
    let seen = -1;
    let since = Date.now();
    const watch = setInterval(() => {
      const calls = Atomics.load(clock, 2);
      if (calls !== seen) [seen, since] = [calls, Date.now()];
      if (Date.now() - since < PATIENCE_MS) return;
      const seed = Atomics.load(clock, 0);
      report.bad.push(`${abi} ${mode} seed ${seed}: call ${Atomics.load(clock, 1)} hangs`);
      end(seed + 1);
    }, LOOK_MS);
    const end = (next: number): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve(next);
    };
    worker.on("error", (error) => {
      clearInterval(watch);
      reject(error);
    });
    worker.on("message", (message: Message) => {
      if (message.done) end(to);
      else if (message.bad !== undefined)
        report.bad.push(`${abi} ${mode} ${JSON.stringify(message)}`);
      else report.ends.set(message.end!, (report.ends.get(message.end!) ?? 0) + 1);
    });
  });
}
