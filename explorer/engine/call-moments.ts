// Calls that somebody makes: typed, or by a program. They are kept as what they were, and made
// again whenever an earlier moment is wanted; the same calls give the same heap.

import {
  rewind,
  StepLog,
  takeCheckpoint,
  type Checkpoint,
  type HeapSource,
  type StepText,
} from "ptmalloc-wasm/inspect";
import type { FullProcess, Kernel } from "ptmalloc-wasm/kernel";
import { makeCall } from "ptmalloc-wasm/shell";
import type { CallText, Machine, Opened, OperationView } from "../model/types.js";
import { callText, isEnder, makerOf } from "./call-names.js";
import type { Moments } from "./moments.js";
import { Look, Surveyor } from "./survey.js";

/** Calls between two checkpoints, and the most checkpoints that are kept. */
const DISTANCE = 400;
const MOST_STOPS = 24;
/** Calls of one subject, at most. */
export const MOST_CALLS = 200_000;

interface Made {
  readonly name: string;
  readonly args: readonly bigint[];
  result: bigint;
  failure: string | undefined;
}

/** What a subject of calls is made of. */
export interface CallsStart {
  readonly title: string;
  readonly kind: Opened["kind"];
  readonly machine: Machine;
  /** Starts the process that the calls are made in. */
  readonly start: () => Kernel;
  readonly notes?: readonly string[];
  /** Bytes of the blocks that live already, by their addresses. */
  readonly living?: ReadonlyMap<number, number>;
}

/** Calls, at any of their moments. */
export class CallMoments implements Moments {
  readonly title: string;
  readonly kind: Opened["kind"];
  readonly machine: Machine;
  readonly notes: readonly string[];
  readonly surveyor: Surveyor;
  readonly #start: () => Kernel;
  readonly #made: Made[] = [];
  #kernel!: Kernel;
  #look!: Look;
  #done = 0;
  #stops: { done: number; checkpoint: Checkpoint }[] = [];

  constructor({ title, kind, machine, start, notes = [], living }: CallsStart) {
    this.surveyor = new Surveyor(undefined, living);
    this.title = title;
    this.kind = kind;
    this.machine = machine;
    this.notes = notes;
    this.#start = start;
    this.#begin();
  }

  get count(): number {
    return this.#made.length;
  }

  get ending(): string | undefined {
    return this.#made.at(-1)?.failure;
  }

  get source(): HeapSource {
    return this.#kernel.process;
  }

  get process(): FullProcess | undefined {
    return this.#kernel.process.aborted === undefined ? this.#kernel.process : undefined;
  }

  /** The kernel at the moment after the last call, for who makes the next. */
  get kernel(): Kernel {
    this.to(this.count);
    return this.#kernel;
  }

  /** The calls, for a link. */
  get calls(): CallText[] {
    return this.#made.map(({ name, args }) => ({ name, args: args.map(String) }));
  }

  /**
   * Makes one more call.
   * @throws what it throws, but for an abort, which is the last moment
   */
  add(name: string, args: readonly bigint[]): bigint {
    if (this.#made.length >= MOST_CALLS) throw new RangeError(`more than ${MOST_CALLS} calls`);
    this.to(this.count);
    if (this.ending !== undefined)
      throw new Error(`the process has ended: ${this.ending} (undo takes the call back)`);
    const made: Made = { name, args, result: 0n, failure: undefined };
    this.#made.push(made);
    try {
      this.#make(made, true);
    } catch (error) {
      this.#made.pop();
      throw error;
    }
    return made.result;
  }

  /** Takes the last calls back. @param count how many */
  drop(count: number): void {
    const left = Math.max(0, this.#made.length - count);
    if (left < this.#done) this.#goBack(left);
    this.#made.length = left;
    this.#stops = this.#stops.filter(({ done }) => done <= left);
    this.surveyor.drop(left);
    this.to(left);
  }

  to(at: number): void {
    if (!(at >= 0 && at <= this.count))
      throw new RangeError(`moment ${at}: there are ${this.count}`);
    if (at < this.#done) this.#goBack(at);
    while (this.#done < at) this.#make(this.#made[this.#done]!, false);
  }

  operation(at: number): OperationView | undefined {
    if (at === 0) {
      this.to(0);
      return undefined;
    }
    if (at <= this.#done) this.#goBack(at - 1);
    this.to(at - 1);
    const log = new StepLog(this.#kernel.process);
    const made = this.#made[at - 1]!;
    this.#make(made, false, false);
    const steps: StepText[] = log.texts();
    if (this.process !== undefined) log.end();
    const { name, args, result, failure } = made;
    const isShown = failure === undefined && name !== "free";
    const text = callText(name, args, isShown ? result : undefined);
    return { index: at - 1, text, thread: 0, label: "", steps, failure };
  }

  #begin(): void {
    this.#kernel = this.#start();
    this.#look = new Look(this.#kernel.process);
    this.#done = 0;
    this.#stops = [{ done: 0, checkpoint: takeCheckpoint([this.#kernel.process]) }];
    if ("startStrace" in this.#kernel)
      this.#kernel.startStrace({
        write: (line) => {
          if (this.#done === this.surveyor.count) this.surveyor.call(line);
        },
      });
  }

  #goBack(at: number): void {
    if (this.process === undefined) this.#begin();
    const stop = this.#stops.findLast(({ done }) => done <= at)!;
    rewind([this.#kernel.process], stop.checkpoint);
    this.#done = stop.done;
  }

  #make(made: Made, isNew: boolean, mayStop = true): void {
    const { name, args } = made;
    try {
      made.result = makeCall(this.#kernel, { name, args });
    } catch (error) {
      if (this.#kernel.process.aborted === undefined && !isSignal(error)) throw error;
      made.failure = (error as Error).message;
    }
    this.#done++;
    if (isNew) this.#see(made);
    const isDue = mayStop && this.#done % DISTANCE === 0 && this.#stops.length < MOST_STOPS;
    if (isDue && this.process !== undefined && !this.#stops.some(({ done }) => done === this.#done))
      this.#stops.push({ done: this.#done, checkpoint: takeCheckpoint([this.#kernel.process]) });
  }

  #see({ name, args, result, failure }: Made): void {
    const maker = makerOf(name);
    const isMade = maker !== undefined && result !== 0n && failure === undefined;
    const isEnded = isEnder(name) && failure === undefined && (isMade || name === "free");
    const plain = Number(BigInt.asUintN(32, result));
    this.#look.read(isMade ? plain : 0);
    this.surveyor.add(
      {
        ...{ kind: name, thread: 0, label: "" },
        bytes: isMade ? maker(args) : 0,
        before: isEnded ? Number(args[0] ?? 0n) : 0,
        after: isMade ? plain : 0,
        result: maker !== undefined ? 0 : Number(BigInt.asUintN(32, args[0] ?? 0n)),
      },
      this.#look,
    );
  }
}

function isSignal(error: unknown): boolean {
  return error instanceof Error && /^SIG/.test(error.message);
}
