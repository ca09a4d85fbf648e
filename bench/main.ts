// Runs the benchmarks.
//
//   npm run bench -- [--only NAME]… [--scale N] [--save]
//
//   --only NAME   this question only (repeatable)
//   --scale N     N times the usual number of rounds (0.3: a quick look)
//   --save        write bench/results/NAME.json, and the tables in bench/README.md

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machineLine, thisMachine, type Machine } from "./machine.js";
import { results, root } from "./paths.js";
import type { Answer, Question } from "./question.js";
import { crowds } from "./questions/crowds.js";
import { heaps } from "./questions/heaps.js";
import { guests } from "./questions/guests.js";
import { assemblyScript } from "./questions/assemblyscript.js";
import { jsApi } from "./questions/js-api.js";
import { jsBatches } from "./questions/js-batches.js";
import { jsPairs } from "./questions/js-pairs.js";
import { kernel } from "./questions/kernel.js";
import { nanoseconds } from "./questions/nanoseconds.js";
import { replay } from "./questions/replay.js";
import { threads } from "./questions/threads.js";
import { wasmBatches } from "./questions/wasm-batches.js";
import { wasmPairs } from "./questions/wasm-pairs.js";
import { markdownTable, terminalTable } from "./report.js";

const questions: readonly Question[] = [
  replay,
  nanoseconds,
  wasmPairs,
  wasmBatches,
  jsPairs,
  jsBatches,
  jsApi,
  kernel,
  threads,
  crowds,
  heaps,
  guests,
  assemblyScript,
];

function save(question: Question, answer: Answer, machine: Machine): void {
  mkdirSync(results, { recursive: true });
  const file = join(results, `${question.name}.json`);
  const content = { question: question.question, machine, ...answer };
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(4)) : value;
  writeFileSync(file, `${JSON.stringify(content, rounded, 2)}\n`);
  const readme = join(root, "bench", "README.md");
  const text = replaceBetween(readFileSync(readme, "utf8"), question.name, markdownTable(answer));
  writeFileSync(readme, replaceBetween(text, "machine", `Machine: ${machineLine(machine)}.`));
}

/** @returns `text` with what stands between the markers of `name` replaced */
function replaceBetween(text: string, name: string, content: string): string {
  const begin = `<!-- ${name} -->`;
  const end = `<!-- end of ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`bench/README.md has no place for ${name}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      scale: { type: "string", default: "1" },
      save: { type: "boolean", default: false },
    },
  });
  const wanted = values.only ?? questions.map(({ name }) => name);
  const known = questions.map(({ name }) => name);
  const wrong = wanted.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Error(`no question "${wrong}"; there are ${known.join(", ")}`);
  const scale = Number(values.scale);
  if (!(scale > 0)) throw new Error(`--scale must be a positive number, not "${values.scale}"`);
  const manifest = join(root, "node_modules", "assemblyscript", "package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const machine = thisMachine(version);
  console.log(machineLine(machine));
  for (const question of questions.filter(({ name }) => wanted.includes(name))) {
    console.log(`\n== ${question.name}: ${question.question}`);
    const answer = await question.answer(scale);
    console.log(terminalTable(answer));
    if (values.save) save(question, answer, machine);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
