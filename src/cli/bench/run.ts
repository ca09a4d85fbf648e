// A run of the lab: contestants are prepared, race over every trace, and what came out is put
// together.

import { cpus, release, totalmem, type as systemName } from "node:os";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Trace } from "../../trace/trace.js";
import type { CliIo } from "../io.js";
import { packageVersion } from "../package-root.js";
import { Progress } from "../progress.js";
import { GarbageWatcher } from "../replay/garbage.js";
import { watchNeighbours } from "../replay/neighbours.js";
import { MissingError, type Contestant, type Racer } from "./contestant.js";
import { describe, labTrace } from "./lab-trace.js";
import { raceOver, type Effort } from "./measure.js";
import {
  RESULT_VERSION,
  type BenchResult,
  type ContestantResult,
  type Machine,
  type Missing,
  type TraceResult,
} from "./result.js";

/** A trace to race over. */
export interface Course {
  readonly name: string;
  readonly kind: TraceResult["kind"];
  readonly rationale: string;
  /** @returns it, read or made when its turn comes */
  readonly read: () => Trace;
}

/** What a run tells meanwhile. */
export interface Watcher {
  /** The whole work, in heaps: before anything else. */
  onTotal(heaps: number): void;
  /** A contestant starts a heap; the last one's is done. */
  onHeap(course: string, contestant: string): void;
  /** A contestant is being built or loaded. */
  onPrepare(contestant: string): void;
}

/** Heaps of each contestant and trace that are there besides those of the race. */
const HEAPS_BEFORE = 1;
const START_UPS = 9;

/** @returns what was found */
export async function runBench(
  courses: readonly Course[],
  wanted: readonly Contestant[],
  effort: Effort,
  watcher: Watcher,
): Promise<BenchResult> {
  const date = new Date().toISOString();
  const { racers, found, missing } = await prepareAll(wanted, watcher);
  watcher.onTotal(courses.length * racers.size * (effort.heaps + HEAPS_BEFORE));
  const noise = watchNeighbours();
  const collector = new GarbageWatcher();
  const traces: TraceResult[] = [];
  try {
    for (const { name, kind, rationale, read } of courses) {
      const trace = labTrace(read(), name);
      const onHeap = (contestant: string): void => watcher.onHeap(name, contestant);
      const heaps = await raceOver(trace, racers, effort, { collector, onHeap });
      traces.push({ ...describe(trace, kind, rationale), heaps });
    }
  } finally {
    collector.stop();
    for (const racer of racers.values()) racer.close?.();
  }
  const { others, stolen, isBusy } = noise();
  return {
    format: "ptmalloc-wasm bench",
    version: RESULT_VERSION,
    package: packageVersion(),
    date,
    machine: thisMachine(),
    noise: { others, stolen, isBusy },
    effort: { heaps: effort.heaps, passes: effort.passes },
    contestants: found,
    missing,
    traces,
  };
}

/** As {@link runBench}, with a progress bar where somebody watches. */
export async function runBenchShown(
  courses: readonly Course[],
  wanted: readonly Contestant[],
  effort: Effort,
  io: CliIo,
): Promise<BenchResult> {
  const progress = new Progress(io, 1);
  const watcher: Watcher = {
    onTotal: (total) => progress.expect(total),
    onPrepare: (name) => progress.label(name),
    onHeap(course, contestant) {
      progress.label(`${course} ${contestant}`);
      progress.advance(1);
    },
  };
  return runBench(courses, wanted, effort, watcher).finally(() => progress.stop());
}

/** Builds and loads whoever is there. */
async function prepareAll(
  wanted: readonly Contestant[],
  watcher: Watcher,
): Promise<{ racers: Map<string, Racer>; found: ContestantResult[]; missing: Missing[] }> {
  const racers = new Map<string, Racer>();
  const found: ContestantResult[] = [];
  const missing: Missing[] = [];
  for (const contestant of wanted) {
    const { name, title } = contestant;
    watcher.onPrepare(title);
    try {
      const racer = await contestant.prepare();
      found.push(await resultOf(contestant, racer));
      racers.set(name, racer);
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      missing.push({ name, title, what: error.message, how: error.how });
    }
  }
  return { racers, found, missing };
}

async function resultOf(contestant: Contestant, racer: Racer): Promise<ContestantResult> {
  const { name, title, group, about, source, abilities, control } = contestant;
  const { version, code } = racer;
  const startUp: number[] = [];
  for (let i = 0; racer.startUp !== undefined && i < START_UPS; i++)
    startUp.push(await racer.startUp());
  return {
    name,
    title,
    group,
    about,
    source,
    version,
    abilities,
    control,
    code: code && {
      raw: code.length,
      gzip: gzipSync(code, { level: 9 }).length,
      brotli: brotliCompressSync(code).length,
    },
    startUp,
  };
}

function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpu: (processors[0]?.model ?? "unknown").trim(),
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${systemName()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}
