// What `compare-glibc` found, for people.

import { OpKind } from "../../layout/generated.js";
import { functionOf } from "../../trace/interchange/remarks.js";
import { hex } from "../../inspect/source.js";
import { formatBytes, formatCount, formatNanoseconds, formatShare } from "../../base/format.js";
import type { CliIo } from "../io.js";
import { stepLines, type Style } from "../../shell/commands/report.js";
import { colorsFor, section, table, terminalWidth, wrap, type Column } from "../tables.js";
import type { Pair, Parting, Side } from "./parting.js";
import type { ComparedVersion, Comparison, TraceComparison } from "./report.js";

/** @returns the whole comparison, ending in a newline; no line is wider than the terminal */
export function comparisonText(comparison: Comparison, io: CliIo): string {
  const style = { colors: colorsFor(io), width: terminalWidth(io) };
  const parts = comparison.traces.flatMap((trace) => [
    heading(trace, comparison, style),
    memoryPart(trace, style),
    callsPart(trace, style),
    coursePart(trace, style),
    partingPart(trace, style),
  ]);
  return `${[...parts, footnotes(comparison, style)].join("\n\n")}\n`;
}

function heading(
  { name, ops, peakLiveBytes }: TraceComparison,
  { versions, abi, layout, tunables }: Comparison,
  { colors, width }: Style,
): string {
  const words = abi === "ilp32" ? "ilp32 (as on i386)" : "lp64 (as on x86-64)";
  const lines = [
    `${colors.bold(`${name} under glibc ${versions.join(", ")}`)}, ${words}`,
    colors.dim(
      `${formatCount(ops)} operations · at most ${formatBytes(peakLiveBytes)} live · ` +
        `mappings: ${layout}`,
    ),
  ];
  if (tunables !== "") lines.push(colors.dim(`tunables ${tunables}`));
  return lines.map((line) => wrap(line, width)).join("\n");
}

function memoryPart({ versions }: TraceComparison, { colors, width }: Style): string {
  const columns: Column[] = [
    { head: "glibc" },
    { head: "peak" },
    { head: "at the end" },
    { head: "break", priority: 2 },
    { head: "in use" },
    { head: "scattered" },
    { head: "of heap", priority: 1 },
  ];
  const rows = versions.map((one) => [
    one.glibc,
    formatBytes(one.peakFootprintBytes),
    formatBytes(one.endFootprintBytes),
    formatBytes(one.brkBytes),
    formatBytes(one.inUseBytes),
    formatBytes(one.scatteredBytes),
    formatShare(one.externalFragmentation),
  ]);
  const note = "what the kernel gave; at the end, what is in use, and free between blocks";
  return section("Memory", note, colors, width) + table({ columns, rows, colors, width });
}

function callsPart({ versions, blocks }: TraceComparison, { colors, width }: Style): string {
  const names = ["brk", "mmap", "munmap", "mremap"];
  const isTimed = versions[0]!.warm !== undefined;
  const columns: Column[] = [
    { head: "glibc" },
    ...names.map((head) => ({ head })),
    ...(isTimed ? [{ head: "ns/op" }] : []),
    { head: "elsewhere" },
  ];
  const rows = versions.map(({ glibc, systemCalls, warm, movedBlocks }, i) => [
    glibc,
    ...names.map((name) => formatCount(systemCalls[name] ?? 0)),
    ...(isTimed ? [formatNanoseconds(warm!.median)] : []),
    i === 0 ? "" : formatShare(blocks === 0 ? 0 : movedBlocks / blocks),
  ]);
  const time = isTimed ? "nanoseconds an operation on this machine, median; " : "";
  const note = `${time}blocks that lie elsewhere than under ${versions[0]!.glibc}`;
  return section("System calls", note, colors, width) + table({ columns, rows, colors, width });
}

/** Eight heights of a character cell. */
const BARS = "▁▂▃▄▅▆▇█";

function coursePart({ versions }: TraceComparison, { colors, width }: Style): string {
  const most = Math.max(...versions.flatMap(({ course }) => course));
  const room = width - 8;
  const lines = versions.map(({ glibc, course }) => {
    const text = barsOf(course, Math.min(room, course.length), most);
    return `${colors.bold(glibc.padEnd(6))}${colors.cyan(text)}`;
  });
  const note = `what the kernel had given, from the first operation to the last; highest: ${formatBytes(most)}`;
  return section("Over time", note, colors, width) + lines.join("\n");
}

/** @returns a course as bars, one a column, each the most of its part */
function barsOf(course: readonly number[], columns: number, most: number): string {
  return Array.from({ length: columns }, (_, i) => {
    const from = Math.floor((i * course.length) / columns);
    const to = Math.floor(((i + 1) * course.length) / columns);
    const value = Math.max(...course.slice(from, Math.max(to, from + 1)));
    const height = most === 0 ? 0 : Math.ceil((value / most) * BARS.length) - 1;
    return BARS[Math.max(0, height)]!;
  }).join("");
}

function partingPart({ versions }: TraceComparison, style: Style): string {
  const [first, ...others] = versions;
  const { colors, width } = style;
  const told = new Map<string, string>();
  const parts = others.flatMap((other) => {
    const title = colors.bold(`${other.glibc} against ${first!.glibc}`);
    if (other.parting === undefined) return [`${title}: all blocks lie at the same addresses`];
    const key = JSON.stringify(other.parting);
    const before = told.get(key);
    if (before !== undefined) return [`${title}: as ${before}`];
    told.set(key, other.glibc);
    return [[title, ...partingLines(other.parting, [first!, other], style)].join("\n")];
  });
  const note = "operations from 0";
  return section("Where they part, and why", note, colors, width) + parts.join("\n");
}

type Versions = readonly [ComparedVersion, ComparedVersion];

function partingLines(
  { decision, address }: Parting,
  versions: Versions,
  style: Style,
): readonly string[] {
  if (decision === undefined || decision === address) {
    const what = decision === undefined ? "other address" : "other steps, and other address";
    return [...pairHead(address, what, style), ...wayLines(address, versions, style)];
  }
  return [
    ...pairHead(decision, "other steps", style),
    ...wayLines(decision, versions, style),
    ...pairHead(address, "other address", style),
    ...wayLines(address, versions, style),
  ];
}

function pairHead({ index, kind, bytes }: Pair, what: string, { width }: Style): string[] {
  const size = kind === OpKind.FREE ? "" : ` of ${bytes} bytes`;
  const text = `first ${what}: operation ${index}, ${functionOf(kind)}${size}`;
  return wrap(text, width - 2)
    .split("\n")
    .map((line) => `  ${line}`);
}

/** The way of an operation under both versions. */
function wayLines({ there, here }: Pair, [first, other]: Versions, style: Style): string[] {
  const { colors } = style;
  const inner = { ...style, width: style.width - 2 };
  const sideLines = ({ glibc }: ComparedVersion, { mem, steps }: Side): string[] => {
    const block = mem === 0 ? "NULL" : hex(mem);
    const lines = stepLines(steps, inner);
    const nothing = colors.dim("  - no step to tell");
    return [
      `  ${colors.bold(glibc)}: ${block}`,
      ...(lines.length === 0 ? [nothing] : lines).map((line) => `  ${line}`),
    ];
  };
  return [...sideLines(first, there), ...sideLines(other, here)];
}

function footnotes({ repeat }: Comparison, { colors, width }: Style): string {
  const notes = [
    "peak: the kernel's high-water mark of break and mappings. in use: as mallinfo2 counts, " +
      "with headers and what tcache keeps. scattered: free bytes between blocks, without the end " +
      "of the heap; of heap: their share of it.",
  ];
  if (repeat > 0)
    notes.push(`times are of warm replays, ${repeat} ${repeat === 1 ? "sample" : "samples"}`);
  return notes.map((note) => colors.dim(wrap(note, width))).join("\n");
}
