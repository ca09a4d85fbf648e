// `ptmalloc-wasm strace`: what malloc, or a script, asks of the kernel, as strace would show it.

import { Command, Option } from "commander";
import {
  errnoName,
  errorNumber,
  FilterError,
  parseFilter,
  type CountOrder,
  type Kernel,
  type MemoryFault,
  type SyscallRecord,
} from "../../kernel.js";
import type { Abi } from "../../layout/address.js";
import { readInput } from "../inputs.js";
import { NAME, UsageError, type CliIo } from "../io.js";
import {
  playerIn,
  readTrace,
  startMachine,
  withMachineOptions,
  type MachineOptions,
} from "../machine.js";
import { wholeNumber } from "../numbers.js";
import { paintedCalls } from "../paint.js";
import { provenance } from "../provenance.js";
import { parseScript } from "../../shell/script/script.js";
import { scriptCalls } from "../../shell/script/calls.js";
import { colorsFor } from "../tables.js";
import { runScript, type ScriptOutput } from "../../shell/script/run.js";

interface Options extends MachineOptions {
  expr: string[];
  count?: true;
  sort: CountOrder;
  column: number;
  json?: true;
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm strace replay lua.rep.gz
  ptmalloc-wasm strace replay -e trace=mmap2,munmap lua.rep.gz
  ptmalloc-wasm strace replay -c lua.rep.gz
  ptmalloc-wasm strace script calls.txt`;

const SCRIPT_HELP = `
A script is written as in C: a statement a line, or ; between them. #, // and /* */ are comments:
  char *a = mmap(NULL, 3*4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
  mprotect(a + 4096, 4096, PROT_NONE)
  write(a, 1)
  mallopt(M_MMAP_THRESHOLD, 64 << 10); p = malloc(200000)
Lines of strace's own output work, too, as -f, -t, -r, -i, -n, -y and -T print them: later lines may \
name the addresses that their results give. What is not about memory is left out, with a remark.
  mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1ae9a6f000
  munmap(0x7f1ae9a6f000, 4096) = 0

There are declarations and casts (integers and pointers), assignments, C's operators, calls within \
calls, and C's constants (PROT_…, MAP_…, MADV_…, M_…, RLIMIT_…, E… and the like). Numbers are exact: \
they wrap only where their type is unsigned.

The calls are ${scriptCalls().join(", ")}.

open("PATH", FLAGS, MODE) opens a file of yours; read(ADDRESS, LENGTH) and write(ADDRESS, LENGTH) are \
accesses to memory, and fill(ADDRESS, LENGTH, BYTE) stores; sysctl sets OVERCOMMIT_MEMORY and the \
like; setrlimit takes both limits as numbers; mmap and mprotect are libc's, brk is the system call. \
maps, smaps, smaps_rollup, status, statm, stat and limits print that file of /proc/self, mallinfo2, \
malloc_info and malloc_stats what these find, and printf what you like.`;

/** @returns the command, to be added to the program */
export function straceCommand(io: CliIo): Command {
  const command = new Command("strace")
    .description("Show the system calls that malloc, or a script, makes, as strace would.")
    .summary("show system calls, as strace")
    .addHelpText("after", EXAMPLES);
  command.addCommand(
    withStraceOptions(new Command("replay"))
      .description("Run a trace and show the system calls that malloc makes.")
      .argument("<FILE>", "a trace, .rep or .rep.gz; - is standard input")
      .action((file: string, options: Options) => replay(file, options, io)),
  );
  command.addCommand(
    withStraceOptions(new Command("script"))
      .description("Run a script of calls and show its system calls.")
      .argument("<FILE>", "a script; - is standard input")
      .addHelpText("after", SCRIPT_HELP)
      .action((file: string, options: Options) => script(file, options, io)),
  );
  return command;
}

function withStraceOptions(command: Command): Command {
  return withMachineOptions(command)
    .addOption(
      new Option(
        "-e, --expr <expr>",
        "what to show: brk,mmap2 or trace=!munmap, %memory, /regex; status=failed; may be repeated",
      )
        .argParser((text: string, before: string[]) => [...before, text])
        .default([], "everything"),
    )
    .option(
      "-c, --count",
      "count calls and errors instead of showing them; seconds are 0, since the model keeps no time",
    )
    .addOption(
      new Option("-S, --sort <order>", "order of the table of -c")
        .choices(["time", "calls", "errors", "name", "none"])
        .default("time"),
    )
    .option("-a, --column <n>", "column of the results", wholeNumber(0, 999), 40)
    .option("--json", "print one JSON object");
}

async function replay(file: string, options: Options, io: CliIo): Promise<void> {
  checkFilter(options);
  const trace = await readTrace(file, io);
  const kernel = startMachine(options);
  traced(kernel, options, io, () => playerIn(kernel, trace, false).to());
}

async function script(file: string, options: Options, io: CliIo): Promise<void> {
  checkFilter(options);
  const { name, bytes } = await readInput(file, io);
  const parsed = parseScript(new TextDecoder().decode(bytes), name);
  const kernel = startMachine(options);
  traced(kernel, options, io, (output) => runScript(parsed, kernel, output));
}

/** Runs something under strace and prints what was found, also when it ends in an error. */
function traced(
  kernel: Kernel,
  options: Options,
  io: CliIo,
  run: (output: ScriptOutput) => void,
): void {
  const isTable = options.count === true || options.json === true;
  const calls: object[] = [];
  const colors = colorsFor(io);
  const log = kernel.startStrace({
    filter: options.expr,
    countOnly: options.count === true,
    column: options.column,
    write: (line, record) => {
      if (options.json) calls.push(callJson(line, record, kernel.process.abi));
      else io.stdout.write(paintedCalls(`${line}\n`, colors));
    },
  });
  try {
    run({
      print: (text) => {
        if (!isTable) io.stdout.write(text);
      },
      onFault: (fault) => {
        if (!isTable) io.stdout.write(paintedCalls(signalText(fault), colors));
      },
      note: (text) => io.stderr.write(`${NAME}: ${text}\n`),
    });
  } finally {
    kernel.stopStrace();
    if (options.json) io.stdout.write(jsonText(kernel, calls, log.counts()));
    else if (options.count) io.stdout.write(log.table(options.sort));
  }
}

/** How strace shows a signal and the end that it brings. */
function signalText({ signal, code, address }: MemoryFault): string {
  const where = address === 0 ? "NULL" : `0x${address.toString(16)}`;
  return (
    `--- ${signal} {si_signo=${signal}, si_code=${code}, si_addr=${where}} ---\n` +
    `+++ killed by ${signal} +++\n`
  );
}

function callJson(text: string, { name, nr, args, result }: SyscallRecord, abi: Abi): object {
  const error = errnoName(errorNumber(result, abi)) ?? null;
  return { name: name ?? null, number: nr, args: args.map(hex), result: hex(result), error, text };
}

function jsonText({ process }: Kernel, calls: readonly object[], counts: object): string {
  const { abi, glibc } = process;
  const from = provenance(glibc);
  const object = { format: "ptmalloc-wasm strace 1", ...from, abi, glibc, calls, counts };
  return `${JSON.stringify(object, null, 2)}\n`;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** Refuses a wrong -e before anything is read. */
function checkFilter({ expr, abi }: Options): void {
  try {
    parseFilter(expr, abi);
  } catch (error) {
    if (error instanceof FilterError) throw new UsageError(error.message);
    throw error;
  }
}
