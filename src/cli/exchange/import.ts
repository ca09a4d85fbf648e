// `ptmalloc-wasm import`: other programs' recordings, as traces.

import { Command, Option } from "commander";
import {
  importRecording,
  RECORDINGS,
  type RecordingFormat,
} from "../../trace/interchange/import.js";
import { readInput } from "../inputs.js";
import { NAME, type CliIo } from "../io.js";
import { writeText } from "../output.js";
import { unpacked } from "./unpack.js";

interface Options {
  from?: RecordingFormat;
  output?: string;
}

const HELP = `
Recordings, plain, gzipped or packed with zstd:
  heaptrack  heaptrack PROGRAM; better, heaptrack -r PROGRAM, which keeps addresses
  mtrace     what mtrace(3) writes to the file of MALLOC_TRACE
  ltrace     ltrace -f -o FILE -e malloc+calloc+realloc+free PROGRAM, with other functions or without
  valgrind   valgrind --trace-malloc=yes PROGRAM, its standard error
  bpftrace   what recorder/malloc.bt of this package prints

Stacks and callers become labels: comments behind the operations, f <- g <- main. What a recording
lacks or contradicts is noted on standard error.

Examples:
  heaptrack -r -o ls ls -lR /usr/share; ptmalloc-wasm import ls.raw.zst -o ls.rep.gz
  valgrind --trace-malloc=yes sed p words 2>sed.txt; ptmalloc-wasm import sed.txt -o sed.rep.gz
  ptmalloc-wasm import calls.ltrace | ptmalloc-wasm replay -`;

/** @returns the command, to be added to the program */
export function importCommand(io: CliIo): Command {
  return new Command("import")
    .description("Make a trace of another program's recording of allocation calls.")
    .summary("make a trace of a recording by heaptrack, mtrace, ltrace, valgrind or bpftrace")
    .argument("<FILE>", "the recording; - is standard input")
    .addOption(
      new Option("--from <format>", "whose recording it is (default: by its content)").choices(
        RECORDINGS,
      ),
    )
    .option("-o, --output <file>", "the trace, .rep or .rep.gz (default: standard output)")
    .addHelpText("after", HELP)
    .action((file: string, options: Options) => importTrace(file, options, io));
}

async function importTrace(file: string, options: Options, io: CliIo): Promise<void> {
  const { name, bytes } = await readInput(file, io);
  const made = importRecording(unpacked(bytes, name), name, options.from);
  const count = (n: number, what: string): string =>
    `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
  const threads = made.threads > 1 ? `, ${count(made.threads, "thread")}` : "";
  for (const note of made.notes) io.stderr.write(`${NAME}: note: ${name}: ${note}\n`);
  await writeText([made.text], options.output, io);
  if (options.output === undefined) return;
  const what = `${made.format}, ${count(made.operations, "operation")}${threads}`;
  io.stderr.write(`${NAME}: ${options.output}: ${what}\n`);
}
