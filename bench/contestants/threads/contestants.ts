// The contestants of the benchmark with threads. Every measurement has a fresh heap and fresh
// threads.

import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { INITIAL_PAGES, threadsModule, threadsProgram } from "./builds.js";
import { startC, type ThreadSetup } from "./instances.js";
import { HOST_BYTES, SLICE, TASK_SIZE, type Load } from "./loads.js";
import type { ThreadLocks, ThreadReport, ThreadTask } from "./worker.js";
import { startProcessSync } from "../../../src/process/process.js";
import type { ProcessOptions } from "../../../src/process/options.js";
import { handleOf } from "../../../src/process/threads/join.js";
import { NATIVE_NAMES, OURS, THROUGHPUT } from "../allocators.js";
import { wasmModule } from "../binaries.js";

/** This project's build without threads, which one thread can be held against. */
export const SINGLE = `${OURS.ilp32}, build without threads`;
/** This project's threaded build in a process that has no second thread, and takes no locks. */
export const ALONE = `${OURS.ilp32}, no other thread`;
/**
 * This project's threaded build with a large tcache and both of its extensions: for speed, without
 * glibc's addresses.
 */
export const EXTENDED = `${OURS.ilp32}, for speed`;
/** This project's profile "throughput", as it is. */
export const CLASSED = THROUGHPUT;
/** The same, with the extension for blocks that one thread allocates and another one frees. */
export const CLASSED_QUEUED = `${THROUGHPUT}, remoteFrees "queue"`;
export const MIMALLOC = "mimalloc";
export const DLMALLOC = "dlmalloc, one lock";
export const NOTHING = {
  clang: "no allocator (clang)",
  asc: "no allocator (asc)",
  gcc: "no allocator (gcc)",
} as const;

const FOR_SPEED = {
  tunables: { tcache_count: 1000 },
  largeTcache: 16 << 20,
  remoteFrees: "queue",
} as const;

/** How long to measure. */
export interface ThreadEffort {
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** What a measurement found. */
export interface ThreadResult {
  /** Millions of calls of malloc and free that all threads made in a second, together. */
  readonly rate: number;
  /** What became of locks, for contestants that count. */
  readonly locks: ThreadLocks | null;
}

/** Who takes part. */
export interface ThreadContestant {
  readonly name: string;
  /**
   * Who runs the same loops, from the same compiler, without an allocator; itself, if that is what
   * it does.
   */
  readonly control: string;
  /** How many threads it can serve, if not any number. */
  readonly mostThreads?: number;
  /** Runs a load on so many threads. */
  measure(load: Load, threads: number, effort: ThreadEffort): Promise<ThreadResult>;
}

/** This project with one thread; in a memory that can be shared, its threaded build. */
function single(name: string, open: () => ThreadSetup): ThreadContestant {
  return { ...inWasm(name, NOTHING.asc, open), mostThreads: 1 };
}

/** @returns a fresh memory to share */
function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({
    initial: INITIAL_PAGES,
    maximum: TASK_SIZE / 65_536,
    shared: true,
  });
}

function addLocks(sum: ThreadLocks | null, one: ThreadLocks | null): ThreadLocks | null {
  return (
    sum &&
    one && {
      calls: sum.calls + one.calls,
      contended: sum.contended + one.contended,
      waited: sum.waited + one.waited,
    }
  );
}

/** Waits for one thread. @throws Error with what the worker died of */
function reportOf(worker: Worker): Promise<ThreadReport> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("a thread ended without a word")));
  });
}

/**
 * What a thread may take at most to notice that another one has died, ms: a lock is given up after
 * five seconds.
 */
const NOTICE_MS = 8000;

/**
 * Runs threads.
 * @throws Error with what the first worker died of: the others are ended then, as they would wait
 *   for it
 */
async function runThreads(tasks: readonly ThreadTask[]): Promise<ThreadReport[]> {
  const program = new URL("./thread-worker.js", import.meta.url);
  const workers = tasks.map((workerData) => new Worker(program, { workerData }));
  const reports = workers.map(reportOf);
  try {
    return await Promise.all(reports);
  } catch (error) {
    await Promise.race([Promise.allSettled(reports), sleep(NOTICE_MS, undefined, { ref: false })]);
    throw error;
  } finally {
    // Not waited for: V8 does not stop a thread that goes on waiting for a lock in WebAssembly.
    for (const worker of workers) void worker.terminate();
  }
}

/**
 * A contestant in WebAssembly.
 *
 * @param open makes a fresh memory with the allocator started in it, and says how threads join
 */
export function inWasm(name: string, control: string, open: () => ThreadSetup): ThreadContestant {
  return {
    name,
    control,
    async measure(load, threads, effort) {
      const setup = open();
      const meeting = new SharedArrayBuffer(8);
      new Int32Array(meeting).fill(threads);
      const tasks = Array.from({ length: threads }, (_, thread) => {
        return { setup, load, thread, threads, meeting, ...effort };
      });
      const reports = await runThreads(tasks);
      const damage = reports.reduce((sum, report) => sum + report.damage, 0);
      if (damage > 0) throw new Error(`${name}: ${damage} blocks were overwritten`);
      const rate = reports.reduce((sum, { callsPerSecond }) => sum + callsPerSecond, 0) / 1e6;
      return { rate, locks: reports.map(({ locks }) => locks).reduce(addLocks) };
    },
  };
}

function inC(name: string, control: string, module: WebAssembly.Module): ThreadContestant {
  return inWasm(name, control, () => {
    const setup = { kind: "c", module, memory: sharedMemory() } as const;
    startC(setup);
    return setup;
  });
}

/** Runs the native program. @returns what it printed. @throws Error with what it complained of */
function runProgram(program: string, load: string, threads: number, seconds: number): number {
  const env = { ...process.env };
  delete env["GLIBC_TUNABLES"];
  const args = [load, String(threads), String(seconds), String(SLICE)];
  const run = spawnSync(program, args, { encoding: "utf8", env });
  if (run.status !== 0) throw new Error(`${program} failed at ${load}: ${run.stderr}`);
  return Number(run.stdout);
}

/** @throws Error where the program does not run: not every kernel has i386's system calls */
function native(name: string, program: string): ThreadContestant {
  try {
    runProgram(program, "pair", 1, 0.01);
  } catch {
    throw new Error("its program does not run here");
  }
  return {
    name,
    control: NOTHING.gcc,
    measure: (load, threads, { seconds }) =>
      Promise.resolve({ rate: runProgram(program, load, threads, seconds), locks: null }),
  };
}

/**
 * @returns nanoseconds that a cache line takes from one core to another, at best of some tries, or
 *   null without gcc
 */
export function handoverTime(): number | null {
  try {
    const program = threadsProgram("nothing");
    const rates = Array.from({ length: 5 }, () => runProgram(program, "ball", 2, 0.1));
    return 1e3 / Math.max(...rates);
  } catch {
    return null;
  }
}

/**
 * This project's threaded build: a process in a fresh memory, whose first thread, the main one,
 * does nothing.
 */
function ours(
  name: string,
  given: Pick<ProcessOptions, "profile" | "tunables" | "remoteFrees" | "largeTcache">,
): ThreadContestant {
  const binary = given.profile === "throughput" ? "throughput" : "ptmalloc";
  const wasm = wasmModule(`bench/threads-${binary}-shared`);
  return inWasm(name, NOTHING.asc, () => {
    const [base, taskSize] = [HOST_BYTES, TASK_SIZE];
    const memory = sharedMemory();
    const options = {
      abi: "ilp32",
      build: "threads",
      wasm,
      base,
      taskSize,
      memory,
      ...given,
    } as const;
    return { kind: "ptmalloc", handle: handleOf(startProcessSync(options), name) };
  });
}

/** @returns who can take part here, and a note for each who cannot */
export function threadContestants(): { contestants: ThreadContestant[]; notes: string[] } {
  const notes: string[] = [];
  const enter = (name: string, make: () => ThreadContestant): ThreadContestant[] => {
    try {
      return [make()];
    } catch (error) {
      const note = `left out: ${name}: ${error instanceof Error ? error.message : String(error)}`;
      console.log(note);
      notes.push(note);
      return [];
    }
  };
  const plain = (): ThreadContestant =>
    inWasm(NOTHING.asc, NOTHING.asc, () => ({
      kind: "plain",
      module: wasmModule("bench/threads-nothing"),
      memory: sharedMemory(),
    }));
  const contestants = [
    ...enter(OURS.ilp32, () => ours(OURS.ilp32, {})),
    ...enter(EXTENDED, () => ours(EXTENDED, FOR_SPEED)),
    ...enter(CLASSED, () => ours(CLASSED, { profile: "throughput" })),
    ...enter(CLASSED_QUEUED, () =>
      ours(CLASSED_QUEUED, { profile: "throughput", remoteFrees: "queue" }),
    ),
    ...enter(SINGLE, () =>
      single(SINGLE, () => ({ kind: "single", module: wasmModule("bench/threads-ptmalloc") })),
    ),
    ...enter(ALONE, () =>
      single(ALONE, () => ({
        kind: "single",
        module: wasmModule("bench/threads-ptmalloc-shared"),
        memory: sharedMemory(),
      })),
    ),
    ...enter(MIMALLOC, () => inC(MIMALLOC, NOTHING.clang, threadsModule("mimalloc"))),
    ...enter(DLMALLOC, () => inC(DLMALLOC, NOTHING.clang, threadsModule("dlmalloc"))),
    ...enter(NATIVE_NAMES.ilp32, () => native(NATIVE_NAMES.ilp32, threadsProgram("ilp32"))),
    ...enter(NATIVE_NAMES.lp64, () => native(NATIVE_NAMES.lp64, threadsProgram("lp64"))),
    ...enter(NOTHING.asc, plain),
    ...enter(NOTHING.clang, () => inC(NOTHING.clang, NOTHING.clang, threadsModule("nothing"))),
    ...enter(NOTHING.gcc, () => native(NOTHING.gcc, threadsProgram("nothing"))),
  ];
  return { contestants, notes };
}
