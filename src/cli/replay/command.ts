// `ptmalloc-wasm replay`: traces of real programs on the allocator, measured, and where it put
// every block.

import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { MOST_CORES } from "../../process/build-options.js";
import { MOST_THREADS } from "../../process/threads/registry.js";
import type { GlibcVersion } from "../../binary/glibc.js";
import { buildHasProfile, type Profile } from "../../binary/profile.js";
import type { Abi } from "../../layout/address.js";
import {
  ENGINES,
  measureEngine,
  measuredEngineOps,
  type EngineKind,
  type EngineTimes,
} from "../engine/measure.js";
import { measuredOps, measureReplay, observe } from "../../trace/measure.js";
import { replayAddresses, type AddressLog } from "../../trace/replay.js";
import type { ReplayOptions } from "../../trace/session.js";
import type { Trace } from "../../trace/trace.js";
import { GarbageWatcher } from "./garbage.js";
import { bundledRecordings, fileError, readTraces } from "../inputs.js";
import { shortName } from "../../trace/trace.js";
import { UsageError, type CliIo, type Output } from "../io.js";
import { watchNeighbours } from "./neighbours.js";
import { wholeNumber } from "../numbers.js";
import { checkHeapChoice, glibcOption, heapOptions, profileOption } from "../profile-option.js";
import { checkTunables } from "../machine.js";
import { Progress } from "../progress.js";
import { measureOnWorkers } from "./workers.js";
import { jsonReport, type Report, type TraceReport } from "./report.js";
import { textReport } from "./text-report.js";
import { workersJson, workersText, type WorkersReport } from "./workers-report.js";

interface Options {
  json?: true;
  tunables?: string;
  lenientTunables?: boolean;
  abi: Abi;
  profile: Profile;
  glibc?: GlibcVersion;
  layout?: "linux" | "top-down" | "compact";
  repeat: number;
  cores?: number;
  /** false: none. */
  engine?: readonly EngineKind[] | false;
  addresses?: string;
  workers?: true;
  maxWorkers?: number;
  freshIds?: true;
}

/** Most samples of a time. */
export const MOST_REPEATS = 1000;

const EXAMPLES = `
Examples:
  ptmalloc-wasm replay lua.rep.gz
  ptmalloc-wasm replay --tunables glibc.malloc.tcache_count=0:glibc.malloc.top_pad=0 *.rep.gz
  ptmalloc-wasm replay --json --repeat 15 lua.rep.gz > lua.json
  zcat lua.rep.gz | ptmalloc-wasm replay --abi lp64 --addresses - -
  ptmalloc-wasm replay --workers --cores 4 server.rep.gz

A trace has header lines of one number each, then one operation a line: "a ID SIZE" malloc,
"c ID NMEMB SIZE" calloc, "m ID ALIGN SIZE" memalign, "r ID SIZE" realloc, "f ID" free; lines that
start with # are comments. Recordings of several threads have "t N" (from here on thread N calls)
and "x N" (thread N exits; its number may come again): the threads run one at a time, in that order.

With --workers they run at the same time: every thread in a worker of its own, on one heap with
locks. Each thread keeps its order, and an operation on a block waits until the one before it on
that block is done; nothing else is held up. That goes for an id that is used again, too, unless
there is --fresh-ids: recorders that use ids again at once tie threads together. Where a thread has
exited, its worker is there for the next one. --max-workers gives the threads to fewer workers,
where those of one worker take turns: a trace on 1, 2, 4 … workers shows how it scales. A first run
checks every answer and every block, and the heap at the end.`;

/** @returns the command, to be added to the program */
export function replayCommand(io: CliIo): Command {
  return new Command("replay")
    .description(
      "Replay allocation traces inside WebAssembly, beside the JavaScript engine's own allocation. " +
        "Without FILE: the recordings of real programs that come with it.",
    )
    .summary("replay allocation traces, measure them, log every address")
    .argument("[FILE...]", "traces, .rep or .rep.gz; - is standard input")
    .option("--json", "print one JSON object instead of tables")
    .option(
      "--tunables <settings>",
      "glibc tunables, as in GLIBC_TUNABLES: glibc.malloc.NAME=VALUE:...",
    )
    .option("--lenient-tunables", "ignore tunables that glibc would ignore, in place of an error")
    .addOption(
      new Option("--abi <abi>", "memory layout: ilp32 (as on i386) or lp64 (as on x86-64)")
        .choices(["ilp32", "lp64"])
        .default("ilp32"),
    )
    .addOption(profileOption())
    .addOption(glibcOption())
    .addOption(
      new Option(
        "--layout <layout>",
        "where big blocks are mapped (default: linux; top-down, which leaves most room, for --addresses)",
      ).choices(["linux", "top-down", "compact"]),
    )
    .option(
      "--repeat <n>",
      `samples of each measurement, 1 to ${MOST_REPEATS}`,
      wholeNumber(1, MOST_REPEATS),
      7,
    )
    .option(
      "--cores <n>",
      "processors of the machine, which decide how many arenas threads may make (default: 2)",
      wholeNumber(1, MOST_CORES),
    )
    .option(
      "--engine <kinds>",
      `ways of JavaScript's to compare with, ${ENGINES.join(",")} (default: all)`,
      engineKinds,
    )
    .option("--no-engine", "leave the JavaScript engine out")
    .option(
      "--addresses <out>",
      "also write where each block went to the file <out>, in the format of the native goldens; " +
        "with - to standard output, instead of measuring (one FILE only)",
    )
    .option(
      "--workers",
      "run the trace's threads at the same time, beside simulated threads; without the JavaScript engine",
    )
    .option(
      "--max-workers <n>",
      `as --workers, with that many workers at most, 1 to ${MOST_THREADS}`,
      wholeNumber(1, MOST_THREADS),
    )
    .option(
      "--fresh-ids",
      "with workers: a block whose id was used before does not wait until that block is freed",
    )
    .addHelpText("after", EXAMPLES)
    .action((files: string[], options: Options) => replay(files, options, io));
}

async function replay(given: string[], options: Options, io: CliIo): Promise<void> {
  const layout = options.layout ?? "linux";
  checkHeapChoice(options);
  const { abi, profile, glibc } = options;
  const process: ReplayOptions = { abi, profile, ...heapOptions(options), layout };
  if (options.cores !== undefined) process.cores = options.cores;
  if (options.tunables !== undefined) {
    // Before any file is read.
    checkTunables(options.tunables, options);
    process.tunables = options.tunables;
    process.lenientTunables = options.lenientTunables === true;
  }
  const toStdout = options.addresses === "-" || options.addresses === "/dev/stdout";
  if (toStdout && options.json) {
    throw new UsageError(
      "--addresses - and --json would both write to standard output: choose one",
    );
  }
  const isOnWorkers = options.workers === true || options.maxWorkers !== undefined;
  checkWorkerOptions(given, options, isOnWorkers);
  const files = given.length > 0 ? given : bundledRecordings(isOnWorkers);
  if (files.length === 0) throw new UsageError("no FILE given (see ptmalloc-wasm replay --help)");
  if (options.addresses !== undefined && files.length !== 1) {
    throw new UsageError(`--addresses takes exactly one FILE, not ${given.length || "none"}`);
  }
  const traces = await readTraces(files, io);
  if (isOnWorkers) {
    await replayOnWorkers(traces, process, options, io);
    return;
  }
  // Heap and mappings share all of the address space then, as they do natively; the log does not
  // depend on it otherwise.
  const roomy = { ...process, layout: options.layout ?? "top-down" };
  if (toStdout) {
    logAddresses(traces[0]!, roomy, io.stdout, io);
    return;
  }
  let addresses: AddressLog | undefined;
  if (options.addresses !== undefined) {
    addresses = addressesToFile(traces[0]!, roomy, options.addresses, io);
  }
  const neighbours = watchNeighbours();
  const measured = await measureAll(traces, process, options, io);
  const report: Report = {
    abi,
    profile,
    glibc,
    layout,
    tunables: options.tunables ?? "",
    repeat: options.repeat,
    traces: measured,
    neighbours: neighbours(),
  };
  if (addresses !== undefined) report.addresses = { file: options.addresses!, ...addresses };
  io.stdout.write(options.json ? jsonReport(report) : textReport(report, io));
}

/** @throws UsageError for options that do not go together, and for a number that is no FILE */
function checkWorkerOptions(given: string[], options: Options, isOnWorkers: boolean): void {
  const { workers, addresses, freshIds, profile } = options;
  if (!isOnWorkers) {
    if (freshIds) throw new UsageError("--fresh-ids is for --workers or --max-workers");
    return;
  }
  if (!buildHasProfile("threads", profile))
    throw new UsageError(`--profile ${profile} is not for threads that run at the same time`);
  if (addresses !== undefined) {
    const option = workers ? "--workers" : "--max-workers";
    throw new UsageError(
      `--addresses is for simulated threads: with ${option} it is up to chance who gets which block`,
    );
  }
  const number = given.find((file) => /^\d+$/.test(file) && !existsSync(file));
  if (number !== undefined && workers) {
    throw new UsageError(
      `${number}: no such file; --workers takes no number, --max-workers ${number} does`,
    );
  }
}

async function replayOnWorkers(
  traces: readonly Trace[],
  process: ReplayOptions,
  options: Options,
  io: CliIo,
): Promise<void> {
  const { json, abi, profile, glibc, layout = "linux", tunables = "", repeat } = options;
  const { maxWorkers, freshIds = false } = options;
  const neighbours = watchNeighbours();
  const found = await measureOnWorkers(traces, process, { repeat, maxWorkers, freshIds }, io);
  const report: WorkersReport = {
    ...{ abi, profile, glibc, layout, tunables, repeat },
    traces: found,
    neighbours: neighbours(),
  };
  io.stdout.write(json ? workersJson(report) : workersText(report, io));
}

/** Measures every trace, with a progress bar. */
async function measureAll(
  traces: readonly Trace[],
  process: ReplayOptions,
  options: Options,
  io: CliIo,
): Promise<TraceReport[]> {
  const { repeat } = options;
  const kinds = options.engine === false ? [] : (options.engine ?? ENGINES);
  let work = 0;
  for (const trace of traces) {
    work += measuredOps(trace, repeat) + kinds.length * measuredEngineOps(trace, repeat);
  }
  const progress = new Progress(io, work);
  const collector = new GarbageWatcher();
  const collect = () => collector.collect();
  const onProgress = progress.advance;
  const reports: TraceReport[] = [];
  try {
    for (const trace of traces) {
      progress.label(shortName(trace));
      const outcome = observe(trace, process, onProgress);
      // The engine first: the WebAssembly memories of the other measurements weigh on its garbage
      // collector.
      const engines: EngineTimes[] = [];
      for (const kind of kinds) {
        engines.push(await measureEngine(kind, trace, outcome, { repeat, collector, onProgress }));
      }
      const wasm = measureReplay(trace, process, { repeat, collect, onProgress });
      reports.push({
        name: shortName(trace),
        file: trace.name,
        ops: trace.count,
        notes: trace.notes,
        outcome,
        wasm,
        engines,
      });
    }
  } finally {
    collector.stop();
    progress.stop();
  }
  return reports;
}

function logAddresses(trace: Trace, process: ReplayOptions, out: Output, io: CliIo): AddressLog {
  const progress = new Progress(io, trace.count);
  progress.label("addresses");
  try {
    return replayAddresses(trace, process, {
      sink: (bytes) => out.write(Uint8Array.from(bytes)),
      onProgress: progress.advance,
    });
  } finally {
    progress.stop();
  }
}

function addressesToFile(
  trace: Trace,
  process: ReplayOptions,
  path: string,
  io: CliIo,
): AddressLog {
  let file: number;
  try {
    file = openSync(path, "w");
  } catch (error) {
    throw fileError(path, error);
  }
  try {
    return logAddresses(trace, process, { write: (data) => writeFully(file, path, data) }, io);
  } finally {
    closeSync(file);
  }
}

function writeFully(file: number, path: string, data: string | Uint8Array): void {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** @returns the kinds of a list with commas @throws InvalidArgumentError for another word */
function engineKinds(text: string): EngineKind[] {
  const words = text.split(",");
  for (const word of words) {
    if (!ENGINES.includes(word as EngineKind)) {
      throw new InvalidArgumentError(`"${word}" is none of ${ENGINES.join(", ")}.`);
    }
  }
  return ENGINES.filter((kind) => words.includes(kind));
}
