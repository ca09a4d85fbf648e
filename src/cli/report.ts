// What `replay` found, and its JSON form.

import type { EngineTimes } from "../trace/engine.js";
import type { Outcome, ReplayTimes } from "../trace/measure.js";
import type { AddressLog } from "../trace/replay.js";
import { geometricMean, type Samples } from "../trace/statistics.js";

/** One trace's measurements; times in nanoseconds an operation. */
export interface TraceReport {
  readonly name: string;
  readonly file: string;
  readonly ops: number;
  /** What is odd about the trace's text. */
  readonly notes: readonly string[];
  readonly outcome: Outcome;
  readonly wasm: ReplayTimes;
  /** null when the engine was left out. */
  readonly engine: EngineTimes | null;
}

/** Everything that one run of `replay` found. */
export interface Report {
  readonly abi: string;
  readonly layout: string;
  readonly tunables: string;
  readonly repeat: number;
  readonly traces: readonly TraceReport[];
  addresses?: AddressLog & { readonly file: string };
}

/** Geometric means over the traces that have operations; nanoseconds, medians. */
export interface Summary {
  readonly traces: number;
  readonly warm: number;
  readonly warmBest: number;
  readonly cold: number;
  readonly engine: number | null;
  /** Engine's time over Wasm's warm time. */
  readonly engineOverWasm: number | null;
}

/** @returns most live bytes over most address space, 0 to 1; NaN when there never was any */
export function utilisation(outcome: Outcome): number {
  return outcome.peakLiveBytes / outcome.peakFootprintBytes;
}

/** @returns the means over all traces, or null when none has an operation */
export function summaryOf(report: Report): Summary | null {
  const traces = report.traces.filter((trace) => trace.ops > 0);
  if (traces.length === 0) return null;
  const mean = (pick: (trace: TraceReport) => number) => geometricMean(traces.map(pick));
  const warm = mean((trace) => trace.wasm.warm.median);
  const measured = traces.every((trace) => trace.engine !== null);
  const engine = measured ? mean((trace) => trace.engine!.times.median) : null;
  return {
    traces: traces.length,
    warm,
    warmBest: mean((trace) => trace.wasm.warm.best),
    cold: mean((trace) => trace.wasm.cold.median),
    engine,
    engineOverWasm: engine === null ? null : engine / warm,
  };
}

/** @returns the report as JSON text; sizes in bytes, times in nanoseconds an operation */
export function jsonReport(report: Report): string {
  const { abi, layout, tunables, repeat, addresses } = report;
  const summary = summaryOf(report);
  const object = {
    format: "ptmalloc-wasm replay 1",
    node: process.version,
    v8: process.versions.v8,
    abi,
    layout,
    tunables,
    repeat,
    traces: report.traces.map(traceJson),
    summary,
    ...(addresses ? { addresses } : {}),
  };
  return `${JSON.stringify(object, null, 2)}\n`;
}

function traceJson(trace: TraceReport): object {
  const { name, file, ops, notes, outcome, wasm, engine } = trace;
  return {
    name,
    file,
    ops,
    notes,
    refused: outcome.refusedCount,
    peakLiveBytes: outcome.peakLiveBytes,
    peakLiveBlocks: outcome.peakLiveBlocks,
    peakFootprintBytes: outcome.peakFootprintBytes,
    peakHeldBytes: outcome.peakHeldBytes,
    utilisation: finite(utilisation(outcome)),
    brkBytes: outcome.brkBytes,
    mappedBytes: outcome.mappedBytes,
    mallinfo2: outcome.mallinfo2,
    wasm: { warm: samplesJson(wasm.warm), cold: samplesJson(wasm.cold) },
    engine: engine && {
      ...samplesJson(engine.times),
      gcShare: engine.gcShare,
      failed: engine.failed,
    },
  };
}

/** @returns samples as they are in JSON */
export function samplesJson(samples: Samples): object {
  return {
    medianNanoseconds: samples.median,
    bestNanoseconds: samples.best,
    samplesNanoseconds: samples.samples,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
