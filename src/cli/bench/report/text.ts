// The report of `bench` for the terminal: a verdict, then a table for each measure.

import {
  formatCount,
  formatDuration,
  formatBytes,
  formatNanoseconds,
} from "../../../base/format.js";
import type { CliIo } from "../../io.js";
import {
  colorsFor,
  section,
  table,
  terminalWidth,
  wrap,
  type Cell,
  type Colors,
  type Column,
} from "../../tables.js";
import { GROUPS } from "../contestant.js";
import type { BenchResult } from "../result.js";
import {
  contestantNamed,
  estimateText,
  generalLosses,
  GROUP_HEADS,
  lossesOf,
  verdictSentences,
} from "../standing.js";
import { PHASES, type Overall, type Row, type Summary } from "../summary.js";
import { matrix } from "./matrix.js";
import {
  CONTROL_NOTE,
  inGroups,
  intervalText,
  knownMeasures,
  measureText,
  noiseText,
  NOTHING,
  provenanceText,
  sureText,
  TIMES_NOTE,
  traceText,
  type Measure,
} from "./measures.js";

/** What a part of the report is made of. */
interface Page {
  readonly result: BenchResult;
  readonly summary: Summary;
  readonly colors: Colors;
  readonly width: number;
}

/** @returns the whole report, ending in a newline; no line is wider than the terminal */
export function textReport(result: BenchResult, summary: Summary, io: CliIo): string {
  const page = { result, summary, colors: colorsFor(io), width: terminalWidth(io) };
  const tables = result.traces.length === 1 ? oneTrace(page) : manyTraces(page);
  const parts = [
    verdict(page),
    heading(page),
    ...tables,
    contestants(page),
    losses(page),
    failures(page),
    missing(page),
    notes(page),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function verdict({ result, summary, colors, width }: Page): string {
  const [first = "", ...rest] = verdictSentences(result, summary);
  return [colors.bold(wrap(first, width)), ...rest.map((line) => wrap(line, width))].join("\n");
}

function heading({ result, colors, width }: Page): string {
  const noise = wrap(noiseText(result), width);
  const lines = provenanceText(result).map((line) => colors.dim(wrap(line, width)));
  return [...lines, result.noise.isBusy ? colors.yellow(noise) : colors.dim(noise)].join("\n");
}

/** @returns the title of a contestant, marked where it is the one that others are compared with */
function nameCell({ result, summary, colors }: Page, name: string): string {
  const { title } = contestantNamed(result, name);
  return name === summary.reference ? colors.bold(`${title} *`) : title;
}

/** Rows in blocks, one for each group, below the group's title. */
function blocks<T extends Row | Overall>(
  page: Page,
  list: readonly T[],
  cells: (one: T) => readonly Cell[],
): Cell[][] {
  return inGroups(list, GROUPS).flatMap(([group, members]) => [
    [page.colors.cyan(GROUP_HEADS[group])],
    ...members.map((one) => [`  ${nameCell(page, one.contestant)}`, ...cells(one)]),
  ]);
}

/** Of several traces these measures; the page, Markdown and CSV have all. */
const SHOWN_OF_MANY = ["warm_ns", "cold_ns", "longest_ns", "resident_bytes"];

function manyTraces(page: Page): string[] {
  const { summary, colors, width } = page;
  const parts = [overview(page)];
  const measures = knownMeasures(summary).filter(({ key }) => SHOWN_OF_MANY.includes(key));
  for (const measure of measures) {
    const rows = blocks(page, summary.overall, ({ contestant }) =>
      summary.traces.map(({ rows: all }) =>
        cell(
          page,
          measure,
          all.find((row) => row.contestant === contestant),
        ),
      ),
    );
    const heads = summary.traces.map(({ name }) => name);
    const title = section(measure.head, measure.about, colors, width);
    parts.push(title + matrix({ heads, rows, colors, width }));
  }
  return parts;
}

/** A number; yellow where it is surely better than that of this project's fastest heap. */
function cell({ colors }: Page, measure: Measure, row: Row | undefined): string {
  const time = row === undefined ? null : (measure.spread?.(row) ?? null);
  if (time === null) return measureText(measure, row);
  const text = sureText(time);
  const isRival = row!.group !== "ours" && row!.group !== "control";
  return isRival && time.ratio !== null && time.ratio.high < 1 ? colors.yellow(text) : text;
}

/** Means over all traces. */
function overview(page: Page): string {
  const { summary, result, colors, width } = page;
  const columns: Column[] = [
    { wraps: true },
    ...PHASES.flatMap((phase, i) => [
      { head: phase, priority: i },
      { head: phase === "warm" ? "ratio" : `${phase} ratio`, priority: i === 0 ? 0 : 2 + i },
    ]),
    { head: "traces", priority: 3 },
  ];
  const rows = blocks(page, summary.overall, ({ phases, completed }) => [
    ...PHASES.flatMap((phase) => {
      const { mean, ratio } = phases[phase];
      return [
        mean === null ? NOTHING : formatNanoseconds(mean.value),
        ratio === null ? NOTHING : estimateText(ratio),
      ];
    }),
    `${completed} of ${result.traces.length}`,
  ]);
  const note =
    "nanoseconds an operation, geometric means over the traces that a contestant completed; " +
    "ratios: its time over that of *, over the traces that both completed";
  return section("All traces", note, colors, width) + table({ columns, rows: rows, colors, width });
}

/** Contestants × measures. */
function oneTrace(page: Page): string[] {
  const { summary, result, colors, width } = page;
  const [trace] = summary.traces;
  const rows = trace!.rows;
  const times = blocks(page, rows, (row) =>
    PHASES.flatMap((phase) => {
      const time = row.phases[phase];
      if (time === null) return [row.failure === null ? NOTHING : "failed", ""];
      const ratio = time.ratio === null ? NOTHING : estimateText(time.ratio);
      const net = time.net === null ? NOTHING : formatNanoseconds(Math.max(0, time.net));
      const more = phase === "warm" ? [ratio, net] : [];
      return [formatNanoseconds(time.median), intervalText(time), ...more];
    }),
  );
  const columns: Column[] = [
    { wraps: true },
    { head: "warm" },
    { head: "95 %", priority: 1 },
    { head: "ratio", priority: 0 },
    { head: "net", priority: 2 },
    { head: "lukewarm", priority: 3 },
    { head: "95 %", priority: 5 },
    { head: "cold", priority: 2 },
    { head: "95 %", priority: 4 },
  ];
  const others = knownMeasures(summary).filter(
    ({ spread, head }) => spread === undefined && head !== "net",
  );
  const heads = others.map(({ head }) => head);
  const rest = blocks(page, rows, (row) => others.map((measure) => measureText(measure, row)));
  const about = others.map((one) => `${one.head}: ${one.about}`).join("; ");
  const head = (title: string, note: string): string => section(title, note, colors, width);
  return [
    head(trace!.name, traceText(result.traces[0]!)) +
      head("Time", "nanoseconds an operation, medians; ratio: to the time of *") +
      table({ columns, rows: times, colors, width }),
    head("Latency and memory", about) + matrix({ heads, rows: rest, colors, width }),
  ];
}

function contestants(page: Page): string {
  const { summary, result, colors, width } = page;
  const columns: Column[] = [
    { wraps: true },
    { head: "code" },
    { head: "gzip", priority: 2 },
    { head: "brotli", priority: 3 },
    { head: "start-up", priority: 0 },
    { head: "95 %", priority: 4 },
    { head: "version", align: "left", priority: 1 },
  ];
  const rows = blocks(page, summary.overall, ({ contestant, startUp }) => {
    const { code, version } = contestantNamed(result, contestant);
    const bytes = (count: number | undefined): string =>
      count === undefined ? NOTHING : formatBytes(count);
    return [
      bytes(code?.raw),
      bytes(code?.gzip),
      bytes(code?.brotli),
      startUp === null ? NOTHING : formatDuration(startUp.median),
      startUp === null ? "" : `${formatDuration(startUp.low)}–${formatDuration(startUp.high)}`,
      version,
    ];
  });
  const note = "start-up: compiling, instantiating and one malloc(24)";
  return section("Contestants", note, colors, width) + table({ columns, rows, colors, width });
}

/** At most so many lines of losses for each trace; the page and CSV have all. */
const MOST_LOSSES = 4;

function losses({ result, summary, colors, width }: Page): string {
  const list = lossesOf(result, summary);
  const lines = result.traces.flatMap(({ name }) => {
    const here = list.filter(({ trace }) => trace === name);
    here.sort((a, b) => (a.warm?.value ?? 1) - (b.warm?.value ?? 1));
    const shown = here
      .slice(0, MOST_LOSSES)
      .map((one): Cell[] => [one.title, one.measures.join("; ")]);
    const more = here.length - shown.length;
    if (more > 0) shown.push(["", `and ${formatCount(more)} more in some measure: --html, --csv`]);
    return shown.length === 0 ? [] : [[colors.bold(name), ""], ...shown];
  });
  const general = generalLosses(result, summary).map((line) => wrap(line, width));
  if (lines.length + general.length === 0) return "";
  const columns: Column[] = [{ wraps: false }, { align: "left", wraps: true }];
  const head = section("Where * does worse", "by more than chance, or by 5 %", colors, width);
  const body = lines.length === 0 ? [] : [table({ columns, rows: lines, width })];
  return head + [...body, ...general].join("\n");
}

function failures({ result, summary, colors, width }: Page): string {
  const lines = summary.traces.flatMap(({ name, rows }) =>
    rows.flatMap(({ contestant, failure }) =>
      failure === null
        ? []
        : [wrap(`${contestantNamed(result, contestant).title} on ${name}: ${failure}`, width)],
    ),
  );
  if (lines.length === 0) return "";
  return section("Not completed", "", colors, width) + lines.join("\n");
}

function missing({ result, colors, width }: Page): string {
  if (result.missing.length === 0) return "";
  const columns: Column[] = [{}, { align: "left", wraps: true }];
  const rows = result.missing.map(({ title, what, how }) => [title, `${what}: ${how}`]);
  return section("Missing", "and how to get them", colors, width) + table({ columns, rows, width });
}

const MORE_NOTE =
  "Other measures (lukewarm, p50 to p99.9, held, growths, collections …): --html has all, and so " +
  "have bench report --markdown and --csv.";

function notes({ result, colors, width }: Page): string {
  const hasControl = result.contestants.some(({ group }) => group === "control");
  const lines = [TIMES_NOTE, ...(hasControl ? [CONTROL_NOTE] : [])];
  if (result.traces.length > 1) lines.push(MORE_NOTE);
  return lines.map((line) => colors.dim(wrap(line, width))).join("\n");
}
