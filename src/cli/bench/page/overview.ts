// The page's first view: who is fastest over all traces, what the contestants are, what is missing.

import {
  formatBytes,
  formatDuration,
  formatNanoseconds,
  formatRatio,
} from "../../../base/format.js";
import { CONTROL_NOTE, NOTHING, TIMES_NOTE } from "../report/measures.js";
import { PHASES, type Overall } from "../summary.js";
import { figure, inBlocks, ratioCell, type Context } from "./context.js";
import { element, tableElement, type Child } from "./dom.js";
import { downloads } from "./downloads.js";
import { lossesPart } from "./losses.js";
import { barPlot, responsive, type Bar } from "./plots.js";

/** @returns what the view shows, below its heading */
export function overview(context: Context): Child[] {
  const { verdict, losses, generalLosses } = context.data;
  const [first = "", ...rest] = verdict;
  return [
    element("p", { class: "lead" }, first),
    ...rest.map((line) => element("p", {}, line)),
    element("h3", {}, "All traces"),
    element("p", { class: "dim" }, `${TIMES_NOTE} ${CONTROL_NOTE}`),
    ...inBlocks(context.data.summary.overall).map((block) => meansFigure(context, block)),
    element("h3", {}, "Code and start-up"),
    ...codeFigures(context),
    ...lossesPart(context, losses, generalLosses),
    element("h3", {}, "Contestants"),
    contestantTable(context),
    ...missingPart(context),
    element("h3", {}, "Samples"),
    downloads(context),
  ];
}

interface Block {
  readonly title: string;
  readonly members: readonly Overall[];
}

function meansFigure(context: Context, { title, members }: Block): HTMLElement {
  const bars = members.flatMap(({ contestant, phases }) =>
    PHASES.flatMap((phase): Bar[] => {
      const { ratio } = phases[phase];
      if (ratio === null) return [];
      const { value, low, high } = ratio;
      const label = `${formatRatio(value)} ${phase}`;
      const look = context.look(contestant);
      return [{ title: context.title(contestant), series: phase, value, low, high, label, look }];
    }),
  );
  const axis = "times the time of * →";
  const note =
    "Geometric means of the ratios to *, over the traces that both completed; less is better.";
  return figure(
    { title, note },
    responsive((width) => barPlot({ bars, series: PHASES, axis, mark: 1 }, width)),
    tableElement({
      label: `${title}: means over all traces`,
      heads: ["", "warm, ns", ...PHASES.map((phase) => `${phase} ratio`), "traces"],
      groups: [{ title: "", rows: members.map((one) => meansRow(context, one)) }],
    }),
  );
}

function meansRow(context: Context, { contestant, phases, completed }: Overall) {
  const { mean } = phases.warm;
  const ratios = PHASES.map((phase) => {
    const { ratio } = phases[phase];
    return ratio === null ? NOTHING : ratioCell(ratio);
  });
  const time = mean === null ? NOTHING : formatNanoseconds(mean.value);
  return {
    head: context.heading(contestant),
    isReference: context.isReference(contestant),
    cells: [time, ...ratios, `${completed} of ${context.data.result.traces.length}`],
  };
}

function codeFigures(context: Context): HTMLElement[] {
  const { contestants } = context.data.result;
  const coded = contestants.flatMap((one) =>
    one.code === null ? [] : [{ ...one, code: one.code }],
  );
  const started = context.data.summary.overall.flatMap((one) =>
    one.startUp === null ? [] : [{ ...one, startUp: one.startUp }],
  );
  const kinds = ["raw", "gzip", "brotli"] as const;
  const sizes = coded.flatMap(({ name, title, code }) =>
    kinds.map((series): Bar => {
      const label = `${formatBytes(code[series])} ${series}`;
      return { title, series, value: code[series] / 1024, label, look: context.look(name) };
    }),
  );
  const starts = started.map(({ contestant, startUp }): Bar => {
    const [value, low, high] = [startUp.median, startUp.low, startUp.high].map((ns) => ns / 1000);
    const label = formatDuration(startUp.median);
    const look = context.look(contestant);
    const title = context.title(contestant);
    return { title, series: "start-up", value: value!, low, high, label, look };
  });
  const codeTable = tableElement({
    label: "Code size",
    heads: ["", ...kinds],
    groups: inBlocks(coded).map(({ title, members }) => ({
      title,
      rows: members.map(({ name, code }) => ({
        head: context.heading(name),
        isReference: context.isReference(name),
        cells: kinds.map((kind) => formatBytes(code[kind])),
      })),
    })),
  });
  const startTable = tableElement({
    label: "Start-up",
    heads: ["", "median", "95 %", "best"],
    groups: inBlocks(started).map(({ title, members }) => ({
      title,
      rows: members.map(({ contestant, startUp: { median, low, high, best } }) => ({
        head: context.heading(contestant),
        isReference: context.isReference(contestant),
        cells: [
          formatDuration(median),
          `${formatDuration(low)}–${formatDuration(high)}`,
          formatDuration(best),
        ],
      })),
    })),
  });
  const plot = (bars: readonly Bar[], series: readonly string[], axis: string): HTMLElement =>
    responsive((width) => barPlot({ bars, series, axis }, width));
  return [
    ...(sizes.length === 0
      ? []
      : [figure(CODE_CAPTION, plot(sizes, kinds, "KiB of the module →"), codeTable)]),
    ...(starts.length === 0
      ? []
      : [figure(START_CAPTION, plot(starts, ["start-up"], "microseconds →"), startTable)]),
  ];
}

const CODE_CAPTION = {
  title: "Code",
  note: "Bytes of the WebAssembly module. Modules in C hold the loop and parts of libc, too.",
};
const START_CAPTION = {
  title: "Start-up",
  note: "Compiling, instantiating and one malloc(24), from bytes in memory.",
};

function contestantTable(context: Context): HTMLElement {
  return tableElement({
    label: "Contestants",
    heads: ["", "version", "made of", "can", "about"],
    words: [0, 1, 2, 3],
    groups: inBlocks(context.data.result.contestants).map(({ title, members }) => ({
      title,
      rows: members.map(({ name, version, source, abilities, about }) => ({
        head: context.heading(name),
        isReference: context.isReference(name),
        cells: [version, source, abilities.join(", "), about],
      })),
    })),
  });
}

function missingPart({ data: { result } }: Context): HTMLElement[] {
  if (result.missing.length === 0) return [];
  const rows = result.missing.map(({ title, what, how }) => ({
    head: title,
    cells: [what, element("code", {}, how)],
  }));
  const heads = ["", "what is missing", "how to get it"];
  const words = [0, 1];
  return [
    element("h3", {}, "Missing"),
    tableElement({ label: "Missing contestants", heads, words, groups: [{ title: "", rows }] }),
  ];
}
