// Plots of lines: passes, latencies, and what is held. Each has a table of numbers beside it.

import { formatBytes, formatCount } from "../../../base/format.js";
import { MEASURES, measureText } from "../report/measures.js";
import type { HeapResult, TraceResult } from "../result.js";
import { figure } from "./context.js";
import { tableElement } from "./dom.js";
import { linePlot, responsive, type Line, type LinePlot } from "./plots.js";
import type { TraceView } from "./trace.js";

/** Samples in the order in which heaps give them. */
const ORDER = ["cold", "lukewarm", "warm"] as const;

/** @returns pass after pass, in operations a second */
export function throughputFigure(view: TraceView): HTMLElement {
  const lines = linesOf(view, (heap) =>
    ORDER.flatMap((kind) => heap[kind]).map((ns, i) => [i + 1, 1000 / ns]),
  );
  const first = view.trace.heaps.find(({ failure }) => failure === null);
  const marks = first === undefined ? [] : phaseMarks(first);
  const note =
    "Million operations a second, sample by sample: first passes of all heaps, second and third " +
    "ones, later ones; more is better.";
  return course(
    view,
    { title: "Throughput over time", note },
    { lines, marks, xAxis: "sample →", yAxis: "↑ million operations a second" },
    ["cold_ns", "lukewarm_ns", "warm_ns"],
  );
}

function phaseMarks(heap: HeapResult): { x: number; label: string }[] {
  let x = 1;
  return ORDER.flatMap((label) => {
    const mark = { x, label };
    x += heap[label].length;
    return heap[label].length === 0 ? [] : [mark];
  });
}

/** @returns how long slices took; [] where nobody's were measured */
export function latencyFigure(view: TraceView): HTMLElement[] {
  const { heaps } = view.trace;
  const [known] = heaps.flatMap(({ latency }) => (latency === null ? [] : [latency]));
  if (known === undefined) return [];
  const lines = linesOf(view, ({ latency }) =>
    latency === null
      ? []
      : latency.cdf.nanoseconds.flatMap((ns, i): [number, number][] =>
          ns > 0 ? [[ns, 100 * latency.cdf.shares[i]!]] : [],
        ),
  );
  const note =
    `How many of the slices of warm passes took at most so long: slices of ` +
    `${formatCount(known.operations)} operations; further left is better.`;
  const axes = { xAxis: "nanoseconds a slice (log) →", yAxis: "↑ % of the slices" };
  return [
    course(view, { title: "Latency", note }, { lines, ...axes, isLogX: true, isStepped: true }, [
      "p50_ns",
      "p99_ns",
      "p999_ns",
      "longest_ns",
    ]),
  ];
}

/** @returns bytes held and live; [] where nobody can tell */
export function footprintFigure(view: TraceView): HTMLElement[] {
  const { trace } = view;
  if (trace.heaps.every(({ heldBytes }) => heldBytes === null)) return [];
  const at = (bytes: readonly number[]): [number, number][] =>
    trace.places.map((place, i) => [place, (bytes[i] ?? 0) / 2 ** 20]);
  const lines = linesOf(view, ({ heldBytes }) => (heldBytes === null ? [] : at(heldBytes)));
  const note =
    `Held from the host in a first pass, over the trace's operations; the grey area is live ` +
    `(${formatBytes(trace.peakLiveBytes)} at most). Closer to it is better.`;
  const axes = { xAxis: "operations →", yAxis: "↑ MiB" };
  return [
    course(
      view,
      { title: "Footprint over time", note },
      { lines, ...axes, area: at(trace.liveBytes), isStepped: true },
      ["held_peak_bytes", "utilisation", "growths", "resident_bytes"],
    ),
  ];
}

/** The points of those that are chosen, completed the trace, and have any. */
function linesOf(
  { context, trace }: TraceView,
  points: (heap: HeapResult) => Line["points"],
): Line[] {
  return chosenHeaps(context.chosen, trace).flatMap((heap) => {
    const found = points(heap);
    return found.length === 0 ? [] : [{ look: context.look(heap.contestant), points: found }];
  });
}

function chosenHeaps(chosen: ReadonlySet<string>, { heaps }: TraceResult): HeapResult[] {
  return heaps.filter(({ contestant, failure }) => failure === null && chosen.has(contestant));
}

/** A plot of lines with the table of its contestants' numbers. */
function course(
  { context, summary }: TraceView,
  caption: { readonly title: string; readonly note: string },
  content: LinePlot,
  keys: readonly string[],
): HTMLElement {
  const measures = MEASURES.filter(({ key }) => keys.includes(key));
  const ordered = keys.map((key) => measures.find((one) => one.key === key)!);
  const rows = summary.rows.filter(({ contestant }) => context.chosen.has(contestant));
  const unit = (key: string): string => (/^(cold|lukewarm|warm)_ns$/.test(key) ? ", ns" : "");
  const table = tableElement({
    label: caption.title,
    heads: ["", ...ordered.map(({ head, key }) => head + unit(key))],
    groups: [
      {
        title: "",
        rows: rows.map((row) => ({
          head: context.heading(row.contestant),
          isReference: context.isReference(row.contestant),
          cells: ordered.map((measure) => measureText(measure, row)),
        })),
      },
    ],
  });
  return figure(
    caption,
    responsive((width) => linePlot(content, width)),
    table,
  );
}
