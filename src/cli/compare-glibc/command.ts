// `ptmalloc-wasm compare-glibc`: the same trace under several versions of glibc.

import { Command, InvalidArgumentError, Option } from "commander";
import { GLIBC_VERSIONS, type GlibcVersion } from "../../binary/glibc.js";
import type { Trace } from "../../trace/trace.js";
import { readTraces } from "../inputs.js";
import { shortName } from "../../trace/trace.js";
import type { CliIo } from "../io.js";
import { withMachineOptions, type MachineOptions } from "../machine.js";
import { wholeNumber } from "../numbers.js";
import { readVersion } from "../profile-option.js";
import { Progress } from "../progress.js";
import { MOST_REPEATS } from "../replay/command.js";
import { measureVersion, type Placements, type TraceFacts } from "./measure.js";
import { partingOf } from "./parting.js";
import { comparisonJson, type Comparison, type TraceComparison } from "./report.js";
import { comparisonText } from "./text.js";

interface Options extends MachineOptions {
  json?: true;
  versions: readonly GlibcVersion[];
  repeat: number;
  /** false: none is taken. */
  time: boolean;
}

/** What is compared where nobody says it: 2.36, and those that native recordings prove. */
const VERSIONS = GLIBC_VERSIONS.filter((version) => version !== "2.40");

const EXAMPLES = `
Examples:
  ptmalloc-wasm compare-glibc git-log
  ptmalloc-wasm compare-glibc git-log --versions 2.36,2.43 --abi lp64
  ptmalloc-wasm compare-glibc --tunables glibc.malloc.tcache_count=0 --json server.rep.gz

The first version is what the others are compared with. docs/glibc-versions.md says what differs.`;

/** @returns the command, to be added to the program */
export function compareGlibcCommand(io: CliIo): Command {
  return withMachineOptions(new Command("compare-glibc"), false)
    .description(
      "Replay the same trace under several versions of glibc's malloc: what the kernel gives each " +
        "and is asked by each, how long they take, and where and why they first part.",
    )
    .summary("replay a trace under several versions of glibc, and say where they part")
    .argument("<TRACE...>", "traces, .rep or .rep.gz, or bundled ones by name; - is standard input")
    .addOption(
      new Option("--versions <list>", "which, with commas; the others are compared with the first")
        .argParser(versions)
        .default(VERSIONS, VERSIONS.join(",")),
    )
    .option(
      "--repeat <n>",
      `samples of each time, 1 to ${MOST_REPEATS}`,
      wholeNumber(1, MOST_REPEATS),
      7,
    )
    .option("--no-time", "take no time, so that the output is the same on every machine")
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((files: string[], options: Options) => compare(files, options, io));
}

/** @returns the versions of a list, each once @throws InvalidArgumentError */
function versions(text: string): GlibcVersion[] {
  const found = [...new Set(text.split(",").map((name) => readVersion(name.trim())))];
  if (found.length > 1) return found;
  throw new InvalidArgumentError("At least two different ones are needed.");
}

async function compare(files: readonly string[], options: Options, io: CliIo): Promise<void> {
  const traces = await readTraces(files, io);
  const { abi, layout, tunables = "", versions, repeat, time } = options;
  const work = traces.reduce((sum, { count }) => sum + count * versions.length, 0);
  const progress = new Progress(io, work);
  const compared: TraceComparison[] = [];
  try {
    for (const trace of traces) {
      progress.label(shortName(trace));
      compared.push(compareTrace(trace, options, progress.advance));
    }
  } finally {
    progress.stop();
  }
  const comparison: Comparison = {
    ...{ abi, layout, tunables, versions },
    repeat: time ? repeat : 0,
    traces: compared,
  };
  io.stdout.write(options.json ? comparisonJson(comparison) : comparisonText(comparison, io));
}

function compareTrace(
  trace: Trace,
  options: Options,
  onProgress: (ops: number) => void,
): TraceComparison {
  const [first] = options.versions;
  const samples = options.time ? options.repeat : undefined;
  let placed: Placements | undefined;
  let known: TraceFacts | undefined;
  const reports = options.versions.map((glibc) => {
    const { report, facts, placements } = measureVersion(
      trace,
      glibc,
      { ...options, samples },
      placed,
    );
    placed ??= placements;
    known ??= facts;
    const pair = [first!, glibc] as const;
    const parting = report.movedBlocks === 0 ? undefined : partingOf(trace, pair, options);
    onProgress(trace.count);
    return { ...report, parting };
  });
  const { name: file, count: ops } = trace;
  return { name: shortName(trace), file, ops, ...known!, versions: reports };
}
