// The report of `replay` for people, as wide as the terminal.

import { WAYS } from "../engine/makers.js";
import type { EngineTimes } from "../engine/measure.js";
import {
  formatBytes,
  formatCount,
  formatNanoseconds,
  formatRatio,
  formatShare,
} from "../../base/format.js";
import type { CliIo } from "../io.js";
import { heapText } from "../profile-option.js";
import { neighboursText } from "./neighbours.js";
import {
  fastestOf,
  summaryOf,
  utilisation,
  verdictOn,
  type Report,
  type TraceReport,
} from "./report.js";
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
import { rangeText, verdictText } from "./verdict.js";

/** Fields of mallinfo2 that a row shows, and when each is left out: the greatest first. */
const MALLINFO_SHOWN = {
  arena: 0,
  ordblks: 4,
  smblks: 6,
  hblks: 7,
  hblkhd: 1,
  fsmblks: 5,
  uordblks: 0,
  fordblks: 2,
  keepcost: 3,
} as const;
const COUNTS: ReadonlySet<string> = new Set(["ordblks", "smblks", "hblks"]);

/** Where and how a report is written. */
interface Page {
  readonly colors: Colors;
  readonly width: number;
}

/** @returns the whole report, ending in a newline; no line is wider than the terminal */
export function textReport(report: Report, io: CliIo): string {
  const page = { colors: colorsFor(io), width: terminalWidth(io) };
  const { colors, width } = page;
  const parts = [heading(report, page)];
  if (report.traces.length === 1) parts.push(...oneTrace(report.traces[0]!, page));
  else parts.push(...manyTraces(report, page));
  const { addresses } = report;
  if (addresses) {
    const text = `${formatCount(addresses.lines)} addresses written to ${addresses.file}`;
    parts.push(wrap(`${text} (FNV-1a 64: ${addresses.addressHash})`, width));
  }
  const busy = neighboursText(report.neighbours);
  if (busy !== "") parts.push(colors.yellow(wrap(busy, width)));
  parts.push(footnotes(report, page));
  return `${parts.join("\n\n")}\n`;
}

function heading(report: Report, { colors, width }: Page): string {
  const { traces, repeat } = report;
  const what = traces.length === 1 ? traces[0]!.name : `${traces.length} traces`;
  const layout = report.abi === "ilp32" ? "ilp32 (as on i386)" : "lp64 (as on x86-64)";
  const lines = [
    `${colors.bold(`replay of ${what}`)} on ${heapText(report)} in WebAssembly, ${layout}`,
    colors.dim(
      `Node.js ${process.versions.node}, V8 ${process.versions.v8} · mappings: ${report.layout} · ` +
        `${repeat} ${repeat === 1 ? "sample" : "samples"} of each time`,
    ),
  ];
  if (report.tunables !== "") lines.push(colors.dim(`tunables ${report.tunables}`));
  return lines.map((line) => wrap(line, width)).join("\n");
}

function manyTraces(report: Report, page: Page): string[] {
  const { traces } = report;
  const { colors, width } = page;
  const head = (title: string, note: string): string => section(title, note, colors, width);
  return [
    head("Time", "nanoseconds an operation: medians, and from the least sample to the greatest") +
      timeTable(traces, page),
    head("Memory", "most that was live and held; break and mappings at the end") +
      memoryTable(traces, page),
    head("mallinfo2 at the end", "exact numbers: --json") + mallinfoTable(traces, page),
    head("In words", "") + readings(traces, page),
    wrap(summaryLine(report, colors), width),
  ];
}

function timeTable(traces: readonly TraceReport[], { colors, width }: Page): string {
  const kinds = traces[0]!.engines.map(({ kind }) => kind);
  const columns: Column[] = [
    { head: "trace", wraps: true },
    { head: "operations", priority: 3 },
    { head: "warm" },
    { head: "warm range", priority: 5 },
    { head: "cold" },
    { head: "cold range", priority: 7 },
    ...kinds.map((kind) => ({ head: WAYS[kind].title, priority: 1 })),
    ...(kinds.length > 0 ? [{ head: "GC", priority: 6 }, { head: "JS / warm" }] : []),
  ];
  const rows = traces.map((trace) => {
    const { warm, cold } = trace.wasm;
    const row: Cell[] = [trace.name, formatCount(trace.ops)];
    for (const times of [warm, cold]) {
      row.push(formatNanoseconds(times.median), colors.dim(rangeText(times)));
    }
    row.push(...trace.engines.map(({ times }) => formatNanoseconds(times.median)));
    if (kinds.length > 0) {
      row.push(shareOrDash(fastestOf(trace.engines)!.gcShare), ratioText(trace, colors));
    }
    return row;
  });
  return table({ columns, rows, colors, width });
}

function memoryTable(traces: readonly TraceReport[], { colors, width }: Page): string {
  const columns: Column[] = [
    { head: "trace", wraps: true },
    { head: "live blocks", priority: 4 },
    { head: "live bytes" },
    { head: "footprint" },
    { head: "used" },
    { head: "brk", priority: 1 },
    { head: "mapped", priority: 2 },
    { head: "refused", priority: 3 },
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
  return table({ columns, rows, colors, width });
}

function mallinfoTable(traces: readonly TraceReport[], { colors, width }: Page): string {
  const shown = Object.entries(MALLINFO_SHOWN) as [keyof typeof MALLINFO_SHOWN, number][];
  const columns: Column[] = [
    { head: "trace", wraps: true },
    ...shown.map(([head, priority]) => ({ head, priority })),
  ];
  const rows = traces.map(({ name, outcome }) => [
    name,
    ...shown.map(([field]) => {
      const value = outcome.mallinfo2[field];
      return COUNTS.has(field) ? formatCount(value) : formatBytes(value).replace(/i?B$/, "").trim();
    }),
  ]);
  return table({ columns, rows, colors, width });
}

function readings(traces: readonly TraceReport[], { colors, width }: Page): string {
  const columns: Column[] = [{}, { align: "left", wraps: true }];
  const rows = traces.map((trace) => [colors.bold(trace.name), reading(trace)]);
  return table({ columns, rows, width });
}

/** @returns the result of a trace in one sentence */
function reading(trace: TraceReport): string {
  const { outcome, wasm } = trace;
  if (trace.ops === 0) return "an empty trace: nothing to measure.";
  const used = utilisation(outcome);
  const memory = Number.isFinite(used) ? `; ${formatShare(used)} of the footprint in use.` : ".";
  const fastest = fastestOf(trace.engines);
  const verdict = verdictOn(trace);
  if (fastest === undefined || verdict === null) {
    return `${formatNanoseconds(wasm.warm.median)} ns an operation${memory}`;
  }
  const than = WAYS[fastest.kind].phrase;
  const gc = fastest.gcShare === null ? "" : ` (GC ${formatShare(fastest.gcShare)} of its time)`;
  const failed =
    fastest.failed > 0 ? `; ${formatCount(fastest.failed)} requests too big for it` : "";
  return `${verdictText(verdict, than + gc)}${failed}${memory}`;
}

function summaryLine(report: Report, colors: Colors): string {
  const summary = summaryOf(report);
  if (summary === null) return "No trace has an operation.";
  const times =
    `warm ${formatNanoseconds(summary.warm)} ns (best ${formatNanoseconds(summary.warmBest)}), ` +
    `cold ${formatNanoseconds(summary.cold)} ns`;
  const engines = summary.engines.map(
    ({ kind, mean }) =>
      `${WAYS[kind].title} ${formatNanoseconds(mean)} ns ` +
      `(${formatRatio(mean / summary.warm)} the warm time)`,
  );
  const undecided =
    summary.undecided === 0
      ? ""
      : ` In ${summary.undecided} of them the samples allow no verdict, so take this with care.`;
  return (
    `${colors.bold(`Geometric mean of ${summary.traces} traces:`)} ` +
    `${[times, ...engines].join("; ")}.${undecided}`
  );
}

function oneTrace(trace: TraceReport, page: Page): string[] {
  const { colors, width } = page;
  const head = (title: string, note = ""): string => section(title, note, colors, width);
  const notes: Column = { align: "left", wraps: true };
  const { outcome, engines } = trace;
  const info = Object.entries(outcome.mallinfo2).map(([field, value]): Cell[] => [
    field,
    formatCount(value),
    colors.dim(MALLINFO_MEANINGS[field] ?? ""),
  ]);
  const subject = engines.length > 0 && trace.ops > 0 ? "The Wasm heap, warm:" : "In words:";
  return [
    head("Time", "nanoseconds an operation") + oneTimeTable(trace, page),
    head("Memory") + table({ columns: [{}, {}, notes], rows: memoryRows(trace), width }),
    head("mallinfo2 at the end") + table({ columns: [{}, {}, notes], rows: info, width }),
    wrap(`${colors.bold(subject)} ${reading(trace)}`, width),
  ];
}

function oneTimeTable({ wasm, engines }: TraceReport, { colors, width }: Page): string {
  const columns: Column[] = [
    {},
    { head: "median" },
    { head: "least to most" },
    { align: "left", wraps: true },
  ];
  const note = ({ gcShare, failed }: EngineTimes): string =>
    [
      gcShare === null ? "" : `${formatShare(gcShare)} of it garbage collection`,
      failed === 0 ? "" : `${formatCount(failed)} requests too big for it`,
    ]
      .filter((part) => part !== "")
      .join(", ");
  const rows = [
    ["Wasm, warm", formatNanoseconds(wasm.warm.median), rangeText(wasm.warm)],
    ["Wasm, cold", formatNanoseconds(wasm.cold.median), rangeText(wasm.cold)],
    ...engines.map((one) => [
      `JavaScript, ${WAYS[one.kind].title}`,
      formatNanoseconds(one.times.median),
      rangeText(one.times),
      note(one),
    ]),
  ];
  return table({ columns, rows, colors, width });
}

function memoryRows({ ops, outcome }: TraceReport): Cell[][] {
  const row = (what: string, bytes: number, note: string): Cell[] => [
    what,
    formatBytes(bytes),
    `${formatCount(bytes)} bytes, ${note}`,
  ];
  const { refusedCount, peakLiveBlocks, brkBytes, mallinfo2 } = outcome;
  return [
    [
      "operations",
      formatCount(ops),
      refusedCount === 0 ? "" : `${formatCount(refusedCount)} of them refused (NULL)`,
    ],
    row("peak live", outcome.peakLiveBytes, `in ${formatCount(peakLiveBlocks)} blocks`),
    row(
      "peak footprint",
      outcome.peakFootprintBytes,
      `${shareOrDash(utilisation(outcome))} of it live`,
    ),
    row("brk at the end", brkBytes, `start_brk + 0x${brkBytes.toString(16)}`),
    row("mapped at the end", outcome.mappedBytes, `${formatCount(mallinfo2.hblks)} mapped blocks`),
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

function footnotes(report: Report, { colors, width }: Page): string {
  const lines = [
    "warm: the trace again and again in one heap, freed in between; cold: a fresh process each time.",
    "footprint: most address space held at a time; used: live bytes at their peak / footprint.",
  ];
  const kinds = report.traces[0]?.engines.map(({ kind }) => kind) ?? [];
  if (kinds.length > 0) {
    const names = kinds.map((kind) => WAYS[kind].phrase).join(", ");
    lines.push(
      `JavaScript: ${names}; GC: its garbage collector's share. The verdict is against the fastest of ` +
        "them, ? where the samples allow none. (An object has fields and no bytes.)",
    );
  }
  return lines.map((line) => colors.dim(wrap(line, width))).join("\n");
}

/** The ratio to the fastest of JavaScript's ways; "?" where there is no verdict. */
function ratioText(trace: TraceReport, colors: Colors): string {
  const verdict = verdictOn(trace);
  if (verdict === null) return "-";
  const text = formatRatio(verdict.ratio);
  switch (verdict.kind) {
    case "faster":
      return colors.green(text);
    case "slower":
      return colors.yellow(text);
    case "same":
      return text;
    case "none":
      return "?";
  }
}

function shareOrDash(share: number | null): string {
  return share === null || !Number.isFinite(share) ? "-" : formatShare(share);
}
