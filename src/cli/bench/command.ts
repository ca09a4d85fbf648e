// `ptmalloc-wasm bench`: allocators, and what the JavaScript engine has in their place, raced over
// anybody's traces.

import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { readTraces, shippedRecordings } from "../inputs.js";
import { shortName } from "../../trace/trace.js";
import { UsageError, type CliIo } from "../io.js";
import { wholeNumber } from "../numbers.js";
import { compareCommand } from "./compare-command.js";
import { setUp } from "./setup.js";
import type { Contestant } from "./contestant.js";
import { contestants, find } from "./registry.js";
import { writeWhole } from "../output.js";
import { reportCommand } from "./report-command.js";
import { pageReport } from "./report/page.js";
import { textReport } from "./report/text.js";
import { USUAL_EFFORT } from "./measure.js";
import { runBenchShown, type Course } from "./run.js";
import { summarise } from "./summary.js";
import { traceOf, workloads } from "./workloads.js";

interface Options {
  against: readonly string[];
  heaps?: number;
  quick?: true;
  json?: true;
  html?: string;
  list?: true;
}

const QUICK_HEAPS = 3;
const MOST_HEAPS = 1000;
/** Against whom, where nobody is named: who needs nothing but this package. */
const DEFAULT_AGAINST = ["tlsf", "engine"];

const EXAMPLES = `
Examples:
  ptmalloc-wasm record -o mine.rep.gz -- ./program args
  ptmalloc-wasm bench mine.rep.gz --against tlsf,dlmalloc,mimalloc,engine,native --html mine.html
  ptmalloc-wasm bench larson server --against all --json > result.json
  ptmalloc-wasm bench --list
  ptmalloc-wasm bench compare before.json after.json

This package's heap always takes part, in each of its profiles, and so do the loops without an
allocator: what they cost is in every number. --list says who else can, and how to get who is
missing. A FILE may be the name of a workload made by a rule:
${workloads.map(({ name }) => name).join(", ")}.`;

/** @returns the command, to be added to the program */
export function benchCommand(io: CliIo): Command {
  return new Command("bench")
    .description(
      "Race this heap over allocation traces against other allocators in WebAssembly, against " +
        "what the JavaScript engine allocates itself, and against native ones: time warm and " +
        "cold, pauses, memory, code. Without FILE: the recordings that come with the package.",
    )
    .summary("race allocators and the JavaScript engine over traces")
    .argument("[FILE...]", "traces, .rep or .rep.gz; - is standard input; or names of workloads")
    .addOption(
      new Option("--against <names>", "contestants, or kinds of them: see --list")
        .argParser((text: string) => text.split(","))
        .default(DEFAULT_AGAINST, DEFAULT_AGAINST.join(",")),
    )
    .option(
      "--heaps <n>",
      `fresh heaps of each contestant, 1 to ${MOST_HEAPS}: samples of the cold times (${USUAL_EFFORT.heaps})`,
      wholeNumber(1, MOST_HEAPS),
    )
    .addOption(new Option("--quick", `as --heaps ${QUICK_HEAPS}`).conflicts("heaps"))
    .option("--json", "print the result as JSON, all samples in it, instead of tables")
    .option("--html <out>", "write a page with plots to the file <out>")
    .option("--list", "say who can take part and who is missing, and race nobody")
    .addHelpText("after", EXAMPLES)
    .action((files: string[], options: Options) => bench(files, options, io))
    .addCommand(reportCommand(io))
    .addCommand(compareCommand(io));
}

async function bench(files: string[], options: Options, io: CliIo): Promise<void> {
  const wanted = withControls([...find(["ours"]), ...find(options.against)]);
  if (options.list) {
    await setUp(io, contestants, false);
    return;
  }
  const given = files.length > 0 ? files : shippedRecordings();
  const courses = await coursesOf(given, io);
  const heaps = options.heaps ?? (options.quick ? QUICK_HEAPS : USUAL_EFFORT.heaps);
  const result = await runBenchShown(courses, wanted, { ...USUAL_EFFORT, heaps }, io);
  const summary = summarise(result);
  if (options.html !== undefined) writeWhole(options.html, pageReport(result, summary));
  io.stdout.write(options.json ? `${JSON.stringify(result)}\n` : textReport(result, summary, io));
}

/** @returns them, each once, and whoever has their loops without an allocator, in tables' order */
function withControls(wanted: readonly Contestant[]): Contestant[] {
  const names = new Set(wanted.flatMap(({ name, control }) => [name, control]));
  return contestants.filter(({ name }) => names.has(name));
}

/** @returns what to race over @throws UserError for what is neither a file nor a workload */
async function coursesOf(given: readonly string[], io: CliIo): Promise<Course[]> {
  const courses: Course[] = [];
  for (const name of given) {
    const workload = existsSync(name) ? undefined : workloads.find((one) => one.name === name);
    if (workload !== undefined) {
      const { rationale } = workload;
      courses.push({ name, kind: "workload", rationale, read: () => traceOf(workload) });
      continue;
    }
    const [trace] = await readTraces([name], io);
    courses.push({
      name: shortName(trace!),
      kind: "recording",
      rationale: "",
      read: () => trace!,
    });
  }
  const twice = courses.find(({ name }, i) => courses.findIndex((one) => one.name === name) < i);
  if (twice !== undefined) throw new UsageError(`two traces are called ${twice.name}`);
  return courses;
}
