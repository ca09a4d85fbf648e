// What `replay --workers` found, for people and as JSON.

import type { Outcome, ReplayTimes } from "../trace/measure.js";
import type { Samples } from "../trace/statistics.js";
import type { ThreadReport, WorkersOutcome } from "../trace/worker-replay.js";
import { formatBytes, formatCount, formatNanoseconds, formatRatio, formatShare } from "./format.js";
import type { CliIo } from "./io.js";
import { samplesJson } from "./report.js";
import { colorsFor, section, table as fittedTable, type Cell, type Colors } from "./tables.js";

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
export interface WorkersReport {
  readonly abi: string;
  readonly layout: string;
  readonly tunables: string;
  readonly repeat: number;
  readonly traces: readonly WorkersTraceReport[];
}

/** Threads with less to do are summed up where there are many. */
const MOST_THREADS_SHOWN = 24;

/** @returns the report as JSON text; sizes in bytes, times in nanoseconds an operation unless they say otherwise */
export function workersJson(report: WorkersReport): string {
  const { abi, layout, tunables, repeat } = report;
  const object = {
    format: "ptmalloc-wasm replay workers 1",
    node: process.version,
    v8: process.versions.v8,
    ...{ abi, layout, tunables, repeat },
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

/** @returns the report as text, at most 100 columns wide, ending in a newline */
export function workersText(report: WorkersReport, io: CliIo): string {
  const colors = colorsFor(io);
  const { traces } = report;
  const parts =
    traces.length === 1
      ? [heading(report, colors), ...oneTrace(traces[0]!, colors)]
      : [heading(report, colors), manyTraces(traces, colors)];
  return `${[...parts, footnotes(colors)].join("\n\n")}\n`;
}

function heading({ traces, repeat, abi, layout, tunables }: WorkersReport, colors: Colors): string {
  const what = traces.length === 1 ? traces[0]!.name : `${traces.length} traces`;
  const words = abi === "ilp32" ? "ilp32 (as on i386)" : "lp64 (as on x86-64)";
  const lines = [
    `${colors.bold(`replay of ${what} on workers`)}, glibc 2.36's malloc in WebAssembly, ${words}`,
    colors.dim(
      `Node.js ${process.versions.node}, V8 ${process.versions.v8} · mappings: ${layout} · ` +
        plural(repeat, "sample") +
        " of each time",
    ),
  ];
  if (tunables !== "") lines.push(colors.dim(`tunables ${tunables}`));
  return lines.join("\n");
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function oneTrace(trace: WorkersTraceReport, colors: Colors): string[] {
  const { workers, ops } = trace;
  const { threads, inspection } = workers;
  const what = `${plural(ops, "operation")} of ${plural(threads.length, "thread")}`;
  return [
    section("Time", `nanoseconds an operation; ${what}`, colors) + timeTable(trace, colors),
    section("Threads", "in the middle one of the warm samples", colors) +
      threadTable(threads, colors),
    section("Arenas", "at the end of the run that checks", colors) +
      arenaTable(trace, colors) +
      `\nfootprint at most ${formatBytes(inspection.peakFootprintBytes)}`,
    `${colors.bold("Checked:")} ${checkedText(trace)}`,
    `${colors.bold("In words:")} ${reading(trace)}`,
  ];
}

function timeTable({ workers, simulated, ops }: WorkersTraceReport, colors: Colors): string {
  const row = (name: string, { median, best }: Samples): Cell[] => [
    name,
    formatNanoseconds(median),
    formatNanoseconds(best),
    ops === 0 ? "-" : formatCount(Math.round(1e9 / median)),
  ];
  const on = workers.workers === 1 ? "one worker" : `${workers.workers} workers`;
  const rows = [
    row(`${on}, warm`, workers.times!.warm),
    row(`${on}, cold`, workers.times!.cold),
    row("simulated threads, warm", simulated.warm),
    row("simulated threads, cold", simulated.cold),
  ];
  return table(["", "median", "best", "operations a second"], rows, colors);
}

function threadTable(threads: readonly ThreadReport[], colors: Colors): string {
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
  const head = ["", "worker", "operations", "ns each", "early", "slept", "asleep"];
  const text = table([...head, "arena", "locks taken", "slept"], rows, colors);
  const left = threads.length - shown.length;
  return left === 0 ? text : `${text}\n… and ${plural(left, "thread")} with less to do (--json)`;
}

function arenaTable({ workers }: WorkersTraceReport, colors: Colors): string {
  const rows = workers.inspection.arenas.map((arena, index): Cell[] => [
    index === 0 ? "0 (main_arena)" : String(index),
    arena.heaps === 0 ? "-" : arena.heaps,
    formatBytes(arena.systemBytes),
    formatBytes(arena.usedBytes),
    arena.threads,
  ]);
  return table(["arena", "heaps", "system", "in use", "threads"], rows, colors);
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

/** Time of the simulated threads over that of the workers. */
function speedup({ workers, simulated }: WorkersTraceReport): number {
  return simulated.warm.median / workers.times!.warm.median;
}

/** @returns the result in one sentence */
function reading(trace: WorkersTraceReport): string {
  if (trace.ops === 0) return "an empty trace: nothing to measure.";
  const ratio = speedup(trace);
  const speed =
    ratio >= 1.05
      ? `${formatRatio(ratio)} faster than`
      : ratio <= 0.95
        ? `${formatRatio(1 / ratio)} slower than`
        : "as fast as";
  const { threads, handOvers, reuses } = trace.workers;
  const early = threads.reduce((sum, thread) => sum + thread.waits, 0);
  const share =
    early === 0
      ? "Nobody had to wait for a block."
      : `${formatCount(early)} operations had to wait for another thread's.`;
  const ids =
    reuses === 0 || early === 0
      ? ""
      : `\nOf ${formatCount(handOvers)} times that a block or its id goes from worker to worker, ` +
        `${formatCount(reuses)} are\nids that are used again: --fresh-ids does without.`;
  return `${speed} the same calls one at a time, without locks.\n${share}${ids}`;
}

function manyTraces(traces: readonly WorkersTraceReport[], colors: Colors): string {
  const rows = traces.map((trace): Cell[] => {
    const { workers, simulated, ops } = trace;
    const { threads, inspection } = workers;
    const sum = (pick: (thread: ThreadReport) => number): string =>
      formatCount(threads.reduce((total, thread) => total + pick(thread), 0));
    return [
      trace.name,
      formatCount(ops),
      threads.length,
      workers.workers,
      inspection.arenas.length,
      formatNanoseconds(workers.times!.warm.median),
      formatNanoseconds(workers.times!.cold.median),
      formatNanoseconds(simulated.warm.median),
      ops === 0 ? "-" : formatRatio(speedup(trace)),
      sum(({ waits }) => waits),
      sum(({ contended }) => contended),
    ];
  });
  const head = ["trace", "operations", "threads", "workers", "arenas", "warm", "cold"];
  return (
    section("Time", "nanoseconds an operation, medians", colors) +
    table([...head, "simulated", "speedup", "early", "locks taken"], rows, colors)
  );
}

function footnotes(colors: Colors): string {
  return [
    "warm: the trace again and again in one heap, freed in between; cold: a fresh heap each time.",
    "early: operations whose block another thread had not got, or not freed, yet; asleep: the time that",
    "their threads slept for them; locks taken: how often a lock of the heap was another thread's.",
    "simulated threads run one at a time in the order of the trace, on the build without locks.",
  ]
    .map((line) => colors.dim(line))
    .join("\n");
}

/** Numbers to the right, the first column and those in `left` to the left. */
function table(
  head: readonly string[],
  rows: readonly Cell[][],
  colors: Colors,
  left: readonly number[] = [],
): string {
  const count = Math.max(head.length, ...rows.map((row) => row.length));
  const columns = Array.from({ length: count }, (_, i) => ({
    head: head[i] ?? "",
    align: i === 0 || left.includes(i) ? ("left" as const) : ("right" as const),
  }));
  return fittedTable({ columns, rows, width: 200, colors });
}
