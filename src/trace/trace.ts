// A parsed allocation trace: one program's calls to the allocator, as a structure of arrays.
//
// A trace names its blocks by id. Ids may be sparse, huge or used again while their block is still
// live; here every block has a *slot*, a small dense number. An id that is given a new block while
// the old one may still be live gets a new slot, so no slot ever forgets a block: whoever replays a
// trace can free all that it left behind.

import { KIND_BITS, type OpKind } from "../layout/generated.js";

/**
 * The slot of "an id that is never live": freeing it is `free(NULL)`, and nothing is ever stored
 * there.
 */
export const NEVER_LIVE_SLOT = 0;

/** Bits of {@link Trace.idKinds} that hold the kind; the slot is above them. */
export { KIND_BITS };
/** One more than the low half of a size can be. */
export const TWO_TO_32 = 2 ** 32;

const KIND_MASK = (1 << KIND_BITS) - 1;

/** @returns the kind of an element of {@link Trace.idKinds} */
export function kindOf(idKind: number): OpKind {
  return (idKind & KIND_MASK) as OpKind;
}

/** @returns the slot of an element of {@link Trace.idKinds} */
export function slotOf(idKind: number): number {
  return idKind >>> KIND_BITS;
}

/**
 * Which thread calls, where a recording has several: `t` and `x` lines, in the order of the trace.
 */
export interface Turns {
  /**
   * For each turn the index of the operation that it stands in front of; `count` of the trace for
   * those behind the last.
   */
  readonly at: Uint32Array;
  /**
   * The thread that calls from there on; or, for the exit of thread n, `-1 - n`. Before the first
   * turn it is thread 0's. A number that comes again after its exit is another thread's. Numbers
   * are as the recorder gave them, up to 2^53 - 1.
   */
  readonly who: Float64Array;
}

/** What the operations are labelled with: see {@link Trace.labels}. */
export interface Labels {
  /** The different labels, each one line; the first is "", that of operations without one. */
  readonly texts: readonly string[];
  /** For each operation the index of its label. */
  readonly of: Uint32Array;
}

/**
 * One trace. The arrays have one element per operation; arguments are 64-bit, in two halves, so
 * that a trace is the same for both layouts (up to 2^64 - 1).
 */
export interface Trace {
  /** What the trace is called in messages: its file's path as given. */
  readonly name: string;
  /**
   * The numbers of the header lines (malloclab: suggested heap size, ids, operations, weight). Not
   * relied upon.
   */
  readonly header: readonly number[];
  /**
   * What the text has that could be meant otherwise, or is odd, each as `LINE:COLUMN: WHAT` where a
   * line is to blame: to be shown, so that nothing passes in silence.
   */
  readonly notes: readonly string[];
  /** Number of operations. */
  readonly count: number;
  /** Number of slots, {@link NEVER_LIVE_SLOT} included: the least length of a block table. */
  readonly slots: number;
  /** Whose turn it is; empty for a trace of one thread. */
  readonly turns: Turns;
  /** The line of the text, from 1, that each operation is on: for messages. */
  readonly lines: Uint32Array;
  /** `slot * 8 + kind` of each operation. */
  readonly idKinds: Uint32Array;
  /** First argument (size; count of a calloc; alignment of a memalign), bits 0 to 31. */
  readonly xLow: Uint32Array;
  /** First argument, bits 32 to 63. */
  readonly xHigh: Uint32Array;
  /** Second argument (size of one element of a calloc; size of a memalign), bits 0 to 31. */
  readonly yLow: Uint32Array;
  /** Second argument, bits 32 to 63. */
  readonly yHigh: Uint32Array;
  /**
   * Where each call comes from, or whatever else the comment behind it says; a stack is
   * `f <- g <- main`, innermost first. Absent where no operation has one.
   */
  readonly labels?: Labels;
}

/** @returns the label of an operation; "" for none */
export function labelOf({ labels }: Trace, index: number): string {
  return labels === undefined ? "" : labels.texts[labels.of[index]!]!;
}

/** @returns a short name for a table: `lua` for `recordings/lua.rep.gz` */
export function shortName({ name }: Trace): string {
  return name
    .replace(/^.*[\\/]/, "")
    .replace(/\.gz$/, "")
    .replace(/\.rep$/, "");
}

/**
 * A trace that cannot be replayed. `message` is `FILE:LINE:COLUMN: REASON`, or `FILE: REASON` where
 * no line is to blame.
 */
export class TraceError extends Error {
  /** "TraceError", also where a bundler has renamed the class. */
  override readonly name = "TraceError";
  /** The trace's name. */
  readonly file: string;
  /** The line, from 1; 0: the whole trace. */
  readonly line: number;
  /** The byte in the line, from 1; 0: all of it. */
  readonly column: number;
  /** What is wrong, in a few words. */
  readonly reason: string;

  /**
   * @param file name of the trace, as in {@link Trace.name}
   * @param line line number, from 1; 0 when the trouble is with the file as a whole
   * @param reason what is wrong, in a few words
   * @param column in bytes, from 1; 0 when all of the line is to blame
   */
  constructor(file: string, line: number, reason: string, column = 0) {
    const place = [file, line, column].filter((part) => part !== 0).join(":");
    super(`${place}: ${reason}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.reason = reason;
  }
}
