// The lab's race (`ptmalloc-wasm bench`) over the recorded programs and the workloads, run once for
// all questions that it answers.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { min, median } from "simple-statistics";
import type { Contestant } from "../../src/cli/bench/contestant.js";
import { find } from "../../src/cli/bench/registry.js";
import { pageReport } from "../../src/cli/bench/report/page.js";
import type { BenchResult, HeapResult, TraceResult } from "../../src/cli/bench/result.js";
import { USUAL_EFFORT } from "../../src/cli/bench/measure.js";
import { runBenchShown, type Course } from "../../src/cli/bench/run.js";
import { summarise } from "../../src/cli/bench/summary.js";
import { traceOf, workloads } from "../../src/cli/bench/workloads.js";
import { geometricMean } from "../../src/trace/statistics.js";
import { output } from "../lab/paths.js";
import type { Answer, Cell, Ratio, Row } from "../lab/question.js";
import { ratio } from "../lab/question.js";
import { PROGRAMS, programTrace } from "../lab/workloads.js";

/** Heaps of each contestant and course, where the scale is 1. */
const HEAPS = 2;
/** Of a contestant at a course: whoever is slow need not be measured well. */
const MILLISECONDS = 150;
/** What others have as a workload says much the same as one of these: the command has all. */
const WORKLOADS = [
  ...["server", "larson", "mstress", "pair-64"],
  ...["slots-16-515", "slots-16-20000", "slots-1000-2023"],
];
/** Seconds a pass, or given up: they would take as long as all the others together. */
const TOO_SLOW = ["thi.ng", "engine-array", "engine-string"];
/** Of a quick look, these. */
const QUICK_COURSES = ["bash", "perl-words", "larson", "pair-64"];
const QUICK_HEAPS = 2;

let running: Promise<BenchResult> | undefined;

/** @returns what the lab found, the same for every question of one run; see `Question.answer` */
export function labResult(scale: number, isQuick: boolean): Promise<BenchResult> {
  return (running ??= race(scale, isQuick));
}

/** The recorded programs. */
const RECORDINGS = PROGRAMS.map((name): Course => ({
  name,
  kind: "recording",
  rationale: "",
  read: () => programTrace(name),
}));

/** @returns what some contestants take for the recorded programs, raced for this alone */
export function recordingsResult(names: readonly string[], scale: number): Promise<BenchResult> {
  return raceOver(RECORDINGS, find(names), Math.max(1, Math.round(HEAPS * scale)));
}

function raceOver(
  courses: readonly Course[],
  wanted: readonly Contestant[],
  heaps: number,
): Promise<BenchResult> {
  const io = { ...process, stdin: process.stdin };
  return runBenchShown(courses, wanted, { ...USUAL_EFFORT, heaps, milliseconds: MILLISECONDS }, io);
}

async function race(scale: number, isQuick: boolean): Promise<BenchResult> {
  const all: Course[] = [
    ...RECORDINGS,
    ...workloads
      .filter(({ name }) => WORKLOADS.includes(name))
      .map((one): Course => ({
        name: one.name,
        kind: "workload",
        rationale: one.rationale,
        read: () => traceOf(one),
      })),
  ];
  const courses = isQuick ? all.filter(({ name }) => QUICK_COURSES.includes(name)) : all;
  const heaps = isQuick ? QUICK_HEAPS : Math.max(1, Math.round(HEAPS * scale));
  const left = [...TOO_SLOW, ...find(["versions"]).map(({ name }) => name)];
  const wanted = find([isQuick ? "npm" : "all"]).filter(({ name }) => !left.includes(name));
  const result = await raceOver(courses, wanted, heaps);
  keep(result);
  return result;
}

/** All samples, and the page with them, go where a build's files are. */
function keep(result: BenchResult): void {
  mkdirSync(output, { recursive: true });
  const json = join(output, "result.json");
  const page = join(output, "report.html");
  writeFileSync(json, `${JSON.stringify(result)}\n`);
  writeFileSync(page, pageReport(result, summarise(result)));
  console.log(`all samples: ${json}\nwith plots: ${page}`);
}

/** @returns the best and the middle one of samples; null of none */
export function cellOf(samples: readonly number[]): Cell | null {
  return samples.length === 0 ? null : { best: min([...samples]), median: median([...samples]) };
}

/** How one heap's result becomes a cell. */
export type Measure = (heap: HeapResult, trace: TraceResult) => Cell | null;

/**
 * @param ratios pairs of contestants by name, over by under, with what is wanted at most
 * @returns a table of contestants by traces, with their geometric mean
 */
export function tableOf(
  result: BenchResult,
  kind: TraceResult["kind"],
  unit: string,
  measure: Measure,
  ratios: readonly (readonly [over: string, under: string, target?: number])[] = [],
): Answer {
  const traces = result.traces.filter((trace) => trace.kind === kind);
  const named = new Map<string, Row>();
  for (const [index, { name, title }] of result.contestants.entries()) {
    const cells = traces.map((trace) => measure(trace.heaps[index]!, trace));
    if (cells.some((cell) => cell !== null)) named.set(name, { contestant: title, cells });
  }
  const versus = ([over, under, target]: readonly [string, string, number?]): Ratio[] => {
    const [a, b] = [named.get(over), named.get(under)];
    if (a === undefined || b === undefined) return [];
    return ratio(`${a.contestant} to ${b.contestant}`, meanOf(a, b), meanOf(b, a), target);
  };
  return {
    unit,
    columns: [...traces.map(({ name }) => name), "geometric mean"],
    rows: [...named.values()].map((row) => ({ ...row, cells: [...row.cells, meanOf(row, row)] })),
    ratios: ratios.flatMap(versus),
    notes: [
      ...traces.flatMap(({ name, heaps }) =>
        heaps.flatMap(({ contestant, failure }) =>
          failure === null ? [] : [`${contestant} does not complete ${name}: ${failure}`],
        ),
      ),
      ...result.missing.map(({ title, what }) => `${title} left out: ${what}`),
    ],
  };
}

/** The geometric mean of a row over the traces that another row has, too. */
function meanOf(row: Row, among: Row): Cell | null {
  const cells = row.cells.filter((cell, i) => cell !== null && among.cells[i] !== null);
  const positive = cells.filter((cell) => cell!.best > 0);
  if (positive.length === 0 || positive.length < cells.length) return null;
  return {
    best: geometricMean(cells.map((cell) => cell!.best)),
    median: geometricMean(cells.map((cell) => cell!.median)),
  };
}
