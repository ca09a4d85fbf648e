// Any moment of a trace: a process that can be taken to before or after every operation, back and
// forth. Checkpoints are made on the way at regular distances; going back is going to the one
// before, and on from there.

import { rewind, takeCheckpoint, type Checkpoint } from "../inspect/checkpoint.js";
import { StepLog } from "../inspect/dry-run.js";
import type { StepText } from "../inspect/steps.js";
import type { FullProcess } from "../process/full-process.js";
import { OpKind } from "../layout/generated.js";
import { Player, type Observer, type PlayerState, type Step } from "./player.js";
import { Threads, type ThreadsState } from "./threads.js";
import { kindOf, slotOf, type Trace } from "./trace.js";

export type { FullProcess } from "../process/full-process.js";

/** A moment that can be gone back to. */
interface Stop {
  readonly player: PlayerState;
  readonly threads: ThreadsState<"full">;
  readonly checkpoint: Checkpoint;
  /** How many operations later the next one is due. */
  readonly distance: number;
}

/** What happened to a block in one operation of a trace. */
export interface BlockEvent {
  /** The operation's number, from 0. */
  readonly index: number;
  /** Which call it was. */
  readonly kind: OpKind;
  /** The block's address after it; before it, where it was freed. */
  readonly mem: number;
  /** What was asked for, bytes. */
  readonly bytes: number;
  /** The way that malloc or free took. */
  readonly steps: readonly StepText[];
}

/** The life of a block, from the call that made it to the one that freed it. */
export interface BlockLife {
  /** The block's slot in the trace. */
  readonly slot: number;
  /** The call that made it, reallocs, and the free; the last may be missing. */
  readonly events: readonly BlockEvent[];
}

/** Operations between two checkpoints, and the most checkpoints that are kept. */
const LEAST_DISTANCE = 20_000;
const MOST_STOPS = 16;
/**
 * About as many bytes are put away in the time of one operation: so checkpoints of a large heap,
 * which lie further apart, take no longer than the operations between them.
 */
const BYTES_AN_OPERATION = 400;

/** A trace in a process, at any of its moments. */
export class Timeline {
  /** What is played. */
  readonly trace: Trace;
  /** Where: as the first thread sees it. */
  readonly process: FullProcess;
  readonly #player: Player;
  readonly #threads: Threads<"full">;
  readonly #stops: Stop[] = [];
  readonly #distance: number;
  #last: Step | undefined;

  /**
   * @param process a fresh process, as its first thread sees it
   * @param observer is told of every operation that is played, again and again where it is passed
   *   several times
   */
  constructor(trace: Trace, process: FullProcess, observer?: Observer) {
    this.trace = trace;
    this.process = process;
    this.#threads = new Threads(process, trace);
    this.#player = new Player(trace, this.#threads, (step) => {
      this.#last = step;
      observer?.(step);
    });
    this.#distance = Math.max(LEAST_DISTANCE, Math.ceil(trace.count / MOST_STOPS));
    this.#stop();
  }

  /** How many operations have been done. */
  get done(): number {
    return this.#player.done;
  }

  /** The operation that was done last; undefined right after going back. */
  get last(): Step | undefined {
    return this.#last;
  }

  /** The thread whose turn it is. */
  get thread(): FullProcess {
    return this.#threads.now;
  }

  /** @returns the live block of a slot; 0 for none */
  block(slot: number): number {
    return this.#player.block(slot);
  }

  /**
   * Goes to the moment after `count` operations.
   * @throws RangeError where the trace has not so many; TraceError that names the operation in
   *   which malloc aborts: it cannot be passed
   */
  to(count: number): void {
    if (!Number.isInteger(count) || count < 0 || count > this.trace.count)
      throw new RangeError(`operation ${count}: the trace has ${this.trace.count}`);
    const before = this.#stopBefore(count);
    if (count < this.done || before.player.done > this.done) this.#goBack(before);
    for (;;) {
      const { player, distance } = this.#stopBefore(this.done);
      const next = player.done + distance;
      if (next > count) break;
      this.#player.to(next);
      this.#stop();
    }
    this.#player.to(count);
  }

  /**
   * Which way an operation takes. It is the moment after it then.
   * @param index the operation, from 0
   */
  stepsOf(index: number): StepText[] {
    this.to(index);
    const log = new StepLog(this.process);
    try {
      this.#player.to(index + 1);
      return log.texts();
    } finally {
      log.end();
    }
  }

  /**
   * The life of the block that an operation is about: born where and why there, moved, freed into
   * what. The moment stays what it is.
   * @param index an operation, from 0
   * @throws RangeError where the trace has no such operation
   */
  lifeOf(index: number): BlockLife {
    if (!(index >= 0 && index < this.trace.count))
      throw new RangeError(`operation ${index}: the trace has ${this.trace.count}`);
    const now = this.done;
    const { idKinds } = this.trace;
    const slot = slotOf(idKinds[index]!);
    const isMaking = (at: number): boolean => {
      const kind = kindOf(idKinds[at]!);
      return kind !== OpKind.FREE && kind !== OpKind.REALLOC;
    };
    let first = index;
    while (first > 0 && !(slotOf(idKinds[first]!) === slot && isMaking(first))) first--;
    const events: BlockEvent[] = [];
    for (let at = first; at < this.trace.count; at++) {
      if (slotOf(idKinds[at]!) !== slot) continue;
      if (events.length > 0 && isMaking(at)) break;
      events.push(this.#event(at));
      if (this.#last!.after === 0) break;
    }
    this.to(now);
    return { slot, events };
  }

  #event(index: number): BlockEvent {
    const steps = this.stepsOf(index);
    const { kind, before, after, bytes } = this.#last!;
    return { index, kind, mem: after === 0 ? before : after, bytes, steps };
  }

  #stopBefore(count: number): Stop {
    return this.#stops.findLast(({ player }) => player.done <= count)!;
  }

  /** Makes the stop behind all others. */
  #stop(): void {
    const threads = this.#threads.save();
    const checkpoint = takeCheckpoint(threads.instances);
    const bytes = checkpoint.runs.reduce((sum, run) => sum + run.bytes.length, 0);
    const distance = Math.max(this.#distance, Math.ceil(bytes / BYTES_AN_OPERATION));
    this.#stops.push({ player: this.#player.save(), threads, checkpoint, distance });
  }

  #goBack({ player, threads, checkpoint }: Stop): void {
    rewind(threads.instances, checkpoint);
    this.#threads.resume(threads);
    this.#player.resume(player);
    this.#last = undefined;
  }
}
