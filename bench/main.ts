// `npm run bench`: asks the questions, prints the answers, and keeps them if told so.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { machineLine, thisMachine, type Machine } from "./lab/machine.js";
import { results, root } from "./lab/paths.js";
import type { Answer, Question } from "./lab/question.js";
import { crowds } from "./questions/crowds.js";
import { heaps } from "./questions/heaps.js";
import { guests } from "./questions/guests.js";
import { assemblyScript } from "./questions/assemblyscript.js";
import { jsApi } from "./questions/js-api.js";
import { jsEngines } from "./questions/js-engines.js";
import { jsPairs } from "./questions/js-pairs.js";
import { jsPrograms } from "./questions/js-programs.js";
import { kernel } from "./questions/kernel.js";
import { nanoseconds } from "./questions/nanoseconds.js";
import { memory } from "./questions/memory.js";
import { cold, replay } from "./questions/replay.js";
import { threads } from "./questions/threads.js";
import { versions } from "./questions/versions.js";
import { workloads } from "./questions/workloads.js";
import { terminalTable, withSection, type Result } from "./lab/tables.js";

const questions: readonly Question[] = [
  replay,
  cold,
  versions,
  workloads,
  memory,
  nanoseconds,
  jsPairs,
  jsEngines,
  jsApi,
  jsPrograms,
  kernel,
  threads,
  crowds,
  heaps,
  guests,
  assemblyScript,
];
const names = questions.map(({ name }) => name);
const usualNames = questions.filter(({ isLong }) => !isLong).map(({ name }) => name);
const quickNames = questions.filter(({ isQuick }) => isQuick).map(({ name }) => name);
/** Of a quick look's efforts. */
const QUICK_SCALE = 0.25;

interface Options {
  only?: string[];
  scale?: number;
  quick?: true;
  save?: true;
  tables?: true;
}

function fileOf(name: string): string {
  return join(results, `${name}.json`);
}

function save({ name, question }: Question, answer: Answer, machine: Machine): void {
  mkdirSync(results, { recursive: true });
  const content: Result = { question, machine, ...answer };
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(4)) : value;
  writeFileSync(fileOf(name), `${JSON.stringify(content, rounded, 2)}\n`);
  writeTables([name]);
}

/** Writes the tables of docs/benchmarks.md anew, from the results that are kept. */
function writeTables(wanted: readonly string[]): void {
  const document = join(root, "docs", "benchmarks.md");
  let text = readFileSync(document, "utf8");
  for (const name of wanted)
    text = withSection(text, name, JSON.parse(readFileSync(fileOf(name), "utf8")) as Result);
  writeFileSync(document, text);
}

async function ask(wanted: readonly string[], options: Options): Promise<void> {
  const { quick: isQuick = false, save: isKept } = options;
  const scale = options.scale ?? (isQuick ? QUICK_SCALE : 1);
  const manifest = join(root, "node_modules", "assemblyscript", "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const machine = thisMachine(version);
  console.log(machineLine(machine));
  for (const question of questions.filter(({ name }) => wanted.includes(name))) {
    console.log(`\n== ${question.name}: ${question.question}`);
    const begin = performance.now();
    const answer = await question.answer(scale, isQuick);
    console.log(terminalTable(answer));
    console.log(`(${((performance.now() - begin) / 1000).toFixed(0)} s)`);
    if (isKept) save(question, answer, machine);
  }
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < Infinity) || text.trim() !== text)
    throw new InvalidArgumentError("A positive number is needed.");
  return number;
}

function questionName(name: string, before: string[] = []): string[] {
  if (!names.includes(name)) throw new InvalidArgumentError(`There are ${names.join(", ")}.`);
  return [...before, name];
}

function list(): string {
  const width = Math.max(...names.map((name) => name.length));
  const lines = questions.map(
    ({ name, question, isLong }) =>
      `  ${name.padEnd(width)}  ${question}${isLong ? " (long: by name only)" : ""}`,
  );
  return `\nQuestions:\n${lines.join("\n")}`;
}

const program = new Command("npm run bench --")
  .description("Runs the benchmarks; bench/README.md says how, docs/benchmarks.md what came out.")
  .addOption(
    new Option(
      "--only <name>",
      "this question (repeatable); without: all but the long ones",
    ).argParser(questionName),
  )
  .option("--scale <n>", "that many times the usual rounds (1)", positive)
  .option("--quick", "a quick look, on npm packages alone: within two minutes")
  .option("--save", "write bench/results/NAME.json, and the tables in docs/benchmarks.md")
  .option("--tables", "ask nothing: write the tables in docs/benchmarks.md from bench/results")
  .addHelpText("after", list())
  .configureHelp({ helpWidth: 100 })
  .exitOverride((error) => process.exit(error.exitCode && 2))
  .action(async (options: Options) => {
    const wanted = options.only ?? (options.quick ? quickNames : usualNames);
    if (options.tables) writeTables(wanted);
    else await ask(wanted, options);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
