// What other programs have recorded, as traces.

import { TraceError } from "../trace.js";
import { HEAPTRACK_HEAD, HeaptrackReader } from "./from-heaptrack.js";
import { BPFTRACE_HEAD, LtraceReader } from "./from-ltrace.js";
import { MtraceReader } from "./from-mtrace.js";
import { ValgrindReader } from "./from-valgrind.js";
import { TraceMaker, type Made } from "./maker.js";
import { linesOf, type Reader, type ReaderMaker } from "./reader.js";
import { REMARK, REMARKS_HEAD } from "./remarks.js";

/** The formats that there are readers for. */
export const RECORDINGS = ["heaptrack", "mtrace", "ltrace", "valgrind", "bpftrace"] as const;
/** One of {@link RECORDINGS}. */
export type RecordingFormat = (typeof RECORDINGS)[number];

/** A recording that has been read. */
export interface Imported extends Made {
  /** Whose recording it is. */
  readonly format: RecordingFormat;
}

const READERS: Readonly<Record<RecordingFormat, ReaderMaker>> = {
  heaptrack: (maker, name) => new HeaptrackReader(maker, name),
  mtrace: (maker, name) => new MtraceReader(maker, name),
  ltrace: (maker, name) => new LtraceReader(maker, name),
  valgrind: (maker, name) => new ValgrindReader(maker, name),
  bpftrace: (maker, name) => new LtraceReader(maker, name),
};

/** By what a line shows whose format it is, in the order in which they are tried. */
const MARKS: readonly (readonly [RecordingFormat, RegExp])[] = [
  ["heaptrack", HEAPTRACK_HEAD],
  ["valgrind", /^(==\d+== |--\d+-- )/],
  ["mtrace", /^(= Start$|(@ \S+ )?[-+<>!] (0x[\da-f]+|\(nil\)))/],
  ["bpftrace", new RegExp(`^${BPFTRACE_HEAD}`)],
  ["ltrace", /\S\(.*(\)\s+= \S|<unfinished \.\.\.>$)/],
];
/** How many lines are looked at for the format. */
const MOST_LOOKED_AT = 10_000;

/**
 * Finds out who recorded a text.
 * @param bytes the recording, unpacked
 * @param name what to call it in messages
 * @throws TraceError where it is none that is known
 */
export function formatOf(bytes: Uint8Array, name: string): RecordingFormat {
  let looked = 0;
  for (const line of linesOf(bytes)) {
    const mark = MARKS.find(([, pattern]) => pattern.test(line));
    if (mark !== undefined) return mark[0];
    if (++looked === MOST_LOOKED_AT) break;
  }
  const why = bytes.length === 0 ? "it is empty" : `it is none of ${RECORDINGS.join(", ")}`;
  throw new TraceError(name, 0, `no recording that is known: ${why}`);
}

/**
 * Makes a trace of a recording.
 *
 * @param bytes the recording, unpacked
 * @param name what to call it in messages
 * @param format whose it is; without it, as {@link formatOf} finds
 * @returns the trace as text, and what is odd about the recording
 * @throws TraceError that names the line that breaks a rule; or where there is no call in it
 */
export function importRecording(
  bytes: Uint8Array,
  name: string,
  format: RecordingFormat = formatOf(bytes, name),
): Imported {
  const maker = new TraceMaker();
  let reader = READERS[format](maker, name);
  let number = 0;
  for (const text of linesOf(bytes)) {
    number++;
    if (text === REMARKS_HEAD) reader = new RemarkReader(new LtraceReader(maker, name));
    else reader.line(text, number);
  }
  reader.finish();
  if (maker.operations === 0) {
    throw new TraceError(name, 0, `there is no allocation call in it, as ${format} writes them`);
  }
  return { format, ...maker.finish() };
}

/** Reads the calls that `export` writes as comments, where the format itself loses some. */
class RemarkReader implements Reader {
  readonly #calls: LtraceReader;

  constructor(calls: LtraceReader) {
    this.#calls = calls;
  }

  line(text: string, line: number): void {
    if (text.startsWith(REMARK)) this.#calls.line(text.slice(REMARK.length), line);
  }

  finish(): void {
    this.#calls.finish();
  }
}
