// `ptmalloc-wasm bench compare`: two runs of the lab, for people and for CI.

import { Command, InvalidArgumentError, Option } from "commander";
import { formatNanoseconds } from "../../base/format.js";
import { UserError, type CliIo } from "../io.js";
import { provenance } from "../provenance.js";
import { colorsFor, section, table, terminalWidth, wrap, type Colors } from "../tables.js";
import { changed, compare, DEFAULT_THRESHOLD, type Change, type Comparison } from "./compare.js";
import { escaped, tableText } from "./report/markdown.js";
import { readResult } from "./result-file.js";
import { estimateText } from "./standing.js";

interface Options {
  /** In percent. */
  threshold: number;
  force?: true;
  json?: true;
  markdown?: true;
}

const MOST_PERCENT = 1000;
/** The order in which changes are shown. */
const CHANGES: readonly Change[] = ["regression", "improvement", "no verdict", "same"];

const EXAMPLES = `
Examples:
  ptmalloc-wasm bench compare before.json after.json
  ptmalloc-wasm bench compare --threshold 10 --markdown before.json after.json

Exit status: 1 when a time regressed. A time has moved when the 95 % interval of the medians' \
ratio lies beyond the threshold; where the interval reaches over it, there is no verdict.`;

/** @returns the command, to be added to `bench` */
export function compareCommand(io: CliIo): Command {
  return new Command("compare")
    .description(
      "Compare two results of bench --json: which times of which allocators regressed or improved.",
    )
    .summary("compare two results, for CI")
    .argument("<before>", "a result of bench --json; - is standard input")
    .argument("<after>", "another one, of the same machine")
    .option(
      "--threshold <percent>",
      `by how much a time may move, more than 0 to ${MOST_PERCENT}`,
      percent,
      DEFAULT_THRESHOLD * 100,
    )
    .option("--force", "compare results of different machines, too")
    .addOption(new Option("--json", "print one JSON object").conflicts("markdown"))
    .option("--markdown", "print Markdown, for a comment on a change")
    .addHelpText("after", EXAMPLES)
    .action(async (before: string, after: string, _own: Options, command: Command) => {
      // bench itself has some of the same options, and takes them wherever they stand.
      const options = command.optsWithGlobals<Options>();
      const comparison = compare(
        await readResult(before, io),
        await readResult(after, io),
        options.threshold / 100,
      );
      refuseOtherMachines(comparison, options, `${before}, ${after}`);
      io.stdout.write(textFor(comparison, options, io));
      const { length } = changed(comparison, "regression");
      if (length > 0) throw new UserError(regressionText(length, comparison));
    });
}

/** @throws InvalidArgumentError for what is no number of percent */
function percent(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(value > 0 && value <= MOST_PERCENT))
    throw new InvalidArgumentError(`A number of percent is needed, more than 0.`);
  return value;
}

function refuseOtherMachines({ machines }: Comparison, { force }: Options, files: string): void {
  if (machines.length === 0 || force) return;
  throw new UserError(
    `${files}: of different machines (${machines.join("; ")}); --force compares them all the same`,
  );
}

function textFor(comparison: Comparison, { json, markdown }: Options, io: CliIo): string {
  if (json) return jsonComparison(comparison);
  return markdown ? markdownComparison(comparison) : textComparison(comparison, io);
}

function regressionText(count: number, { times, threshold }: Comparison): string {
  const of = `${count} of ${times.length} times`;
  return `${of} regressed by more than ${percentText(threshold)}`;
}

function percentText(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** @returns one JSON object */
export function jsonComparison(comparison: Comparison): string {
  const counts = Object.fromEntries(
    CHANGES.map((change) => [change, changed(comparison, change).length]),
  );
  const object = { format: "ptmalloc-wasm bench compare 1", ...provenance(), counts };
  return `${JSON.stringify({ ...object, ...comparison }, null, 2)}\n`;
}

/** @returns how many times did what, in a sentence */
function summaryText(comparison: Comparison): string {
  const counts = CHANGES.map((change) => `${change} ${changed(comparison, change).length}`);
  const { times, threshold } = comparison;
  return `${times.length} times, threshold ${percentText(threshold)}: ${counts.join(", ")}.`;
}

function notesOf({ machines, isBusy }: Comparison): string[] {
  return [
    ...(machines.length === 0 ? [] : [`Different machines: ${machines.join("; ")}.`]),
    ...(isBusy ? ["A machine was busy: verdicts are less sure."] : []),
  ];
}

const HEADS = ["trace", "contestant", "time", "before", "after", "after / before", "verdict"];

function rowsOf(comparison: Comparison): string[][] {
  return CHANGES.flatMap((change) =>
    changed(comparison, change).map((one) => [
      one.trace,
      one.title,
      one.phase,
      formatNanoseconds(one.before),
      formatNanoseconds(one.after),
      estimateText(one.ratio),
      one.reason === "" ? change : `${change} (${one.reason})`,
    ]),
  );
}

/** @returns the comparison in Markdown, ending in a newline */
export function markdownComparison(comparison: Comparison): string {
  const parts = [
    "# ptmalloc-wasm bench compare",
    `**${escaped(summaryText(comparison))}**`,
    ...notesOf(comparison).map(escaped),
    tableText(HEADS, rowsOf(comparison), 3),
    ...(comparison.oneSided.length === 0
      ? []
      : ["Not compared:", comparison.oneSided.map((line) => `- ${escaped(line)}`).join("\n")]),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** @returns the comparison for the terminal, ending in a newline; no line is wider than that */
export function textComparison(comparison: Comparison, io: CliIo): string {
  const colors = colorsFor(io);
  const width = terminalWidth(io);
  const columns = [
    { head: "trace", wraps: true },
    { head: "contestant", align: "left" },
    { head: "time", align: "left" },
    { head: "before", priority: 2 },
    { head: "after", priority: 2 },
    { head: "after / before" },
    { head: "verdict", align: "left", wraps: true },
  ] as const;
  const rows = rowsOf(comparison).map((row) => [...row.slice(0, -1), painted(row.at(-1)!, colors)]);
  const notes = notesOf(comparison).map((line) => colors.yellow(wrap(line, width)));
  const lines = comparison.oneSided.map((line) => wrap(line, width));
  const parts = [
    [colors.bold(wrap(summaryText(comparison), width)), ...notes].join("\n"),
    ...(rows.length === 0 ? [] : [table({ columns, rows, colors, width })]),
    ...(lines.length === 0 ? [] : [section("Not compared", "", colors, width) + lines.join("\n")]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function painted(verdict: string, colors: Colors): string {
  if (verdict === "regression") return colors.red(verdict);
  return verdict === "improvement" ? colors.green(verdict) : verdict;
}
