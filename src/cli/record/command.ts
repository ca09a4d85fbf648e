// `ptmalloc-wasm record`: runs a program, and makes a trace of its allocation calls.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Command } from "commander";
import { isError } from "../../base/realm.js";
import { fileError } from "../inputs.js";
import { UserError, type CliIo } from "../io.js";
import { wholeNumber } from "../numbers.js";
import { recorderLibrary } from "./library.js";
import { readLog, type Log } from "./log.js";
import { writeTrace, type Written } from "./trace.js";

interface Options {
  output?: string;
  program?: string;
  children?: true;
  most: number;
}

/** More calls than any run makes: none are left out unless that is asked for. */
const ALL = 2 ** 48;

const EXAMPLES = `
Examples:
  ptmalloc-wasm record -- ls -lR /usr/share
  ptmalloc-wasm record -o build.rep.gz --program cc1 -- make
  ptmalloc-wasm record --children -- sh -c 'sort words | uniq -c'
  ptmalloc-wasm replay ls.rep.gz

The program runs as it always does: its input, output and exit status are its own. It has to be a
program for Linux with glibc, of this machine's width, that loads libraries (not static, not
setuid). Calls are written down one after the other, so that threads wait for each other.

Exit status: the program's; 128 and the signal's number if a signal ended it.`;

/** @returns the command, to be added to the program */
export function recordCommand(io: CliIo): Command {
  return new Command("record")
    .description(
      "Run a program and make a trace of its allocation calls, those of all its threads. " +
        "A C compiler makes the recorder, once.",
    )
    .summary("record a program's allocation calls as a trace")
    .argument("<command...>", "the program and its arguments, behind --")
    .option(
      "-o, --output <file>",
      "the trace, .rep or .rep.gz (default: the program's name .rep.gz)",
    )
    .option(
      "--program <name>",
      "of several programs that run, the one whose executable is so named",
    )
    .option(
      "--children",
      "also write the other programs' traces, beside it, with their process ids",
    )
    .option(
      "--most <operations>",
      "leave out what comes after so many operations (default: nothing)",
      wholeNumber(1, ALL),
      ALL,
    )
    .addHelpText("after", EXAMPLES)
    .action((command: string[], options: Options) => record(command, options, io));
}

async function record(command: string[], options: Options, io: CliIo): Promise<void> {
  const library = recorderLibrary(io);
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-record-"));
  try {
    const { pid, exit } = await run(command, folder, library, io);
    const logs = readdirSync(folder)
      .map((name) => readLog(join(folder, name)))
      .filter((log) => log !== undefined);
    const main = chosen(logs, pid, command[0]!, options.program);
    const output = options.output ?? `${main.program}.rep.gz`;
    const others = logs.filter((log) => log !== main);
    await write(main, output, options.most, io);
    if (options.children)
      for (const log of others) await write(log, besides(output, log), options.most, io);
    else if (others.length > 0)
      note(
        io,
        `${others.length} other programs ran (${namesOf(others)}): --children, --program NAME`,
      );
    if (exit !== 0) throw new ProgramFailed(exit);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends the command with the program's exit status, without a word: that is the program's. */
export class ProgramFailed extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit status ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Runs the program to its end. @returns its process, and its exit status as shells give it */
function run(
  [program = "", ...args]: readonly string[],
  folder: string,
  library: string,
  { env, stderr }: CliIo,
): Promise<{ pid: number; exit: number }> {
  const preloaded = env["LD_PRELOAD"];
  const environment = {
    ...env,
    RECORD: folder,
    LD_PRELOAD: preloaded ? `${library}:${preloaded}` : library,
  };
  // What the terminal sends to end the program goes to it as well: the trace is written afterwards.
  const stay = (): void => undefined;
  const SIGNALS = ["SIGINT", "SIGQUIT"] as const;
  for (const signal of SIGNALS) process.on(signal, stay);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: environment, stdio: "inherit" });
    child.on("error", (error) => reject(new UserError(`cannot run ${program}: ${reason(error)}`)));
    child.on("exit", (code, signal) => {
      for (const one of SIGNALS) process.off(one, stay);
      if (signal !== null) stderr.write(`ptmalloc-wasm: ${program} ended by ${signal}\n`);
      const exit = code ?? 128 + constants.signals[signal!];
      resolve({ pid: child.pid!, exit });
    });
  });
}

function reason(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "no such program" : error.message;
}

/** The recording that is meant: by name, or what the process that was started last became. */
function chosen(logs: readonly Log[], pid: number, program: string, name?: string): Log {
  if (logs.length === 0)
    throw new UserError(
      `${program} left no recording: it is static, setuid, of another width, or not for glibc`,
    );
  const byTurn = logs.filter((log) =>
    name === undefined ? log.pid === pid : log.program === name,
  );
  const found =
    name === undefined ? byTurn.sort((a, b) => b.turn - a.turn)[0] : byTurn.sort(byAge)[0];
  if (found !== undefined) return found;
  throw new UserError(
    name === undefined
      ? `${program} left no recording, but others did (${namesOf(logs)}): --program NAME`
      : `no program "${name}" left a recording; there were ${namesOf(logs)}`,
  );
}

function byAge(a: Log, b: Log): number {
  return a.pid - b.pid || a.turn - b.turn;
}

function namesOf(logs: readonly Log[]): string {
  return [...new Set(logs.map(({ program }) => program))].sort().join(", ");
}

/** out.rep.gz, of process 77 that ran sort: out.77-sort.rep.gz */
function besides(output: string, { pid, turn, program }: Log): string {
  const [, stem = output, ending = ""] = /^(.*?)((?:\.rep)?(?:\.gz)?)$/.exec(output) ?? [];
  return `${stem}.${pid}${turn > 0 ? `.${turn}` : ""}-${program}${ending}`;
}

async function write(log: Log, output: string, most: number, io: CliIo): Promise<void> {
  let written: Written;
  try {
    written = await writeTrace(log, output, most);
  } catch (error) {
    throw isError(error) ? fileError(output, error) : error;
  }
  const { operations, threads, leftOut, isCut } = written;
  const count = (n: number, what: string): string =>
    `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
  const parts = [
    count(operations, "operation"),
    ...(threads > 1 ? [count(threads, "thread")] : []),
    ...(leftOut > 0
      ? [`${count(leftOut, "call")} of NULL, failed or of older blocks left out`]
      : []),
  ];
  note(io, `${output}: ${basename(log.program)}, ${parts.join(", ")}`);
  if (isCut) note(io, `${output}: cut after ${count(most, "operation")}, as --most says`);
  if (log.end === "cut off")
    note(io, `${output}: ${log.program} was killed, left by _exit, or became another`);
  if (log.end === "disk full") note(io, `${output}: cut where the disk was full`);
}

function note(io: CliIo, text: string): void {
  io.stderr.write(`ptmalloc-wasm: ${text}\n`);
}
