// The report of `replay` for people, at most 100 columns wide.

import { formatBytes, formatCount, formatNanoseconds, formatRatio, formatShare } from "./format.js";
import type { CliIo } from "./io.js";
import { summaryOf, utilisation, type Report, type TraceReport } from "./report.js";
import { colorsFor, section, table as fittedTable, type Cell, type Colors } from "./tables.js";

const MALLINFO_SHOWN = [
  "arena",
  "ordblks",
  "smblks",
  "hblks",
  "hblkhd",
  "fsmblks",
  "uordblks",
  "fordblks",
  "keepcost",
] as const;
const COUNTS: ReadonlySet<string> = new Set(["ordblks", "smblks", "hblks"]);

/** @returns the whole report, ending in a newline */
export function textReport(report: Report, io: CliIo): string {
  const colors = colorsFor(io);
  const parts = [heading(report, colors)];
  if (report.traces.length === 1) parts.push(...oneTrace(report.traces[0]!, colors));
  else parts.push(...manyTraces(report, colors));
  const { addresses } = report;
  if (addresses) {
    parts.push(
      `${formatCount(addresses.lines)} addresses written to ${addresses.file}` +
        colors.dim(` (FNV-1a 64: ${addresses.addressHash})`),
    );
  }
  parts.push(footnotes(report, colors));
  return `${parts.join("\n\n")}\n`;
}

function heading(report: Report, colors: Colors): string {
  const { traces, repeat } = report;
  const what = traces.length === 1 ? traces[0]!.name : `${traces.length} traces`;
  const layout = report.abi === "ilp32" ? "ilp32 (as on i386)" : "lp64 (as on x86-64)";
  const lines = [
    `${colors.bold(`replay of ${what}`)} on glibc 2.36's malloc in WebAssembly, ${layout}`,
    colors.dim(
      `Node.js ${process.versions.node}, V8 ${process.versions.v8} · mappings: ${report.layout} · ` +
        `${repeat} ${repeat === 1 ? "sample" : "samples"} of each time`,
    ),
  ];
  if (report.tunables !== "") lines.push(colors.dim(`tunables ${report.tunables}`));
  return lines.join("\n");
}

function manyTraces(report: Report, colors: Colors): string[] {
  const { traces } = report;
  const engine = traces.every((trace) => trace.engine !== null);
  return [
    section("Time", "nanoseconds an operation, median and (best)", colors) +
      timeTable(traces, engine, colors),
    section("Memory", "most that was live and held; break and mappings at the end", colors) +
      memoryTable(traces, colors),
    section("mallinfo2 at the end", "exact numbers: --json", colors) +
      mallinfoTable(traces, colors),
    section("In words", "", colors) + readings(traces, colors),
    summaryLine(report, colors),
  ];
}

function timeTable(traces: readonly TraceReport[], engine: boolean, colors: Colors): string {
  const head = ["trace", "operations", "Wasm warm", "", "Wasm cold", ""];
  if (engine) head.push("JS engine", "", "GC", "JS / Wasm");
  const rows = traces.map((trace) => {
    const { warm, cold } = trace.wasm;
    const row: Cell[] = [trace.name, formatCount(trace.ops)];
    for (const times of [warm, cold, ...(trace.engine ? [trace.engine.times] : [])]) {
      row.push(formatNanoseconds(times.median), colors.dim(`(${formatNanoseconds(times.best)})`));
    }
    if (trace.engine) {
      row.push(shareOrDash(trace.engine.gcShare), ratioText(engineOverWasm(trace), colors));
    }
    return row;
  });
  return table(head, rows, colors);
}

function memoryTable(traces: readonly TraceReport[], colors: Colors): string {
  const head = [
    "trace",
    "live blocks",
    "live bytes",
    "footprint",
    "used",
    "brk",
    "mapped",
    "refused",
  ];
  const rows = traces.map(({ name, outcome }) => [
    name,
    formatCount(outcome.peakLiveBlocks),
    formatBytes(outcome.peakLiveBytes),
    formatBytes(outcome.peakFootprintBytes),
    shareOrDash(utilisation(outcome)),
    formatBytes(outcome.brkBytes),
    formatBytes(outcome.mappedBytes),
    formatCount(outcome.refusedCount),
  ]);
  return table(head, rows, colors);
}

function mallinfoTable(traces: readonly TraceReport[], colors: Colors): string {
  const rows = traces.map(({ name, outcome }) => [
    name,
    ...MALLINFO_SHOWN.map((field) => {
      const value = outcome.mallinfo2[field];
      return COUNTS.has(field) ? formatCount(value) : formatBytes(value).replace(/i?B$/, "").trim();
    }),
  ]);
  return table(["trace", ...MALLINFO_SHOWN], rows, colors);
}

function readings(traces: readonly TraceReport[], colors: Colors): string {
  const width = Math.max(...traces.map((trace) => trace.name.length));
  return traces
    .map((trace) => `${colors.bold(trace.name.padEnd(width))}  ${reading(trace)}`)
    .join("\n");
}

/** @returns the result of a trace in one sentence */
function reading(trace: TraceReport): string {
  const { engine, outcome, wasm } = trace;
  if (trace.ops === 0) return "an empty trace: nothing to measure.";
  const used = utilisation(outcome);
  const memory = Number.isFinite(used) ? `${formatShare(used)} of the footprint in use` : "";
  if (engine === null) return `${formatNanoseconds(wasm.warm.median)} ns an operation; ${memory}.`;
  const ratio = engineOverWasm(trace);
  const speed =
    ratio >= 1.05
      ? `${formatRatio(ratio)} faster than the engine`
      : ratio <= 0.95
        ? `${formatRatio(1 / ratio)} slower than the engine`
        : "as fast as the engine";
  const gc = engine.gcShare === null ? "" : ` (GC ${formatShare(engine.gcShare)} of its time)`;
  const failed = engine.failed > 0 ? `; ${formatCount(engine.failed)} requests too big for it` : "";
  return `${speed}${gc}${failed}; ${memory}.`;
}

function summaryLine(report: Report, colors: Colors): string {
  const summary = summaryOf(report);
  if (summary === null) return "No trace has an operation.";
  const times =
    `warm ${formatNanoseconds(summary.warm)} ns (best ${formatNanoseconds(summary.warmBest)}), ` +
    `cold ${formatNanoseconds(summary.cold)} ns`;
  const engine =
    summary.engine === null || summary.engineOverWasm === null
      ? ""
      : `; JS engine ${formatNanoseconds(summary.engine)} ns: ` +
        colors.green(`${formatRatio(summary.engineOverWasm)} the time`);
  return `${colors.bold(`Geometric mean of ${summary.traces} traces:`)} ${times}${engine}.`;
}

function oneTrace(trace: TraceReport, colors: Colors): string[] {
  const { outcome, wasm, engine } = trace;
  const time: Cell[][] = [
    ["Wasm, warm", formatNanoseconds(wasm.warm.median), formatNanoseconds(wasm.warm.best), ""],
    ["Wasm, cold", formatNanoseconds(wasm.cold.median), formatNanoseconds(wasm.cold.best), ""],
  ];
  if (engine) {
    time.push([
      "JS engine",
      formatNanoseconds(engine.times.median),
      formatNanoseconds(engine.times.best),
      engine.gcShare === null ? "" : `${formatShare(engine.gcShare)} of it garbage collection`,
    ]);
  }
  const memory: Cell[][] = [
    ["operations", formatCount(trace.ops), refusedText(outcome.refusedCount)],
    bytesRow(
      "peak live",
      outcome.peakLiveBytes,
      `in ${formatCount(outcome.peakLiveBlocks)} blocks`,
    ),
    bytesRow(
      "peak footprint",
      outcome.peakFootprintBytes,
      `${shareOrDash(utilisation(outcome))} of it live`,
    ),
    bytesRow("brk at the end", outcome.brkBytes, `start_brk + 0x${outcome.brkBytes.toString(16)}`),
    bytesRow(
      "mapped at the end",
      outcome.mappedBytes,
      `${formatCount(outcome.mallinfo2.hblks)} mapped blocks`,
    ),
  ];
  const info: Cell[][] = Object.entries(outcome.mallinfo2).map(([field, value]) => [
    field,
    formatCount(value),
    colors.dim(MALLINFO_MEANINGS[field] ?? ""),
  ]);
  return [
    section("Time", "nanoseconds an operation", colors) +
      table(["", "median", "best", ""], time, colors, [3]),
    section("Memory", "", colors) + table([], memory, colors, [2]),
    section("mallinfo2 at the end", "", colors) + table([], info, colors, [2]),
    `${colors.bold(engine && trace.ops > 0 ? "The Wasm heap is" : "In words:")} ${reading(trace)}`,
  ];
}

const MALLINFO_MEANINGS: Readonly<Record<string, string>> = {
  arena: "bytes of the heap (up to brk)",
  ordblks: "free chunks, the top chunk included",
  smblks: "free chunks in fast bins",
  hblks: "blocks with a mapping of their own",
  hblkhd: "bytes in those",
  usmblks: "always 0",
  fsmblks: "bytes in fast bins",
  uordblks: "bytes in use (thread-cached chunks count as used)",
  fordblks: "bytes free",
  keepcost: "bytes of the top chunk, which a trim could give back",
};

function bytesRow(what: string, bytes: number, note: string): Cell[] {
  return [what, formatBytes(bytes), `${formatCount(bytes)} bytes, ${note}`];
}

function refusedText(count: number): string {
  return count === 0 ? "" : `${formatCount(count)} of them refused (NULL)`;
}

function footnotes(report: Report, colors: Colors): string {
  const lines = [
    "warm: the trace again and again in one heap, freed in between; cold: a fresh process each time.",
    "footprint: most address space held at a time; used: live bytes at their peak / footprint.",
  ];
  if (report.traces.some((trace) => trace.engine !== null)) {
    lines.push(
      "JS engine: a Uint8Array per block, first and last byte written; GC: its garbage collector's share.",
    );
  }
  return lines.map((line) => colors.dim(line)).join("\n");
}

function engineOverWasm(trace: TraceReport): number {
  return trace.engine === null ? NaN : trace.engine.times.median / trace.wasm.warm.median;
}

function ratioText(ratio: number, colors: Colors): string {
  if (!Number.isFinite(ratio)) return "-";
  const text = formatRatio(ratio);
  return ratio >= 1.05 ? colors.green(text) : ratio <= 0.95 ? colors.yellow(text) : text;
}

function shareOrDash(share: number | null): string {
  return share === null || !Number.isFinite(share) ? "-" : formatShare(share);
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
