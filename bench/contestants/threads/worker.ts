// One thread of the benchmark with threads: readies its instance, warms up, meets the others, runs
// a load for so long.

import { parentPort, workerData } from "node:worker_threads";
import { threadInstance, type ThreadSetup } from "./instances.js";
import { RING, SLICE, regionOf, sliceOf, type Load } from "./loads.js";

/** What a worker is told. */
export interface ThreadTask {
  readonly setup: ThreadSetup;
  readonly load: Load;
  readonly thread: number;
  readonly threads: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Two 32-bit words: how many threads are still to come to warm up, and to be measured. */
  readonly meeting: SharedArrayBuffer;
}

/** Locks of one thread, or of all. */
export interface ThreadLocks {
  readonly calls: number;
  readonly contended: number;
  readonly waited: number;
}

/** What it says. */
export interface ThreadReport {
  readonly callsPerSecond: number;
  /** Blocks that somebody else wrote into. */
  readonly damage: number;
  /**
   * Calls of malloc and free from the start, and locks that were found taken, or slept over,
   * meanwhile, if the allocator counts.
   */
  readonly locks: ThreadLocks | null;
}

function meet(meeting: Int32Array): void {
  if (Atomics.sub(meeting, 0, 1) === 1) Atomics.notify(meeting, 0);
  for (let left = Atomics.load(meeting, 0); left > 0; left = Atomics.load(meeting, 0))
    Atomics.wait(meeting, 0, left);
}

function runTask(task: ThreadTask): ThreadReport {
  const { exports, locks } = threadInstance(task.setup, task.thread);
  const region = regionOf(task.thread);
  const slice = sliceOf(exports, task.load, task.thread, task.threads);
  exports.prepare(region, RING, task.thread + 1);
  let all = 0;
  const runFor = (seconds: number): number => {
    const begin = performance.now();
    let calls = 0;
    for (;;) {
      calls += slice(region, SLICE);
      const passed = (performance.now() - begin) / 1000;
      if (passed < seconds) continue;
      all += calls;
      return calls / passed;
    }
  };
  const meeting = new Int32Array(task.meeting);
  meet(meeting.subarray(0, 1));
  runFor(task.warmUpSeconds);
  meet(meeting.subarray(1, 2));
  const callsPerSecond = runFor(task.seconds);
  const checks = task.load.startsWith("private");
  return {
    callsPerSecond,
    damage: checks ? exports.damage(region) : 0,
    locks: locks ? { calls: all, ...locks() } : null,
  };
}

parentPort?.postMessage(runTask(workerData as ThreadTask));
