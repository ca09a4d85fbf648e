// snapshot and diff: everything about a heap in one file, and what is different in another one.

import { Command } from "commander";
import { takeCheckpoint } from "../../inspect/checkpoint.js";
import { flagNames } from "../../inspect/chunks.js";
import { diffSnapshots, type SnapshotDiff } from "../../inspect/diff.js";
import { snapshotText, type ChunkRecord } from "../../inspect/snapshot.js";
import { hex } from "../../inspect/source.js";
import { formatCount } from "../format.js";
import type { CliIo } from "../io.js";
import { withMomentOptions, type MomentOptions } from "../machine.js";
import { writeText } from "../output.js";
import { provenance } from "../provenance.js";
import { colorsFor, table, terminalWidth } from "../tables.js";
import { painted, stateText, type Style } from "./report.js";
import { readSnapshot, subjectOf, type Subject } from "./subject.js";

const SNAPSHOT_EXAMPLES = `
Examples:
  ptmalloc-wasm snapshot git-log --at 1000 -o before.json
  ptmalloc-wasm snapshot git-log -o after.json.gz
  ptmalloc-wasm bins after.json.gz
  ptmalloc-wasm diff before.json after.json.gz`;

/** @returns the command, to be added to the program */
export function snapshotCommand(io: CliIo): Command {
  return withMomentOptions(new Command("snapshot"))
    .summary("write everything about a heap as JSON, from which all commands can go on")
    .description(
      "Write everything about a heap as one JSON object: mm_struct, regions, arenas, every chunk, " +
        "all lists, and the memory. All commands take it in a trace's place (docs/snapshot.md).",
    )
    .option("-o, --output <file>", "where to (standard output); .gz packs it")
    .addHelpText("after", SNAPSHOT_EXAMPLES)
    .action(async (file: string | undefined, options: MomentOptions & { output?: string }) => {
      const subject = await subjectOf(file, options, io);
      await writeText(textOf(subject), options.output, io);
    });
}

function textOf(subject: Subject): Iterable<string> {
  const { process } = subject;
  const checkpoint = process === undefined ? undefined : takeCheckpoint([process]);
  return snapshotText(subject.view(), subject.name, checkpoint);
}

const DIFF_EXAMPLES = `
Examples:
  ptmalloc-wasm diff before.json after.json`;

/** @returns the command, to be added to the program */
export function diffCommand(io: CliIo): Command {
  return new Command("diff")
    .summary("say what changed between two snapshots")
    .description("Say what changed between two snapshots: chunks, lists, and numbers.")
    .argument("<before>", "a snapshot")
    .argument("<after>", "another one")
    .option("--json", "print one JSON object")
    .addHelpText("after", DIFF_EXAMPLES)
    .action(async (before: string, after: string, options: { json?: true }) => {
      const [old, now] = [await readSnapshot(before, io), await readSnapshot(after, io)];
      const found = diffSnapshots(old, now);
      if (options.json) {
        io.stdout.write(`${JSON.stringify({ command: "diff", ...provenance(), ...found })}\n`);
        return;
      }
      const style = { colors: colorsFor(io), width: terminalWidth(io) };
      io.stdout.write(`${old.of} -> ${now.of}\n${[...diffLines(found, style)].join("\n")}\n`);
    });
}

/** @returns what changed, for people */
export function* diffLines(found: SnapshotDiff, style: Style): Generator<string> {
  const { born, gone, changed, numbers } = found;
  const { colors, width } = style;
  const lineOf = (sign: string, chunk: ChunkRecord): string => {
    const text = `${sign} ${hex(chunk.chunk)}  ${hex(chunk.size).padStart(8)}  `;
    return text + painted(stateText(chunk), chunk.state, colors);
  };
  for (const chunk of gone) yield lineOf(colors.red("-"), chunk);
  for (const chunk of born) yield lineOf(colors.green("+"), chunk);
  for (const { before, after } of changed) {
    const sizes = before.size === after.size ? "" : `, ${hex(before.size)} -> ${hex(after.size)}`;
    const flags =
      before.flags === after.flags
        ? ""
        : `, ${flagNames(before.flags)} -> ${flagNames(after.flags)}`;
    const states = [...new Set([stateText(before), stateText(after)])].join(" -> ");
    yield `~ ${hex(after.chunk)}  ${states}${sizes}${flags}`;
  }
  if (numbers.length > 0) {
    const columns = [{}, { align: "right" }, { align: "right" }, { align: "right" }] as const;
    const rows = numbers.map(({ name, before, after }) => {
      const sign = after > before ? "+" : "-";
      return [name, hex(before), hex(after), `${sign}${hex(Math.abs(after - before))}`];
    });
    yield* table({ columns, rows, width, indent: "  " }).split("\n");
  }
  const counts = [born, gone, changed].map(({ length }) => formatCount(length));
  yield `chunks: ${counts[0]} came, ${counts[1]} went, ${counts[2]} changed`;
}
