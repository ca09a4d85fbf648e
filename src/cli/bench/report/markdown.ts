// The report of `bench` in Markdown, for issues and pull requests.

import { markdownTable } from "markdown-table";
import { formatBytes, formatDuration, formatNanoseconds } from "../../../base/format.js";
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
import { PHASES, type Summary } from "../summary.js";
import {
  CONTROL_NOTE,
  inGroups,
  knownMeasures,
  measureText,
  noiseText,
  NOTHING,
  provenanceText,
  sureText,
  TIMES_NOTE,
  traceText,
} from "./measures.js";

/** @returns the report, ending in a newline */
export function markdownReport(result: BenchResult, summary: Summary): string {
  const [first = "", ...rest] = verdictSentences(result, summary);
  const parts = [
    "# ptmalloc-wasm bench",
    `**${escaped(first)}**`,
    ...(rest.length === 0 ? [] : [escaped(rest.join(" "))]),
    bullets([...provenanceText(result), noiseText(result)]),
    "## All traces",
    overview(result, summary),
    ...summary.traces.flatMap((_, at) => traceParts(result, summary, at)),
    "## Contestants",
    contestants(result, summary),
    ...losses(result, summary),
    ...missing(result),
    `${TIMES_NOTE} ${CONTROL_NOTE}`,
  ];
  return `${parts.join("\n\n")}\n`;
}

/** @returns text whose characters mean nothing to Markdown; tables have no line breaks */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|~&]/g, "\\$&").replace(/\s*\n\s*/g, " ");
}

/** @returns a table in Markdown, all columns but the first ones on the right */
export function tableText(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  leftColumns = 2,
): string {
  const align = heads.map((_, i) => (i < leftColumns ? "l" : "r"));
  return markdownTable(
    [heads, ...rows].map((row) => row.map(escaped)),
    { align, padding: true },
  );
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${escaped(line)}`).join("\n");
}

function nameOf(result: BenchResult, { reference }: Summary, name: string): string {
  return `${contestantNamed(result, name).title}${name === reference ? " *" : ""}`;
}

function overview(result: BenchResult, summary: Summary): string {
  const heads = ["", "group", ...PHASES.flatMap((phase) => [`${phase}, ns`, "ratio"]), "traces"];
  const rows = inGroups(summary.overall, GROUPS).flatMap(([group, members]) =>
    members.map(({ contestant, phases, completed }) => [
      nameOf(result, summary, contestant),
      GROUP_HEADS[group],
      ...PHASES.flatMap((phase) => {
        const { mean, ratio } = phases[phase];
        return [
          mean === null ? NOTHING : formatNanoseconds(mean.value),
          ratio === null ? NOTHING : estimateText(ratio),
        ];
      }),
      `${completed} of ${result.traces.length}`,
    ]),
  );
  return tableText(heads, rows);
}

function traceParts(result: BenchResult, summary: Summary, at: number): string[] {
  const { name, rows } = summary.traces[at]!;
  const measures = knownMeasures(summary);
  const heads = ["", "group", ...measures.map(({ head }) => head), "ratio"];
  const cells = inGroups(rows, GROUPS).flatMap(([group, members]) =>
    members.map((row) => [
      nameOf(result, summary, row.contestant),
      GROUP_HEADS[group],
      ...measures.map((measure) => {
        const time = measure.spread?.(row) ?? null;
        return time === null ? measureText(measure, row) : sureText(time);
      }),
      row.phases.warm?.ratio ? estimateText(row.phases.warm.ratio) : NOTHING,
    ]),
  );
  const failed = rows.flatMap(({ contestant, failure }) =>
    failure === null ? [] : [`${contestantNamed(result, contestant).title}: ${failure}`],
  );
  return [
    `## ${escaped(name)}`,
    escaped(traceText(result.traces[at]!)),
    tableText(heads, cells),
    ...(failed.length === 0 ? [] : [`Not completed:`, bullets(failed)]),
  ];
}

function contestants(result: BenchResult, summary: Summary): string {
  const heads = ["", "group", "version", "source", "code", "gzip", "brotli", "start-up", "about"];
  const rows = inGroups(summary.overall, GROUPS).flatMap(([group, members]) =>
    members.map(({ contestant, startUp }) => {
      const { code, version, source, about } = contestantNamed(result, contestant);
      const sizes = [code?.raw, code?.gzip, code?.brotli];
      return [
        nameOf(result, summary, contestant),
        GROUP_HEADS[group],
        version,
        source,
        ...sizes.map((bytes) => (bytes === undefined ? NOTHING : formatBytes(bytes))),
        startUp === null ? NOTHING : formatDuration(startUp.median),
        about,
      ];
    }),
  );
  return tableText(heads, rows, 4);
}

function losses(result: BenchResult, summary: Summary): string[] {
  const rows = lossesOf(result, summary).map(({ trace, title, group, measures }) => [
    trace,
    title,
    GROUP_HEADS[group],
    measures.join("; "),
  ]);
  const general = generalLosses(result, summary);
  if (rows.length + general.length === 0) return [];
  const heads = ["trace", "better", "group", "in"];
  return [
    "## Where \\* does worse",
    ...(rows.length === 0 ? [] : [tableText(heads, rows, 4)]),
    ...(general.length === 0 ? [] : [bullets(general)]),
  ];
}

function missing({ missing: list }: BenchResult): string[] {
  if (list.length === 0) return [];
  const rows = list.map(({ title, what, how }) => [title, what, how]);
  return ["## Missing", tableText(["", "what is missing", "how to get it"], rows, 3)];
}
