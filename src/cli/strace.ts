// `ptmalloc-wasm strace`: what malloc, or a script, asks of the kernel, as strace would show it.

import { Command, InvalidArgumentError, Option } from "commander";
import {
  errnoName,
  errorNumber,
  FilterError,
  parseFilter,
  type CountOrder,
  type Kernel,
  type MemoryFault,
  type SyscallRecord,
} from "../kernel/index.js";
import type { Abi } from "../layout/address.js";
import { readInput } from "./inputs.js";
import { UserError, type CliIo } from "./io.js";
import {
  readTrace,
  startMachine,
  TraceRun,
  withMachineOptions,
  type MachineOptions,
} from "./machine.js";
import { parseScript } from "./script.js";
import { runScript, scriptCalls, type ScriptOutput } from "./script-run.js";

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
A script has one call a line, as C writes it; # begins a comment:
  a = mmap(NULL, 3*4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  mprotect(a + 4096, 4096, PROT_NONE)
  write(a, 1)
  p = malloc(200000)
The calls are
${wrapped(scriptCalls(), 98)}
open("PATH", FLAGS, MODE) opens a file of yours; read and write are accesses to memory, and
fill(ADDRESS, LENGTH, BYTE) stores; sysctl sets OVERCOMMIT_MEMORY and the like; setrlimit takes both
limits as numbers; maps, smaps, smaps_rollup, status and statm print that file of /proc/self.`;

/** @returns words with commas between them, in indented lines of at most `columns` */
function wrapped(words: readonly string[], columns: number): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= columns) {
      lines[lines.length - 1] = `${last}, ${word}`;
    } else {
      lines.push(`  ${word}`);
    }
  }
  return lines.join(",\n");
}

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
    .option("-c, --count", "count calls and errors instead of showing them")
    .addOption(
      new Option("-S, --sort <order>", "order of the table of -c")
        .choices(["time", "calls", "errors", "name", "none"])
        .default("time"),
    )
    .option("-a, --column <n>", "column of the results", columnOption, 40)
    .option("--json", "print one JSON object");
}

function columnOption(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError("A number of columns is needed.");
  return Number(text);
}

async function replay(file: string, options: Options, io: CliIo): Promise<void> {
  checkFilter(options);
  const trace = await readTrace(file, io);
  const kernel = await startMachine(options);
  traced(kernel, options, io, () => new TraceRun(kernel, trace, false).to(trace.count));
}

async function script(file: string, options: Options, io: CliIo): Promise<void> {
  checkFilter(options);
  const { name, bytes } = await readInput(file, io);
  const calls = parseScript(new TextDecoder().decode(bytes), name);
  const kernel = await startMachine(options);
  traced(kernel, options, io, (output) => runScript(calls, kernel, name, output));
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
  const log = kernel.startStrace({
    filter: options.expr,
    countOnly: options.count === true,
    column: options.column,
    write: (line, record) => {
      if (options.json) calls.push(callJson(line, record, kernel.process.abi));
      else io.stdout.write(`${line}\n`);
    },
  });
  try {
    run({
      print: (text) => {
        if (!isTable) io.stdout.write(text);
      },
      onFault: (fault) => {
        if (!isTable) io.stdout.write(signalText(fault));
      },
    });
  } finally {
    kernel.stopStrace();
    if (options.json) io.stdout.write(jsonText(kernel.process.abi, calls, log.counts()));
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

function jsonText(abi: Abi, calls: readonly object[], counts: object): string {
  return `${JSON.stringify({ format: "ptmalloc-wasm strace 1", abi, calls, counts }, null, 2)}\n`;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** Refuses a wrong -e before anything is read. */
function checkFilter({ expr, abi }: Options): void {
  try {
    parseFilter(expr, abi);
  } catch (error) {
    if (error instanceof FilterError) throw new UserError(error.message);
    throw error;
  }
}
