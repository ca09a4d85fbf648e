// What `replay --workers` found, for people and as JSON.

import type { Outcome, ReplayTimes } from "../../trace/measure.js";
import type { Samples } from "../../trace/statistics.js";
import type { ThreadReport, WorkersOutcome } from "../../trace/workers/replay.js";
import { formatBytes, formatCount, formatNanoseconds, formatShare } from "../../base/format.js";
import type { CliIo } from "../io.js";
import { glibcText, heapText, type HeapChoice } from "../profile-option.js";
import { neighboursText, type Neighbours } from "./neighbours.js";
import { provenance } from "../provenance.js";
import { samplesJson } from "./report.js";
import {
  colorsFor,
  section,
  table,
  terminalWidth,
  wrap,
  type Cell,
  type Colors,
  type Column,
} from "../tables.js";
import { rangeText, verdictOf, verdictText } from "./verdict.js";

/** One trace's measurements; times in nanoseconds an operation. */
export interface WorkersTraceReport {
  readonly name: string;
  readonly file: string;
  readonly ops: number;
  /** On simulated threads. */
  readonly outcome: Outcome;
  readonly simulated: ReplayTimes;
  readonly workers: WorkersOutcome;
}

/** Everything that one run of `replay --workers` found. */
export interface WorkersReport extends HeapChoice {
  readonly abi: string;
  readonly layout: string;
  readonly tunables: string;
  readonly repeat: number;
  readonly traces: readonly WorkersTraceReport[];
  /** What other programs did meanwhile. */
  readonly neighbours: Neighbours;
}

/** Where and how a report is written. */
interface Page {
  readonly colors: Colors;
  readonly width: number;
}

/** Threads with less to do are summed up where there are many. */
const MOST_THREADS_SHOWN = 24;

/**
 * @returns the report as JSON text; sizes in bytes, times in nanoseconds an operation unless they
 *   say otherwise
 */
export function workersJson(report: WorkersReport): string {
  const { abi, profile, layout, tunables, repeat, neighbours } = report;
  const object = {
    format: "ptmalloc-wasm replay workers 1",
    ...provenance(report.glibc),
    node: process.version,
    v8: process.versions.v8,
    ...{ abi, profile, glibc: glibcText(report), layout, tunables, repeat, neighbours },
    traces: report.traces.map(traceJson),
  };
  return `${JSON.stringify(object, null, 2)}\n`;
}

function traceJson({ name, file, ops, simulated, workers }: WorkersTraceReport): object {
  const { inspection, threads, times, refusedCount } = workers;
  const { liveBlocks, liveBytes, peakFootprintBytes, arenas, mallinfo2, mallocInfo } = inspection;
  return {
    ...{ name, file, ops, refused: refusedCount, liveBlocks, liveBytes, peakFootprintBytes },
    ...{ workers: workers.workers, handOvers: workers.handOvers, reuses: workers.reuses },
    warm: samplesJson(times!.warm),
    cold: samplesJson(times!.cold),
    simulated: { warm: samplesJson(simulated.warm), cold: samplesJson(simulated.cold) },
    threads,
    ...{ arenas, mallinfo2, mallocInfo },
  };
}

/** @returns the report as text, ending in a newline; no line is wider than the terminal */
export function workersText(report: WorkersReport, io: CliIo): string {
  const page = { colors: colorsFor(io), width: terminalWidth(io) };
  const { traces, neighbours } = report;
  const parts =
    traces.length === 1
      ? [heading(report, page), ...oneTrace(traces[0]!, page)]
      : [heading(report, page), ...manyTraces(traces, page)];
  const busy = neighboursText(neighbours);
  if (busy !== "") parts.push(page.colors.yellow(wrap(busy, page.width)));
  return `${[...parts, footnotes(page)].join("\n\n")}\n`;
}

function heading(report: WorkersReport, { colors, width }: Page): string {
  const { traces, repeat, abi, layout, tunables } = report;
  const what = traces.length === 1 ? traces[0]!.name : `${traces.length} traces`;
  const words = abi === "ilp32" ? "ilp32 (as on i386)" : "lp64 (as on x86-64)";
  const lines = [
    `${colors.bold(`replay of ${what} on workers`)}, ${heapText(report)} in WebAssembly, ${words}`,
    colors.dim(
      `Node.js ${process.versions.node}, V8 ${process.versions.v8} · mappings: ${layout} · ` +
        plural(repeat, "sample") +
        " of each time",
    ),
  ];
  if (tunables !== "") lines.push(colors.dim(`tunables ${tunables}`));
  return lines.map((line) => wrap(line, width)).join("\n");
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function oneTrace(trace: WorkersTraceReport, page: Page): string[] {
  const { colors, width } = page;
  const { workers, ops } = trace;
  const { threads, inspection } = workers;
  const what = `${plural(ops, "operation")} of ${plural(threads.length, "thread")}`;
  const head = (title: string, note: string): string => section(title, note, colors, width);
  return [
    head("Time", `nanoseconds an operation; ${what}`) + timeTable(trace, page),
    head("Threads", "in the middle one of the warm samples") + threadTable(threads, page),
    head("Arenas", "at the end of the run that checks") +
      arenaTable(trace, page) +
      `\nfootprint at most ${formatBytes(inspection.peakFootprintBytes)}`,
    wrap(`${colors.bold("Checked:")} ${checkedText(trace)}`, width),
    wrap(`${colors.bold("In words:")} ${reading(trace)}`, width),
  ];
}

function timeTable(trace: WorkersTraceReport, { colors, width }: Page): string {
  const { workers, simulated, ops } = trace;
  const row = (name: string, times: Samples): Cell[] => [
    name,
    formatNanoseconds(times.median),
    rangeText(times),
    ops === 0 ? "-" : formatCount(Math.round(1e9 / times.median)),
  ];
  const on = workers.workers === 1 ? "one worker" : `${workers.workers} workers`;
  const rows = [
    row(`${on}, warm`, workers.times!.warm),
    row(`${on}, cold`, workers.times!.cold),
    row("simulated threads, warm", simulated.warm),
    row("simulated threads, cold", simulated.cold),
  ];
  const columns: Column[] = [
    {},
    { head: "median" },
    { head: "least to most" },
    { head: "operations a second", priority: 1 },
  ];
  return table({ columns, rows, colors, width });
}

function threadTable(threads: readonly ThreadReport[], { colors, width }: Page): string {
  const shown =
    threads.length <= MOST_THREADS_SHOWN
      ? threads
      : [...threads].sort((a, b) => b.operations - a.operations).slice(0, MOST_THREADS_SHOWN);
  const rows = shown.map((thread): Cell[] => [
    `thread ${thread.number}`,
    thread.worker,
    formatCount(thread.operations),
    thread.operations === 0 ? "-" : formatNanoseconds((thread.ms * 1e6) / thread.operations),
    formatCount(thread.waits),
    formatCount(thread.sleeps),
    thread.ms === 0 ? "-" : formatShare(Math.min(1, thread.sleepMs / thread.ms)),
    thread.arena ?? "-",
    formatCount(thread.contended),
    formatCount(thread.lockSleeps),
  ]);
  const columns: Column[] = [
    {},
    { head: "worker", priority: 2 },
    { head: "operations" },
    { head: "ns each" },
    { head: "early" },
    { head: "slept", priority: 3 },
    { head: "asleep" },
    { head: "arena", priority: 1 },
    { head: "locks taken" },
    { head: "slept", priority: 4 },
  ];
  const text = table({ columns, rows, colors, width });
  const left = threads.length - shown.length;
  return left === 0 ? text : `${text}\n… and ${plural(left, "thread")} with less to do (--json)`;
}

function arenaTable({ workers }: WorkersTraceReport, { colors, width }: Page): string {
  const rows = workers.inspection.arenas.map((arena, index): Cell[] => [
    index === 0 ? "0 (main_arena)" : String(index),
    arena.heaps === 0 ? "-" : arena.heaps,
    formatBytes(arena.systemBytes),
    formatBytes(arena.usedBytes),
    arena.threads,
  ]);
  const columns = ["arena", "heaps", "system", "in use", "threads"].map((head) => ({ head }));
  return table({ columns, rows, colors, width });
}

function checkedText({ workers, ops }: WorkersTraceReport): string {
  const { refusedCount, inspection } = workers;
  const { liveBlocks, liveBytes } = inspection;
  const refused =
    refusedCount === 0 ? "" : `, ${formatCount(refusedCount)} of them refused as expected`;
  return (
    `${plural(ops, "operation")} in their order${refused};\n` +
    `${plural(liveBlocks, "block")} of ${formatCount(liveBytes)} bytes left, as the trace says; ` +
    "every block whole; the heap in order."
  );
}

/** How many operations came before their block was there. */
function earlyOf({ workers }: WorkersTraceReport): number {
  return workers.threads.reduce((sum, thread) => sum + thread.waits, 0);
}

/** How much of their time the threads slept for other threads' operations, 0 to 1. */
function asleepOf({ workers }: WorkersTraceReport): number {
  const sum = (pick: (thread: ThreadReport) => number): number =>
    workers.threads.reduce((total, thread) => total + pick(thread), 0);
  const all = sum(({ ms }) => ms);
  return all === 0 ? 0 : Math.min(1, sum(({ sleepMs }) => sleepMs) / all);
}

/**
 * The result in words. A thread that waits for another one's block takes the time that the trace's
 * order takes, not the heap: then nothing is said of the same calls one at a time, which never
 * wait.
 */
function reading(trace: WorkersTraceReport): string {
  const { ops, workers, simulated } = trace;
  if (ops === 0) return "an empty trace: nothing to measure.";
  const early = earlyOf(trace);
  const median = `${formatNanoseconds(workers.times!.warm.median)} ns an operation`;
  if (early === 0) {
    const verdict = verdictOf(simulated.warm, workers.times!.warm);
    const than = "the same calls one at a time, without locks";
    return `Nobody had to wait for a block: ${median}, ${verdictText(verdict, than)}.`;
  }
  const waiting =
    `${median}, the order of the trace included: ${formatCount(early)} operations had to wait for ` +
    `another thread's, and the threads slept ${formatShare(asleepOf(trace))} of their time for ` +
    "that. Simulated threads never wait, so the two times are of different things.";
  const { handOvers, reuses } = workers;
  if (reuses === 0) return waiting;
  return (
    `${waiting}\nOf ${formatCount(handOvers)} times that a block or its id goes from worker to ` +
    `worker, ${formatCount(reuses)} are ids that are used again: --fresh-ids does without.`
  );
}

function manyTraces(traces: readonly WorkersTraceReport[], { colors, width }: Page): string[] {
  const rows = traces.map((trace): Cell[] => {
    const { workers, simulated, ops } = trace;
    const { threads, inspection } = workers;
    const locks = threads.reduce((total, thread) => total + thread.contended, 0);
    return [
      trace.name,
      formatCount(ops),
      threads.length,
      workers.workers,
      inspection.arenas.length,
      formatNanoseconds(workers.times!.warm.median),
      rangeText(workers.times!.warm),
      formatNanoseconds(workers.times!.cold.median),
      formatNanoseconds(simulated.warm.median),
      formatCount(earlyOf(trace)),
      formatShare(asleepOf(trace)),
      formatCount(locks),
    ];
  });
  const columns: Column[] = [
    { head: "trace", wraps: true },
    { head: "operations" },
    { head: "threads", priority: 2 },
    { head: "workers", priority: 1 },
    { head: "arenas", priority: 4 },
    { head: "warm" },
    { head: "warm range", priority: 6 },
    { head: "cold", priority: 3 },
    { head: "simulated", priority: 5 },
    { head: "early" },
    { head: "asleep" },
    { head: "locks taken", priority: 2 },
  ];
  const head = section("Time", "nanoseconds an operation, medians", colors, width);
  return [head + table({ columns, rows, colors, width })];
}

function footnotes({ colors, width }: Page): string {
  return [
    "warm: the trace again and again in one heap, freed in between; cold: a fresh heap each time.",
    "early: operations whose block another thread had not got, or not freed, yet; asleep: the time that " +
      "their threads slept for them; locks taken: how often a lock of the heap was another thread's.",
    "simulated: threads that run one at a time in the order of the trace, on the build without locks.",
  ]
    .map((line) => colors.dim(wrap(line, width)))
    .join("\n");
}
