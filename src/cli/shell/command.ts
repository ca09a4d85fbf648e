// `ptmalloc-wasm shell`: calls of C typed by hand, and every command that looks at the heap, in a
// live process or along a trace.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { start } from "node:repl";
import { Command } from "commander";
import { HeapAbort } from "../../process/failures.js";
import { isError } from "../../base/realm.js";
import { cacheFolder } from "../cache.js";
import { fileError, readInput } from "../inputs.js";
import { NAME, UserError, type CliIo } from "../io.js";
import { readTrace, startMachine, withMachineOptions, type MachineOptions } from "../machine.js";
import { colorsFor, terminalWidth } from "../tables.js";
import type { Style } from "../../shell/commands/report.js";
import { lineOf, NAMES } from "../../shell/lines.js";
import { Session } from "../../shell/session.js";

interface Options extends MachineOptions {
  command?: string[];
  file?: string;
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm shell
  ptmalloc-wasm shell git-log
  ptmalloc-wasm shell -c 'p = malloc(24)' -c 'free(p)' -c bins
  ptmalloc-wasm shell git-log -c 'until trim' -c top_chunk

Lines are commands, or calls in the language of strace script. In the shell, help lists all.`;

/** @returns the command, to be added to the program */
export function shellCommand(io: CliIo): Command {
  return withMachineOptions(new Command("shell"))
    .summary("type calls, and look at the heap after each; step through a trace, back and forth")
    .description(
      "Type calls of C and look at the heap after each, or step through a trace, back and forth. " +
        "Where standard input is no terminal, its lines are run as a script.",
    )
    .argument("[file]", "a trace to step through; without: a fresh process")
    .option("-c, --command <line>", "run this line instead (repeatable)", collected)
    .option(
      "-f, --file <script>",
      "run the lines of a file instead, and show each before its output",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (file: string | undefined, options: Options) => {
      const trace = file === undefined ? undefined : await readTrace(file, io);
      const print = (text: string): void => void io.stdout.write(text);
      const note = (text: string): void => void io.stderr.write(`${NAME}: ${text}\n`);
      const output = { print, note, onFault: (fault: Error) => note(fault.message) };
      const session = new Session(() => startMachine(options), output, trace);
      const style = { colors: colorsFor(io), width: terminalWidth(io) };
      const lines = linesOf(options);
      const shows = options.command === undefined && options.file !== undefined;
      if (lines !== undefined) runAll(session, lines, style, io, shows);
      else if (io.stdin === process.stdin && process.stdin.isTTY) await talk(session, style, io);
      else {
        const { bytes } = await readInput("-", io);
        runAll(session, Buffer.from(bytes).toString("utf8").split("\n"), style, io);
      }
    });
}

function collected(line: string, before: string[] = []): string[] {
  return [...before, line];
}

function linesOf({ command, file }: Options): string[] | undefined {
  if (command !== undefined) return command;
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch (error) {
    throw fileError(file, error);
  }
}

/**
 * Runs lines until one goes wrong.
 * @param shows whether each is shown before its output
 * @throws what that one throws, with its number
 */
function runAll(
  session: Session,
  lines: readonly string[],
  style: Style,
  io: CliIo,
  shows = false,
): void {
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "quit") return;
    if (shows) io.stdout.write(shownLine(line, style));
    try {
      for (const text of lineOf(session, line, style)) io.stdout.write(`${text}\n`);
    } catch (error) {
      if (!isExpected(error)) throw error;
      throw new UserError(`line ${i + 1}: ${line.trim()}: ${error.message}`);
    }
  }
}

/** A line of a script as it is shown: a comment as it stands, anything else behind a prompt. */
function shownLine(line: string, { colors }: Style): string {
  const text = line.trim();
  return text === "" ? "" : `${colors.dim(text.startsWith("#") ? text : `> ${text}`)}\n`;
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof UserError ||
    error instanceof HeapAbort ||
    isError(error, "TraceError") ||
    isError(error, "RangeError")
  );
}

/** Talks with a person. */
async function talk(session: Session, style: Style, io: CliIo): Promise<void> {
  io.stdout.write(`help lists the commands; calls are typed as in C: p = malloc(24)\n`);
  const repl = start({
    prompt: `${session.place}> `,
    eval(text, _context, _file, done) {
      try {
        for (const line of lineOf(session, text, style)) io.stdout.write(`${line}\n`);
      } catch (error) {
        if (!isExpected(error)) return done(error as Error, undefined);
        io.stdout.write(`${style.colors.red(error.message)}\n`);
      }
      repl.setPrompt(`${session.place}> `);
      done(null, undefined);
    },
    ignoreUndefined: true,
    useColors: style.colors.isColorSupported,
    completer: (line: string): [string[], string] => {
      const word = /[a-z_]*$/.exec(line)![0];
      const hits = NAMES.filter((name) => name.startsWith(word));
      return [hits.length > 0 ? hits : [...NAMES], word];
    },
  });
  for (const name of Object.keys(repl.commands)) delete (repl.commands as never)[name];
  repl.defineCommand("quit", { help: "leave", action: () => repl.close() });
  repl.setupHistory(join(cacheFolder(io.env), "shell-history"), () => undefined);
  await new Promise<void>((resolve) => repl.once("exit", resolve));
}
