// The one player of traces: what each operation means, and the way through a trace up to any
// operation and on from there. Who is called is the caller's choice: a process with its threads, or
// anything else that has C's five functions over blocks of its own kind. An observer is told each
// step.
//
// The same meaning is written in the loops that are measured: assembly/replay/loop.ts, and for
// native glibc tests/oracle/native/apply.h; tests hold all three against each other. Loops that are
// timed in JavaScript (engine.ts, workers/loop.ts) take the rules from here, not the player.

import { HeapAbort } from "../process/failures.js";
import type { Abi } from "../layout/address.js";
import { OpKind } from "../layout/generated.js";
import { kindOf, NEVER_LIVE_SLOT, slotOf, TraceError, type Trace, TWO_TO_32 } from "./trace.js";

/** An argument of a call, exactly: a BigInt where a double would round it. */
export type Size = number | bigint;

/** C's functions over blocks of some kind; a block of 0 is NULL. Sizes in bytes. */
export interface Functions<Block, Argument> {
  malloc(size: Argument): Block;
  calloc(count: Argument, size: Argument): Block;
  memalign(alignment: Argument, size: Argument): Block;
  realloc(block: Block, size: Argument): Block;
  free(block: Block): void;
}

/** Who can play a trace. */
export interface Allocator<Block> extends Functions<Block | 0, Size> {
  /** The layout whose size_t it has. */
  readonly abi: Abi;
}

/** The threads of a trace, as the allocator has them. */
export interface Callers<Block> {
  /** The allocator as the thread sees it whose turn it is. */
  readonly now: Allocator<Block>;
  /** Takes a turn: see `Turns.who`. */
  take(who: number): void;
}

/** An operation that has been done. */
export interface Step<Block = number> {
  /** Its place in the trace, from 0. */
  readonly index: number;
  /** Which call it was. */
  readonly kind: OpKind;
  /** The thread's number in the trace. */
  readonly thread: number;
  /** The slot that it is about. */
  readonly slot: number;
  /** The arguments, cut to the layout's SIZE_MAX: see `Trace.xLow` and `Trace.yLow`. */
  readonly x: Size;
  /** The second argument, likewise. */
  readonly y: Size;
  /** What was asked for: see {@link bytesOf}. */
  readonly bytes: number;
  /** The slot's block before; 0 for none. */
  readonly before: Block | 0;
  /** What the call returned; 0 for NULL and for a free. */
  readonly result: Block | 0;
  /** The slot's block now; 0 for none. */
  readonly after: Block | 0;
  /** See {@link isRefusal}. */
  readonly isRefused: boolean;
}

/** Sees each step, right after it. It must not call the allocator's functions. */
export type Observer<Block = number> = (step: Step<Block>) => void;

const SIZE_MAX_32 = 0xffff_ffff;

/** @returns a size of a trace, in two halves, as a size_t of 32 bits: at most SIZE_MAX */
export function narrow(low: number, high: number): number {
  return high === 0 ? low : SIZE_MAX_32;
}

/** @returns a size of a trace, in two halves, as a layout's size_t has it */
export function sizeOf(low: number, high: number, abi: Abi): Size {
  if (abi === "ilp32" || high === 0) return narrow(low, high);
  const rounded = high * TWO_TO_32 + low;
  return Number.isSafeInteger(rounded) ? rounded : (BigInt(high) << 32n) | BigInt(low);
}

/**
 * What an operation asks for, in bytes: 0 for a free, the product for a calloc. As a double, so
 * above 2^53 it is approximate, and a calloc whose product does not fit size_t may come out above
 * it: such requests never succeed.
 */
export function bytesOf(kind: OpKind, x: Size, y: Size): number {
  if (kind === OpKind.FREE) return 0;
  if (kind === OpKind.CALLOC) return Number(x) * Number(y);
  return Number(kind === OpKind.MEMALIGN ? y : x);
}

/**
 * Makes the call of an operation.
 * @param old the block on its slot, which may be NULL
 * @returns what the function returned; 0 for a free
 */
export function call<Block, Argument>(
  functions: Functions<Block, Argument>,
  kind: OpKind,
  old: Block,
  x: Argument,
  y: Argument,
): Block | 0 {
  switch (kind) {
    case OpKind.MALLOC:
      return functions.malloc(x);
    case OpKind.CALLOC:
      return functions.calloc(x, y);
    case OpKind.MEMALIGN:
      return functions.memalign(x, y);
    case OpKind.REALLOC:
      return functions.realloc(old, x);
    case OpKind.FREE:
      functions.free(old);
      return 0;
  }
}

/**
 * Whether NULL leaves the slot's block as it was: a realloc that fails does, one to 0 bytes has
 * freed it. Whatever else is returned takes the old block's place on the slot.
 */
export function keepsOld(kind: OpKind, x: Size): boolean {
  return kind === OpKind.REALLOC && Number(x) !== 0;
}

/** Whether an operation was refused: it got NULL, and did not ask for a block's end. */
export function isRefusal(kind: OpKind, bytes: number, before: unknown, result: unknown): boolean {
  if (result !== 0 || kind === OpKind.FREE) return false;
  return kind !== OpKind.REALLOC || bytes !== 0 || before === 0;
}

/** Where a player is: for one that is to go on from there. */
export interface PlayerState<Block = number> {
  readonly done: number;
  readonly turn: number;
  readonly thread: number;
  readonly blocks: readonly (Block | 0)[];
}

/** Plays one trace once. */
export class Player<Block = number> {
  readonly trace: Trace;
  readonly #callers: Callers<Block>;
  readonly #observer: Observer<Block> | undefined;
  readonly #blocks: (Block | 0)[];
  #done = 0;
  #turn = 0;
  #thread = 0;

  /** @param callers whose thread 0 is first, and who have no block of the trace yet */
  constructor(trace: Trace, callers: Callers<Block>, observer?: Observer<Block>) {
    this.trace = trace;
    this.#callers = callers;
    this.#observer = observer;
    this.#blocks = new Array<Block | 0>(trace.slots).fill(0);
  }

  /** How many operations have been done: the index of the next. */
  get done(): number {
    return this.#done;
  }

  /** @returns the live block of a slot; 0 for none */
  block(slot: number): Block | 0 {
    return this.#blocks[slot] ?? 0;
  }

  /**
   * Goes on, up to but not including operation `end`. At the trace's end the turns behind its last
   * operation are taken, too.
   * @param end without it, all of the trace
   * @throws RangeError when `end` has been passed or is beyond the trace's end; TraceError that
   *   names the operation in which malloc aborts; what the allocator's functions throw
   */
  to(end = this.trace.count): void {
    if (!(end >= this.#done && end <= this.trace.count))
      throw new RangeError(`operation ${end} is not in ${this.#done} to ${this.trace.count}`);
    while (this.#done < end) {
      this.#takeTurns();
      this.#step(this.#done);
      this.#done++;
    }
    if (end === this.trace.count) this.#takeTurns();
  }

  /** @returns where it is, copied */
  save(): PlayerState<Block> {
    const [done, turn, thread] = [this.#done, this.#turn, this.#thread];
    return { done, turn, thread, blocks: this.#blocks.slice() };
  }

  /** Goes back, or on, to where a player of this trace was; its allocator must be there, too. */
  resume({ done, turn, thread, blocks }: PlayerState<Block>): void {
    this.#done = done;
    this.#turn = turn;
    this.#thread = thread;
    // In place: a new table for each move would be new pages each time.
    blocks.forEach((block, slot) => {
      this.#blocks[slot] = block;
    });
  }

  /** Frees every live block, in the order of the slots, in the thread that called last. */
  release(): void {
    this.#blocks.forEach((block, slot) => {
      this.#blocks[slot] = 0;
      if (block !== 0) this.#callers.now.free(block);
    });
  }

  /** What happens in front of the next operation. */
  #takeTurns(): void {
    const { at, who } = this.trace.turns;
    for (; this.#turn < at.length && at[this.#turn]! <= this.#done; this.#turn++) {
      const next = who[this.#turn]!;
      if (next >= 0) this.#thread = next;
      this.#callers.take(next);
    }
  }

  #step(index: number): void {
    const { idKinds, xLow, xHigh, yLow, yHigh } = this.trace;
    const kind = kindOf(idKinds[index]!);
    const slot = slotOf(idKinds[index]!);
    const { abi } = this.#callers.now;
    const x = sizeOf(xLow[index]!, xHigh[index]!, abi);
    const y = sizeOf(yLow[index]!, yHigh[index]!, abi);
    const before = this.#blocks[slot]!;
    const result = this.#call(index, kind, before, x, y);
    const after = result === 0 && keepsOld(kind, x) ? before : result;
    if (slot !== NEVER_LIVE_SLOT) this.#blocks[slot] = after;
    if (this.#observer === undefined) return;
    const bytes = bytesOf(kind, x, y);
    this.#observer({
      index,
      kind,
      thread: this.#thread,
      slot,
      x,
      y,
      bytes,
      before,
      result,
      after: this.#blocks[slot]!,
      isRefused: isRefusal(kind, bytes, before, result),
    });
  }

  #call(index: number, kind: OpKind, old: Block | 0, x: Size, y: Size): Block | 0 {
    try {
      return call(this.#callers.now, kind, old, x, y);
    } catch (error) {
      if (!(error instanceof HeapAbort)) throw error;
      const { name, lines } = this.trace;
      throw new TraceError(name, lines[index]!, `operation ${index}: ${error.message}`);
    }
  }
}

/**
 * Plays a trace on no allocator: what it answers is known from an earlier run.
 * @param refused 1 for each operation that was refused, else 0
 * @param observer is told 1 for every block
 */
export function playAnswers(
  trace: Trace,
  abi: Abi,
  refused: Uint8Array,
  observer: Observer<1>,
): void {
  const answer = (): 0 | 1 => (refused[player.done] === 1 ? 0 : 1);
  const now: Allocator<1> = {
    abi,
    malloc: answer,
    calloc: answer,
    memalign: answer,
    realloc: (block, size) => (block !== 0 && Number(size) === 0 ? 0 : answer()),
    free: () => undefined,
  };
  const player = new Player(trace, { now, take: () => undefined }, observer);
  player.to();
}
