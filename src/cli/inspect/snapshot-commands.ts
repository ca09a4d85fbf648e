// snapshot and diff: everything about a heap in one file, and what is different in another one.

import { Command } from "commander";
import { takeCheckpoint } from "../../inspect/checkpoint.js";
import { diffSnapshots } from "../../inspect/diff.js";
import { snapshotText } from "../../inspect/snapshot.js";
import type { CliIo } from "../io.js";
import { withMomentOptions, type MomentOptions } from "../machine.js";
import { writeText } from "../output.js";
import { provenance } from "../provenance.js";
import { diffLines } from "../../shell/commands/diff-lines.js";
import type { Subject } from "../../shell/subject.js";
import { colorsFor, terminalWidth } from "../tables.js";
import { readSnapshot, subjectOf } from "./subject.js";

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
