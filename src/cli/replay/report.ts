// What `replay` found, and its JSON form.

import { ENGINES, type EngineKind, type EngineTimes } from "../engine/measure.js";
import type { Outcome, ReplayTimes } from "../../trace/measure.js";
import type { AddressLog } from "../../trace/replay.js";
import { geometricMean, type Samples } from "../../trace/statistics.js";
import { glibcText, type HeapChoice } from "../profile-option.js";
import type { Neighbours } from "./neighbours.js";
import { provenance } from "../provenance.js";
import { verdictOf, type Verdict } from "./verdict.js";

/** One trace's measurements; times in nanoseconds an operation. */
export interface TraceReport {
  readonly name: string;
  readonly file: string;
  readonly ops: number;
  /** What is odd about the trace's text. */
  readonly notes: readonly string[];
  readonly outcome: Outcome;
  readonly wasm: ReplayTimes;
  /** JavaScript's ways to do the same; empty when they were left out. */
  readonly engines: readonly EngineTimes[];
}

/** Everything that one run of `replay` found. */
export interface Report extends HeapChoice {
  readonly abi: string;
  readonly layout: string;
  readonly tunables: string;
  readonly repeat: number;
  readonly traces: readonly TraceReport[];
  /** What other programs did meanwhile. */
  readonly neighbours: Neighbours;
  addresses?: AddressLog & { readonly file: string };
}

/** Geometric means over the traces that have operations; nanoseconds, medians. */
export interface Summary {
  readonly traces: number;
  readonly warm: number;
  readonly warmBest: number;
  readonly cold: number;
  /** Of each way that was measured in all traces. */
  readonly engines: readonly { readonly kind: EngineKind; readonly mean: number }[];
  /** The fastest of these, and its time over Wasm's warm time. */
  readonly engine: number | null;
  readonly engineOverWasm: number | null;
  /** Traces whose samples allow no verdict. */
  readonly undecided: number;
}

/** @returns the fastest way of JavaScript's, by its median; undefined when none was measured */
export function fastestOf(engines: readonly EngineTimes[]): EngineTimes | undefined {
  return [...engines].sort((a, b) => a.times.median - b.times.median)[0];
}

/**
 * @returns what the samples say of Wasm, warm, against the fastest way of JavaScript's; null for
 *   none
 */
export function verdictOn(trace: TraceReport): (Verdict & { against: EngineKind }) | null {
  const fastest = fastestOf(trace.engines);
  if (fastest === undefined || trace.ops === 0) return null;
  return { against: fastest.kind, ...verdictOf(fastest.times, trace.wasm.warm) };
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
  const engines = ENGINES.flatMap((kind) => {
    const times = traces.map(
      ({ engines }) => engines.find((one) => one.kind === kind)?.times.median,
    );
    const known = times.filter((one) => one !== undefined);
    return known.length < traces.length ? [] : [{ kind, mean: geometricMean(known) }];
  });
  const engine = engines.length === 0 ? null : Math.min(...engines.map((one) => one.mean));
  return {
    traces: traces.length,
    warm,
    warmBest: mean((trace) => trace.wasm.warm.best),
    cold: mean((trace) => trace.wasm.cold.median),
    engines,
    engine,
    engineOverWasm: engine === null ? null : engine / warm,
    undecided: traces.filter((trace) => verdictOn(trace)?.kind === "none").length,
  };
}

/** @returns the report as JSON text; sizes in bytes, times in nanoseconds an operation */
export function jsonReport(report: Report): string {
  const { abi, profile = "glibc", layout, tunables, repeat, neighbours, addresses } = report;
  const summary = summaryOf(report);
  const object = {
    format: "ptmalloc-wasm replay 1",
    ...provenance(report.glibc),
    node: process.version,
    v8: process.versions.v8,
    abi,
    profile,
    glibc: glibcText(report),
    layout,
    tunables,
    repeat,
    neighbours,
    traces: report.traces.map(traceJson),
    summary,
    ...(addresses ? { addresses } : {}),
  };
  return `${JSON.stringify(object, null, 2)}\n`;
}

function traceJson(trace: TraceReport): object {
  const { name, file, ops, notes, outcome, wasm, engines } = trace;
  const fastest = fastestOf(engines);
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
    engine: fastest === undefined ? null : engineJson(fastest),
    engines: Object.fromEntries(engines.map((one) => [one.kind, engineJson(one)])),
    verdict: verdictOn(trace),
  };
}

function engineJson({ kind, times, gcShare, failed }: EngineTimes): object {
  return { kind, ...samplesJson(times), gcShare, failed };
}

/** @returns samples as they are in JSON */
export function samplesJson(samples: Samples): object {
  return {
    medianNanoseconds: samples.median,
    bestNanoseconds: samples.best,
    worstNanoseconds: samples.worst,
    samplesNanoseconds: samples.samples,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
