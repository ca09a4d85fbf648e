// Where this project stands in a run, in sentences: who is fastest, and every trace and measure
// where another allocator does better than the project's fastest heap.

import { formatBytes, formatCount, formatDuration, formatRatio } from "../../base/format.js";
import type { Group } from "./contestant.js";
import type { BenchResult, ContestantResult } from "./result.js";
import { inverse, type Estimate } from "./statistics.js";
import { PHASES, type Overall, type Row, type Summary } from "./summary.js";

/** The groups, as a row of a table. */
export const GROUP_HEADS: Readonly<Record<Group, string>> = {
  ours: "ours",
  wasm: "WebAssembly",
  "from-js": "from JavaScript",
  engine: "engine",
  native: "native",
  control: "controls",
};

/** Whose loop runs in WebAssembly, beside the allocator: the race that the verdict is about. */
const IN_WASM: ReadonlySet<Group> = new Set(["ours", "wasm"]);
/** A measure without an interval must differ by more than this share to be called worse. */
const WORSE = 0.05;
/** Traces that a sentence names before it counts the rest. */
const MOST_NAMED = 3;

/** A trace where another allocator does better than the reference. */
export interface Loss {
  readonly trace: string;
  /** Who does better. */
  readonly contestant: string;
  readonly title: string;
  readonly group: Group;
  /** Its warm time over the reference's, where that is surely less; null where it is not. */
  readonly warm: Estimate | null;
  /** In which measures, each with both numbers: "p99 1.2 µs, ours 3.4 µs". */
  readonly measures: readonly string[];
}

/** @returns "0.93x (0.91–0.95)" */
export function estimateText({ value, low, high }: Estimate): string {
  const [from, to] = [formatRatio(low), formatRatio(high)].map((text) => text.slice(0, -1));
  return `${formatRatio(value)} (${from}–${to})`;
}

/** @returns the contestant of that name @throws Error where there is none */
export function contestantNamed(result: BenchResult, name: string): ContestantResult {
  const found = result.contestants.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no contestant is named "${name}"`);
  return found;
}

/** @returns sentences that say how the project's fastest heap does: the first who is fastest */
export function verdictSentences(result: BenchResult, summary: Summary): string[] {
  const { reference } = summary;
  if (reference === null) return ["No heap of this project's completed a trace: no verdict."];
  return [
    `${rankSentence(result, summary, reference)}.`,
    ...loserSentences(result, summary),
    ...failureSentences(result, summary, reference),
    ...(result.noise.isBusy ? ["The machine was busy: take this with care."] : []),
  ];
}

/**
 * Who is ranked frees, and completed all that the reference did: else it would be another race.
 */
function rankSentence(result: BenchResult, summary: Summary, reference: string): string {
  const title = (name: string): string => contestantNamed(result, name).title;
  const all = summary.overall.find(({ contestant }) => contestant === reference)!.completed;
  const timed = summary.overall.flatMap((one) => {
    const { ratio, shared } = one.phases.warm;
    return IN_WASM.has(one.group) && ratio !== null ? [{ ...one, ratio, shared }] : [];
  });
  const frees = (name: string): boolean =>
    contestantNamed(result, name).abilities.includes("frees");
  const isRanked = ({ contestant, shared }: (typeof timed)[number]): boolean =>
    shared === all && frees(contestant);
  const ranked = timed.filter(isRanked).sort((a, b) => a.ratio.value - b.ratio.value);
  const left = timed
    .filter((one) => !isRanked(one))
    .map(({ contestant, shared }) => {
      const why = frees(contestant) ? `completed ${shared} of ${all} traces` : "never frees";
      return `${title(contestant)} (${why})`;
    });
  const unranked = left.length === 0 ? "" : `; unranked: ${left.join(", ")}`;
  const ours = title(reference);
  const race = `of ${ranked.length} in WebAssembly warm`;
  const rival = ranked.find(({ group }) => group !== "ours");
  if (rival === undefined) return `${ours} raced no other allocator in WebAssembly${unranked}`;
  const theirs = title(rival.contestant);
  const ofTheirs = `${estimateText(inverse(rival.ratio))} of ${theirs}${unranked}`;
  if (rival.ratio.low <= 1 && rival.ratio.high >= 1)
    return `${ours} and ${theirs} are the fastest ${race}, too close to call: ${ofTheirs}`;
  if (rival.ratio.value > 1) return `${ours} is the fastest ${race}, ${ofTheirs}`;
  const place = 1 + ranked.findIndex(({ contestant }) => contestant === reference);
  return `${theirs} is the fastest ${race}; ${ours} is number ${place}, ${ofTheirs}`;
}

/** Who is faster warm, in whichever group, and on which traces: the worst first. */
function loserSentences(result: BenchResult, summary: Summary): string[] {
  const losses = lossesOf(result, summary).filter(({ warm }) => warm !== null);
  return [true, false].flatMap((inWasm) => {
    const there = losses.filter(({ group }) => IN_WASM.has(group) === inWasm);
    const parts = [...new Set(there.map(({ title }) => title))].map((title) => {
      const sorted = there.filter((one) => one.title === title);
      sorted.sort((a, b) => a.warm!.value - b.warm!.value);
      const named = sorted.slice(0, MOST_NAMED).map(({ trace }) => trace);
      const rest = sorted.length - named.length;
      return `${title} on ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
    });
    if (parts.length === 0) return [];
    const where = inWasm ? "" : ", outside WebAssembly's race,";
    return [`It loses${where} to ${parts.join("; to ")}.`];
  });
}

function failureSentences({ traces }: BenchResult, summary: Summary, reference: string): string[] {
  const failed = summary.traces.flatMap(({ name, rows }) =>
    rows.some(({ contestant, failure }) => contestant === reference && failure !== null)
      ? [name]
      : [],
  );
  if (failed.length === 0) return [];
  return [`It does not complete ${failed.join(", ")}, of ${traces.length} traces.`];
}

/** @returns every trace and allocator that does better than the reference, by the traces */
export function lossesOf(result: BenchResult, summary: Summary): Loss[] {
  return summary.traces.flatMap(({ name, rows }) => {
    const ours = rows.find(({ contestant }) => contestant === summary.reference);
    if (ours === undefined || ours.failure !== null) return [];
    return rows.flatMap((row) => {
      const isRival = row.group !== "ours" && row.group !== "control" && row.failure === null;
      if (!isRival) return [];
      const measures = worseMeasures(row, ours);
      if (measures.length === 0) return [];
      const { title, group } = contestantNamed(result, row.contestant);
      const ratio = row.phases.warm?.ratio ?? null;
      const warm = ratio !== null && ratio.high < 1 ? ratio : null;
      return [{ trace: name, contestant: row.contestant, title, group, warm, measures }];
    });
  });
}

const NUMBERS = [
  ["p99 of a slice", "p99", formatDuration],
  ["longest slice", "longest", formatDuration],
  ["held at most", "heldPeak", formatBytes],
  ["resident", "residentBytes", formatBytes],
  ["growths", "growths", formatCount],
  ["refused", "refused", formatCount],
] as const;

function worseMeasures(theirs: Row, ours: Row): string[] {
  const times = PHASES.flatMap((phase) => {
    const time = theirs.phases[phase];
    const base = ours.phases[phase];
    if (time === null || base === null || time.ratio === null || time.ratio.high >= 1) return [];
    return [`${phase} ${estimateText(time.ratio)} of our time`];
  });
  const others = NUMBERS.flatMap(([what, key, format]) => {
    const [their, our] = [theirs[key], ours[key]];
    if (their === null || our === null || our <= their * (1 + WORSE)) return [];
    return [`${what} ${format(their)}, ours ${format(our)}`];
  });
  return [...times, ...others];
}

/** @returns what the reference is worse at, besides traces: code and start-up; [] for nothing */
export function generalLosses(result: BenchResult, summary: Summary): string[] {
  const { reference, overall } = summary;
  if (reference === null) return [];
  const ours = contestantNamed(result, reference);
  const start = overall.find(({ contestant }) => contestant === reference)!.startUp;
  const rivals = overall.filter(({ group }) => group === "wasm");
  const title = ({ contestant }: Overall): string => contestantNamed(result, contestant).title;
  const smaller = rivals.flatMap((one) => {
    const { code } = contestantNamed(result, one.contestant);
    const isLess = code !== null && ours.code !== null && code.raw < ours.code.raw;
    return isLess ? [`${title(one)} (${formatBytes(code.raw)})`] : [];
  });
  const sooner = rivals.flatMap((one) => {
    const isLess = start !== null && one.startUp !== null && one.startUp.high < start.low;
    return isLess ? [`${title(one)} (${formatDuration(one.startUp.median)})`] : [];
  });
  return [
    ...(smaller.length === 0
      ? []
      : [`Smaller than our ${formatBytes(ours.code!.raw)} of code: ${smaller.join(", ")}.`]),
    ...(sooner.length === 0
      ? []
      : [`Started sooner than our ${formatDuration(start!.median)}: ${sooner.join(", ")}.`]),
  ];
}
