// The view of one trace: times, and how they, the latency and the footprint go.

import { formatNanoseconds } from "../../../base/format.js";
import {
  intervalText,
  knownMeasures,
  measureText,
  NOTHING,
  sureText,
  traceText,
} from "../report/measures.js";
import type { TraceResult } from "../result.js";
import { PHASES, type Row, type TraceSummary } from "../summary.js";
import { chooser } from "./chooser.js";
import { figure, inBlocks, ratioCell, type Context } from "./context.js";
import { footprintFigure, latencyFigure, throughputFigure } from "./courses.js";
import { element, tableElement, withInterval, type Child } from "./dom.js";
import { lossesPart } from "./losses.js";
import { barPlot, responsive, type Bar } from "./plots.js";

/** What the view is of. */
export interface TraceView {
  readonly context: Context;
  readonly trace: TraceResult;
  readonly summary: TraceSummary;
}

/** @returns what the view shows, below its heading */
export function traceView(view: TraceView): Child[] {
  const { context, trace, summary } = view;
  const losses = context.data.losses.filter((one) => one.trace === trace.name);
  return [
    element("p", {}, traceText(trace)),
    element("h3", {}, "Time"),
    ...inBlocks(summary.rows).map((block) => timeFigure(context, block)),
    ...failuresPart(context, summary),
    element("h3", {}, "How it went"),
    ...chooser(context, () => [
      throughputFigure(view),
      ...latencyFigure(view),
      ...footprintFigure(view),
    ]),
    element("h3", {}, "All numbers"),
    numbersTable(context, summary),
    ...lossesPart(context, losses, []),
  ];
}

interface Block {
  readonly title: string;
  readonly members: readonly Row[];
}

function timeFigure(context: Context, { title, members }: Block): HTMLElement {
  const bars = members.flatMap(({ contestant, phases }) =>
    PHASES.flatMap((series): Bar[] => {
      const time = phases[series];
      if (time === null) return [];
      const { median: value, low, high } = time;
      const label = `${formatNanoseconds(value)} ${series}`;
      const look = context.look(contestant);
      return [{ title: context.title(contestant), series, value, low, high, label, look }];
    }),
  );
  const table = tableElement({
    label: `${title}: times`,
    heads: ["", ...PHASES.map((phase) => `${phase}, ns`), "ratio", "net, ns"],
    groups: [{ title: "", rows: members.map((row) => timeRow(context, row)) }],
  });
  const note = "Nanoseconds an operation: medians, with their 95 % intervals; less is better.";
  const plot =
    bars.length === 0
      ? element("p", {}, "Nobody here completed the trace.")
      : responsive((width) => barPlot({ bars, series: PHASES, axis: "ns an operation →" }, width));
  return figure({ title, note }, plot, table);
}

function timeRow(context: Context, row: Row) {
  const { warm } = row.phases;
  const cells = PHASES.map((phase) => {
    const time = row.phases[phase];
    if (time === null) return row.failure === null ? NOTHING : "failed";
    return withInterval(formatNanoseconds(time.median), intervalText(time));
  });
  const ratio = warm?.ratio ?? null;
  const isRival = row.group !== "ours" && row.group !== "control";
  return {
    head: context.heading(row.contestant),
    isReference: context.isReference(row.contestant),
    cells: [
      ...cells,
      ratio === null ? NOTHING : { child: ratioCell(ratio), isBetter: isRival && ratio.high < 1 },
      warm === null || warm.net === null ? NOTHING : formatNanoseconds(Math.max(0, warm.net)),
    ],
  };
}

function failuresPart(context: Context, { rows }: TraceSummary): HTMLElement[] {
  const failed = rows.filter(({ failure }) => failure !== null);
  if (failed.length === 0) return [];
  const items = failed.map(({ contestant, failure }) =>
    element("li", {}, `${context.title(contestant)}: ${failure}`),
  );
  return [element("h4", {}, "Not completed"), element("ul", {}, ...items)];
}

function numbersTable(context: Context, { rows }: TraceSummary): HTMLElement {
  const measures = knownMeasures(context.data.summary);
  const about = measures.map(({ head, about }) => `${head}: ${about}.`).join(" ");
  const table = tableElement({
    label: "All numbers",
    heads: ["", ...measures.map(({ head }) => head)],
    groups: inBlocks(rows).map(({ title, members }) => ({
      title,
      rows: members.map((row) => ({
        head: context.heading(row.contestant),
        isReference: context.isReference(row.contestant),
        cells: measures.map((measure) => {
          const time = measure.spread?.(row) ?? null;
          return time === null ? measureText(measure, row) : sureText(time);
        }),
      })),
    })),
  });
  const meanings = element(
    "details",
    {},
    element("summary", {}, "What the columns mean"),
    element("p", { class: "dim" }, about),
  );
  return element("div", {}, meanings, table);
}
