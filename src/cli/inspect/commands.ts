// The commands that look at a heap, on the command line: `ptmalloc-wasm NAME [FILE] …`.

import { once } from "node:events";
import { Command, Option } from "commander";
import type { GlibcVersion } from "../../binary/glibc.js";
import { DEFAULT_GLIBC } from "../../layout/generated.js";
import type { CliIo } from "../io.js";
import { withMachineOptions, type MomentOptions } from "../machine.js";
import { wholeNumber } from "../numbers.js";
import { provenance } from "../provenance.js";
import { colorsFor, terminalWidth } from "../tables.js";
import { HEAP_COMMANDS } from "../../shell/commands/all.js";
import type { Given, HeapCommand } from "../../shell/commands/registry.js";
import { fittedLines, type Report } from "../../shell/commands/report.js";
import { subjectOf } from "./subject.js";

const FILE_HELP =
  "a trace (.rep, .rep.gz, or a bundled one by its name: git-log), a snapshot or a heap image; " +
  "- is standard input";

type Options = MomentOptions & Record<string, unknown> & { json?: true };

/** @returns a command, to be added to the program */
function commandOf(one: HeapCommand, io: CliIo): Command {
  const { name, aliases = [], summary, parameters = [], flags = [], examples } = one;
  const command = withMachineOptions(new Command(name))
    .aliases([...aliases])
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`);
  const isFileNeeded = parameters.some(({ isOptional }) => isOptional !== true);
  command.argument(isFileNeeded ? "<file>" : "[file]", FILE_HELP);
  for (const { name: argument, text, isOptional } of parameters)
    command.argument(isOptional ? `[${argument}]` : `<${argument}>`, text);
  command
    .option("--at <n>", "after that many operations of the trace (default: all)", wholeNumber(0))
    .addOption(new Option("--no-touch", "leave the blocks' pages untouched").hideHelp());
  for (const { flags: syntax, text } of flags) command.option(syntax, text);
  return command
    .option("--json", "print one JSON object")
    .addHelpText("after", `\nExamples:\n${examples.map((text) => exampleOf(one, text)).join("\n")}`)
    .action(async (file: string | undefined, ...rest: unknown[]) => {
      const args = rest.slice(0, parameters.length).filter((arg) => typeof arg === "string");
      const options = rest[parameters.length] as Options;
      const subject = await subjectOf(file, options, io, one.needsTimeline === true);
      const report = one.run(subject, { args, options: options as Given["options"] });
      const { glibc } = subject.source;
      await writeReport(report, options.json === true, { command: one.name, glibc }, io);
    });
}

/** An example: options stand behind the file, and arguments as well. */
function exampleOf({ name }: HeapCommand, text: string): string {
  return `  ptmalloc-wasm ${name} git-log ${text}`.trimEnd();
}

/** Characters to a piece of output. */
const PIECE = 1 << 16;

/** Writes a report: lines as they come, so that a long one begins at once. */
async function writeReport(
  report: Report,
  isJson: boolean,
  { command, glibc = DEFAULT_GLIBC }: { command: string; glibc?: GlibcVersion | undefined },
  io: CliIo,
) {
  if (isJson) {
    const from = { command, ...provenance(glibc), glibc };
    io.stdout.write(`${JSON.stringify({ ...from, ...report.json })}\n`);
    return;
  }
  const style = { colors: colorsFor(io), width: terminalWidth(io) };
  let piece = "";
  let isFirst = true;
  for (const line of fittedLines(report, style)) {
    piece += `${line}\n`;
    if (piece.length < PIECE && !isFirst) continue;
    isFirst = false;
    await write(io, piece);
    piece = "";
  }
  if (piece !== "") await write(io, piece);
}

async function write(io: CliIo, text: string): Promise<void> {
  const { stdout } = io;
  if (stdout.write(text) === false && "once" in stdout)
    await once(stdout as unknown as NodeJS.EventEmitter, "drain");
}

/** @returns all of them, to be added to the program */
export function heapCommands(io: CliIo): Command[] {
  return HEAP_COMMANDS.map((one) => commandOf(one, io));
}
