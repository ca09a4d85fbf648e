/** A made-up report, to look at how it is shown. */
import type { Report, TraceReport } from "../../src/cli/replay/report.js";
import { summarise } from "../../src/trace/statistics.js";

const MALLINFO = {
  arena: 1_089_536,
  ordblks: 98,
  smblks: 0,
  hblks: 2,
  hblkhd: 4_689_920,
  usmblks: 0,
  fsmblks: 0,
  uordblks: 36_184,
  fordblks: 1_053_352,
  keepcost: 411_640,
};

/** @returns a trace's report; `scale` multiplies its times */
export function traceReport(name: string, scale = 1): TraceReport {
  const samples = (median: number) =>
    summarise([0.9, 0.95, 0.98, 1, 1.02, 1.04, 1.1].map((factor) => factor * median));
  return {
    name,
    file: `some/where/${name}.rep.gz`,
    ops: 466_593,
    notes: [],
    outcome: {
      abi: "ilp32",
      bytes: new Float64Array(1),
      refused: new Uint8Array(1),
      refusedCount: 3,
      peakLiveBytes: 12_000_000,
      peakLiveBlocks: 5235,
      peakFootprintBytes: 20_000_000,
      peakHeldBytes: 19_000_000,
      brkBytes: 1_089_536,
      mappedBytes: 4_689_920,
      mallinfo2: MALLINFO,
    },
    wasm: { warm: samples(24.2 * scale), cold: samples(61.8 * scale) },
    engines: [
      { kind: "uint8array", times: samples(1000), gcShare: 0.2, failed: 0 },
      { kind: "object", times: samples(411), gcShare: 0.31, failed: 0 },
      { kind: "pool", times: samples(500), gcShare: 0, failed: 0 },
    ],
  };
}

/** @returns a report of these traces */
export function reportOf(traces: TraceReport[]): Report {
  const neighbours = { others: 0, stolen: 0, load: 1, isBusy: false };
  return { abi: "ilp32", layout: "linux", tunables: "", repeat: 7, traces, neighbours };
}
