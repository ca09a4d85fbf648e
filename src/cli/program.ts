// The command line: its commands, and how errors are shown.

import { Command, CommanderError, Option } from "commander";
import { isError } from "../base/realm.js";
import { HeapAbort } from "../process/failures.js";
import { TunableRefusal } from "../process/tunables.js";
import { HeapImageError } from "../image/errors.js";
import { TraceError } from "../trace/trace.js";
import { ReplayError } from "../trace/workers/crew.js";
import { benchCommand } from "./bench/command.js";
import { binariesCommand } from "./binaries/command.js";
import { compareGlibcCommand } from "./compare-glibc/command.js";
import { completionCommand } from "./completion/command.js";
import { exploreCommand } from "./explore/command.js";
import { exportCommand } from "./exchange/export.js";
import { importCommand } from "./exchange/import.js";
import { configureHelp } from "./help.js";
import { diffCommand, snapshotCommand } from "./inspect/snapshot-commands.js";
import { heapCommands } from "./inspect/commands.js";
import { imageCommand } from "./image/command.js";
import { NAME, systemReason, UserError, type CliIo } from "./io.js";
import { shippedRecordings } from "./inputs.js";
import { linkCommand } from "./link/command.js";
import { manCommand } from "./man-page.js";
import { mapsCommand } from "./kernel/maps.js";
import { mmCommand } from "./kernel/mm.js";
import { packageVersion } from "./package-root.js";
import { ProgramFailed, recordCommand } from "./record/command.js";
import { replayCommand } from "./replay/command.js";
import { smapsCommand } from "./kernel/smaps.js";
import { straceCommand } from "./kernel/strace.js";
import { shellCommand } from "./shell/command.js";
import { table, terminalWidth } from "./tables.js";
import { LEAST_SAMPLES } from "./replay/verdict.js";

/** The commands, by the headings that help has. */
const COMMANDS: Readonly<Record<string, (io: CliIo) => readonly Command[]>> = {
  "Traces and speed:": (io) => [
    replayCommand(io),
    benchCommand(io),
    compareGlibcCommand(io),
    recordCommand(io),
    importCommand(io),
    exportCommand(io),
  ],
  "Looking at a heap:": (io) => [
    exploreCommand(io),
    shellCommand(io),
    ...heapCommands(io),
    snapshotCommand(io),
    diffCommand(io),
    imageCommand(io),
  ],
  "The kernel's side:": (io) => [
    mapsCommand(io),
    smapsCommand(io),
    mmCommand(io),
    straceCommand(io),
  ],
  "Others:": (io) => [linkCommand(io), binariesCommand(io), completionCommand(io), manCommand(io)],
};
/** Errors whose message says all there is to say. */
const EXPECTED = [
  ...[TraceError, ReplayError, UserError, HeapAbort, HeapImageError],
  TunableRefusal,
] as const;
const AFTER = `
Exit status: 0; 1 when an input is damaged or the work failed; 2 when the command line is wrong.
Environment: NO_COLOR and FORCE_COLOR; COLUMNS, the width where standard output is no terminal; DEBUG, \
which shows where an error of the program itself happened.`;
/** What says that the command line itself is wrong, as most commands have it. */
const USAGE = 2;

/**
 * Runs the command line.
 *
 * @param args the arguments, without node and script
 * @returns the exit code: 0; after an error, which was written to stderr, 2 when the command line
 *   was wrong, else 1
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    if (args.length === 0) await showAround(io);
    else await makeProgram(io).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return exitCodeOf(error, io);
  }
}

/** Without arguments: a replay of what is shipped, and how to go on. */
async function showAround(io: CliIo): Promise<void> {
  const traces = shippedRecordings();
  const args = ["replay", "--repeat", String(LEAST_SAMPLES), ...traces];
  await makeProgram(io).parseAsync(args, { from: "user" });
  const shown = traces[0] ?? "FILE";
  const rows = [
    [`${NAME} replay FILE`, "the same for a trace of yours (.rep, .rep.gz); --json for machines"],
    [`${NAME} bench FILE`, "a race against other allocators, and against JavaScript's own"],
    [`${NAME} replay --workers`, "recordings of threads, on threads that run at the same time"],
    [`${NAME} shell ${shown}`, "every chunk, bin and decision, step by step, back and forth"],
    [`${NAME} maps ${shown}`, "the address space behind it, as /proc/PID/maps shows it"],
    [`${NAME} strace replay ${shown}`, "what malloc asks of the kernel, as strace shows it"],
    [`${NAME} help`, "all commands"],
  ];
  const columns = [{}, { align: "left", wraps: true }] as const;
  io.stdout.write(
    `\nGo on with\n${table({ columns, rows, width: terminalWidth(io), indent: "  " })}\n`,
  );
}

/** @returns the command line: what there is of it can be asked of the result, too */
export function makeProgram(io: CliIo): Command {
  const env = { ...io.env };
  // Commands keep what they are given here; --color comes later.
  const ours: CliIo = {
    get stdin() {
      return io.stdin;
    },
    stdout: io.stdout,
    stderr: io.stderr,
    env,
  };
  const program = new Command(NAME)
    .description(
      "glibc 2.36's malloc and the kernel below it, rebuilt in WebAssembly: replay allocation " +
        "traces, measure them, and look at the address space and the system calls as on Linux",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .addOption(
      new Option(
        "--color <when>",
        "colours: auto is on a terminal, NO_COLOR and FORCE_COLOR heeded",
      )
        .choices(["auto", "always", "never"])
        .default("auto"),
    )
    .addHelpText("after", AFTER)
    .on("option:color", (when: string) => {
      if (when === "auto") return;
      delete env[when === "always" ? "NO_COLOR" : "FORCE_COLOR"];
      env[when === "always" ? "FORCE_COLOR" : "NO_COLOR"] = "1";
    });
  for (const [heading, commands] of Object.entries(COMMANDS)) {
    for (const command of commands(ours)) program.addCommand(command.helpGroup(heading));
  }
  program.commandsGroup("Others:");
  for (const command of withSubcommands(program)) {
    command.exitOverride().showSuggestionAfterError();
    command.helpOption("-h, --help", "print this help");
    if (command.commands.length > 0)
      command.helpCommand("help [command]", "print the help of a command");
    configureHelp(command, ours);
  }
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** Shows an error, unless commander has. @returns the exit code */
function exitCodeOf(error: unknown, io: CliIo): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof ProgramFailed) return error.exitCode;
  io.stderr.write(`${NAME}: ${messageOf(error, io)}\n`);
  if (error instanceof TunableRefusal) return USAGE;
  return error instanceof UserError ? error.exitCode : 1;
}

/** @returns one line, unless the fault is our own and DEBUG asks for where it happened */
function messageOf(error: unknown, io: CliIo): string {
  const { message, stack } = isError(error) ? error : new Error(String(error));
  if (EXPECTED.some((kind) => error instanceof kind)) return message;
  const reason = systemReason(error);
  if (reason !== undefined) return reason;
  const shown = io.env.DEBUG ? stack : `${message} (DEBUG=1 shows where)`;
  return `internal error: ${shown}`;
}
