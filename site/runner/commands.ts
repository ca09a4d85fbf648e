// Runs commands of the package in a worker: those that look at a heap, with the same code as on the
// command line, over files that the page gives.

import "./node/install.mjs";
import { setFiles } from "./node/files.mjs";
import { Command, CommanderError } from "commander";
import { compareGlibcCommand } from "../../src/cli/compare-glibc/command.js";
import { heapCommands } from "../../src/cli/inspect/commands.js";
import { NAME, type CliIo } from "../../src/cli/io.js";
import { mapsCommand } from "../../src/cli/kernel/maps.js";
import { mmCommand } from "../../src/cli/kernel/mm.js";
import { smapsCommand } from "../../src/cli/kernel/smaps.js";
import { straceCommand } from "../../src/cli/kernel/strace.js";
import { shellCommand } from "../../src/cli/shell/command.js";
import { answer, type Printer } from "./talk.js";

/** Commands as they are typed, and the files that they may look at. */
interface Commands {
  readonly lines: readonly string[];
  readonly files: readonly (readonly [string, Uint8Array])[];
}

const decoder = new TextDecoder();

function program(io: CliIo): Command {
  const all = new Command(NAME);
  const commands = [
    shellCommand(io),
    ...heapCommands(io),
    ...[mapsCommand(io), smapsCommand(io), mmCommand(io), straceCommand(io)],
    compareGlibcCommand(io),
  ];
  for (const command of commands) all.addCommand(command);
  for (const command of [all, ...commands, ...commands.flatMap((one) => one.commands)])
    command.exitOverride().configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    });
  return all;
}

/** Runs one command; what is wrong with it is printed, as a terminal shows it. */
async function runCommand(args: readonly string[], write: CliIo["stdout"]["write"]): Promise<void> {
  const io = { stdin: nothing(), stdout: { write }, stderr: { write }, env: {} };
  try {
    await program(io).parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return;
    write(`${NAME}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function run({ lines, files }: Commands, print: Printer): Promise<void> {
  const contents = new Map(files);
  setFiles(contents);
  const write = (data: string | Uint8Array): void =>
    print(typeof data === "string" ? data : decoder.decode(data));
  for (const line of lines) {
    print(`$ ${line}\n`);
    const [name, ...args] = line.split(" ");
    if (name === "cat") for (const file of args) write(contents.get(file) ?? "");
    else await runCommand(args, write);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* nothing(): AsyncGenerator<string> {
  yield "";
}

answer(run);
