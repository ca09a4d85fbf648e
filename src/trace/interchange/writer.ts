// What the writers of recordings have in common.

import { OpKind } from "../../layout/generated.js";
import type { Observer, Player, Size, Step } from "../player.js";
import { labelOf, type Trace } from "../trace.js";

/** An operation that has been replayed, for a writer. */
export interface Replayed extends Step {
  /** Its line in the trace. */
  readonly line: number;
  /** Its label; "" for none. */
  readonly label: string;
  /** What the live blocks were asked with, in bytes, after it. */
  readonly liveBytes: number;
  /** The address space that is mapped after it, in bytes. */
  readonly footprintBytes: number;
  /** The program break after it. */
  readonly brk: number;
}

/** What a writer is told about the trace. */
export interface Subject {
  /** The trace's name. */
  readonly name: string;
  /** How many operations it has. */
  readonly count: number;
  /** Whether it has lines that say whose turn it is. */
  readonly hasThreads: boolean;
}

/** Writes a replay, piece by piece, each a text with the ends of its lines. */
export interface Writer {
  head(): string;
  call(step: Replayed): string;
  /** A thread, by its number in the trace, exits. */
  exit(thread: number): string;
  tail(): string;
}

/** Starts a writer. */
export type WriterMaker = (subject: Subject) => Writer;

/** What the kernel knows, at a moment. */
export interface Footprint {
  /** The address space that is mapped, in bytes. */
  readonly footprintBytes: number;
  /** The program break. */
  readonly brk: number;
}

/** How many operations make a piece. */
const PIECE_OPS = 4096;

/**
 * Replays a trace and writes it.
 *
 * @param start starts the replay, in a fresh process, with an observer
 * @param look is asked after each operation
 * @returns the text, in pieces
 * @throws what `Player.to` throws
 */
export function* written(
  trace: Trace,
  start: (observer: Observer) => Player,
  look: () => Footprint,
  makeWriter: WriterMaker,
): Generator<string> {
  const { name, count, turns, lines } = trace;
  const writer = makeWriter({ name, count, hasThreads: turns.at.length > 0 });
  const live = new Map<number, number>();
  let piece = writer.head();
  let liveBytes = 0;
  let turn = 0;
  const exits = (end: number): void => {
    for (; turn < turns.at.length && turns.at[turn]! <= end; turn++) {
      const who = turns.who[turn]!;
      if (who < 0) piece += writer.exit(-1 - who);
    }
  };
  const player = start((step) => {
    const { index, before, after, bytes, result } = step;
    exits(index);
    if (result !== 0 || after !== before) {
      liveBytes -= live.get(before) ?? 0;
      live.delete(before);
      if (after !== 0) live.set(after, bytes);
      liveBytes += after === 0 ? 0 : bytes;
    }
    const line = lines[index]!;
    piece += writer.call({ ...step, line, label: labelOf(trace, index), liveBytes, ...look() });
  });
  while (player.done < count) {
    player.to(Math.min(player.done + PIECE_OPS, count));
    yield piece;
    piece = "";
  }
  exits(count);
  yield piece + writer.tail();
}

/** @returns how many bytes an operation asks for, exactly */
export function exactBytes({ kind, x, y, bytes }: Step): Size {
  if (kind === OpKind.MALLOC || kind === OpKind.REALLOC) return x;
  if (kind === OpKind.MEMALIGN) return y;
  return Number.isSafeInteger(bytes) ? bytes : BigInt(x) * BigInt(y);
}
