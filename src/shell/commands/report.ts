// How the commands show what they found: lines for people, one object for machines.

import type { ChunkState, ChunkView } from "../../inspect/chunks.js";
import { flagNames } from "../../inspect/chunks.js";
import type { Damage } from "../../inspect/damage.js";
import { hex } from "../../inspect/source.js";
import type { StepText } from "../../inspect/steps.js";
import { plainText, wrap, type Colors } from "../tables.js";

/** How to write for people. */
export interface Style {
  /** How words are painted. */
  readonly colors: Colors;
  /** Columns; no line is longer unless one number is. */
  readonly width: number;
}

/** Functions that leave text as it is, whatever they are called. */
const NO_COLORS = new Proxy({ isColorSupported: false } as Colors, {
  get: (known, name) => (name === "isColorSupported" ? known.isColorSupported : String),
});

/** @returns how to write without colours @param width columns */
export function plainStyle(width: number): Style {
  return { colors: NO_COLORS, width };
}

/** What a command found. */
export interface Report {
  /** For `--json`. */
  readonly json: object;
  /** Lines for people, without newlines, as they are asked for: a long list starts at once. */
  lines(style: Style): Iterable<string>;
  /** Whether the lines are somebody else's text, which stays as it is. */
  readonly isVerbatim?: true;
}

/** @returns the lines of a report, each as wide as it may be: what is longer goes on below */
export function* fittedLines(report: Report, style: Style): Generator<string, void, undefined> {
  for (const line of report.lines(style)) {
    const fits = line.length <= style.width || plainText(line).length <= style.width;
    if (fits || report.isVerbatim) yield line;
    else yield* wrap(line, style.width).split("\n");
  }
}

const PAINTS: Readonly<Record<ChunkState, (text: string, colors: Colors) => string>> = {
  used: (text) => text,
  "tcache-struct": (text, colors) => colors.dim(text),
  tcache: (text, colors) => colors.cyan(text),
  fastbin: (text, colors) => colors.blue(text),
  unsorted: (text, colors) => colors.magenta(text),
  smallbin: (text, colors) => colors.green(text),
  largebin: (text, colors) => colors.yellow(text),
  free: (text, colors) => colors.red(text),
  top: (text, colors) => colors.bold(text),
  fencepost: (text, colors) => colors.dim(text),
  mmapped: (text, colors) => colors.underline(text),
};

/** @returns text in the colour of a state */
export function painted(text: string, state: ChunkState, colors: Colors): string {
  return PAINTS[state](text, colors);
}

/** @returns what a chunk is, in words: `tcache[3] of thread 0`, `large bin 71`, `in use` */
export function stateText({ state, bin, thread }: Pick<ChunkView, "state" | "bin" | "thread">) {
  switch (state) {
    case "used":
      return "in use";
    case "tcache-struct":
      return `tcache_perthread_struct of thread ${thread}`;
    case "tcache":
      return `free: tcache[${bin}] of thread ${thread}`;
    case "fastbin":
      return `free: fast bin ${bin}`;
    case "unsorted":
      return "free: unsorted bin";
    case "smallbin":
      return `free: small bin ${bin}`;
    case "largebin":
      return `free: large bin ${bin}`;
    case "free":
      return "free, in no list";
    case "mmapped":
      return "in use: a mapping of its own";
    case "top":
    case "fencepost":
      return state;
  }
}

/** @returns a chunk in one line */
export function chunkLine(chunk: ChunkView, { colors, width }: Style): string {
  const { chunk: at, mem, size, flags, state } = chunk;
  const flagText = flagNames(flags)
    .replaceAll(/_INUSE|IS_|NON_MAIN_/g, "")
    .replaceAll(" | ", "|");
  const numbers =
    width < 90
      ? `${hex(at)}  ${hex(size).padStart(8)}`
      : `chunk ${hex(at)}  mem ${hex(mem)}  size ${hex(size).padStart(8)}  ${flagText.padEnd(7)}`;
  return `${numbers}  ${painted(stateText(chunk), state, colors)}`;
}

/** @returns a damage, as lines */
export function damageLines({ at, why }: Damage, { colors, width }: Style): string[] {
  return wrap(`corrupt at ${hex(at)}: ${why}`, width)
    .split("\n")
    .map((line) => colors.red(line));
}

/** Steps of sorting and emptying are many, and alike: of those in a row, so many are shown. */
const ALIKE = 8;
const MANY: ReadonlySet<string> = new Set([
  ...["CONSOLIDATED", "UNSORTED_PUT", "UNSORTED_SORT", "TCACHE_STASH", "MERGE_BACK", "MERGE_NEXT"],
]);

/** @returns the way that a call took, one line a step and more where it is long */
export function stepLines(steps: readonly StepText[], style: Style): string[] {
  const lines: string[] = [];
  for (let from = 0; from < steps.length;) {
    let to = from;
    while (to < steps.length && MANY.has(steps[to]!.name)) to++;
    const shown = to - from > ALIKE + 1 ? ALIKE : Math.max(1, to - from);
    lines.push(...oneByOne(steps.slice(from, from + shown), style));
    if (shown < to - from)
      lines.push(style.colors.dim(`    … ${to - from - shown} more steps of these kinds`));
    from = Math.max(to, from + 1);
  }
  return lines;
}

function oneByOne(steps: readonly StepText[], { colors, width }: Style): string[] {
  return steps.flatMap(({ text, decidedBy }) => {
    const [first = "", ...rest] = wrap(text, width - 4).split("\n");
    const lines = [`  - ${first}`, ...rest.map((line) => `    ${line}`)];
    const note = ` (${decidedBy})`;
    const last = lines.at(-1)!;
    if (last.length + note.length <= width) {
      lines[lines.length - 1] = last + colors.dim(note);
      return lines;
    }
    return [...lines, `   ${colors.dim(note)}`];
  });
}
