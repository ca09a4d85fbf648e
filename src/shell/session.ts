// What the shell knows: a process, live or in a trace, the variables of the calls that were typed,
// and how to go back.

import { rewind, takeCheckpoint, type Checkpoint } from "../inspect/checkpoint.js";
import { diffSnapshots, type SnapshotDiff } from "../inspect/diff.js";
import { StepLog } from "../inspect/dry-run.js";
import { snapshotHead, type Snapshot } from "../inspect/snapshot.js";
import { isDamage } from "../inspect/damage.js";
import { hexWord, isInside } from "../inspect/source.js";
import type { StepText } from "../inspect/steps.js";
import type { Kernel } from "../kernel/kernel.js";
import { newVariables, parseScript } from "./script/script.js";
import { evaluate, ScriptRun, type ScriptOutput } from "./script/run.js";
import type { Value } from "./script/expression.js";
import { shortName, type Trace } from "../trace/trace.js";
import { Timeline } from "../trace/timeline.js";
import { wordBytes } from "../layout/address.js";
import { UserError } from "../base/user-error.js";
import { subject, type FullProcess, type Subject } from "./subject.js";
import type { Event } from "./events.js";

/** A moment that `undo` goes back to. */
interface Moment {
  /** What was typed after it. */
  readonly typed: string;
  readonly checkpoint: Checkpoint;
  readonly variables: ReadonlyMap<string, { readonly value: bigint }>;
}

/** A word that is looked at after every command. */
export interface Watch {
  /** What is looked at, an address. */
  readonly address: number;
  /** What was there the last time, as text. */
  last: string;
}

/** What a statement did. */
export interface Done {
  /** The statement. */
  readonly typed: string;
  /** What it gave; nothing for a call without a result. */
  readonly value: Value | undefined;
  /** The way that malloc took. */
  readonly steps: readonly StepText[];
}

/** Moments that can be undone. */
const MOST_MOMENTS = 100;

/** One session of the shell. */
export class Session {
  /** Words that are looked at after every line. */
  readonly watches: Watch[] = [];
  readonly #newKernel: () => Kernel;
  readonly #output: ScriptOutput;
  readonly #trace: Trace | undefined;
  #kernel!: Kernel;
  #timeline: Timeline | undefined;
  #run!: ScriptRun;
  #names = newVariables();
  #moments: Moment[] = [];
  #blocks = new Map<number, number>();
  #marked: Snapshot | undefined;

  /**
   * @param newKernel starts a process: at the beginning, and after one that came to its end
   * @param trace without one, the process is a fresh one
   */
  constructor(newKernel: () => Kernel, output: ScriptOutput, trace?: Trace) {
    this.#newKernel = newKernel;
    this.#output = output;
    this.#trace = trace;
    this.#start();
    this.mark();
  }

  #start(): void {
    this.#kernel = this.#newKernel();
    this.#run = new ScriptRun(this.#kernel, this.#output);
    const { process } = this.#kernel;
    if (this.#trace === undefined) return;
    this.#blocks = new Map();
    this.#timeline = new Timeline(this.#trace, process, ({ index, before, after }) => {
      this.#blocks.set(index, after || before);
    });
  }

  /** The process, as the thread sees it whose turn it is. */
  get process(): FullProcess {
    return this.#timeline?.thread ?? this.#kernel.process;
  }

  /** The trace at any of its moments. @throws UserError where there is no trace */
  get timeline(): Timeline {
    if (this.#timeline === undefined)
      throw new UserError("there is no trace: start the shell with one, or type calls");
    return this.#timeline;
  }

  /** Where the session is, for the prompt. */
  get place(): string {
    const typed = this.#moments.length === 0 ? "" : ` +${this.#moments.length}`;
    if (this.#timeline === undefined || this.#trace === undefined) return `live${typed}`;
    return `${shortName(this.#trace)} ${this.#timeline.done}/${this.#trace.count}${typed}`;
  }

  /** What the commands look at. */
  get subject(): Subject {
    const { process } = this;
    return subject(this.place, process, {
      process,
      trace: this.#trace,
      timeline: this.#timeline,
      blockOf: (operation) => this.#blocks.get(operation) ?? 0,
      named: (name) => {
        const variable = this.#run.variables.get(name);
        return variable === undefined ? undefined : Number(variable.value);
      },
    });
  }

  /**
   * Makes calls as they are typed.
   * @returns one after the other, what was done
   * @throws UserError for what cannot be meant, before anything is done; HeapAbort
   */
  *type(text: string): Generator<Done, void, undefined> {
    const names = new Map(this.#names);
    const script = parseScript(text, "typed", names);
    this.#remember(text);
    this.#names = names;
    const log = new StepLog(this.process);
    try {
      for (const [i, statement] of script.statements.entries()) {
        const value = evaluate(script, statement, this.#run);
        const end = script.statements[i + 1]?.at;
        yield { typed: text.slice(statement.at, end).trim(), value, steps: log.texts() };
      }
    } finally {
      if (this.process.aborted === undefined) log.end();
    }
  }

  /** Writes a word into the heap. @throws UserError outside the memory */
  write(address: number, value: number, text: string): void {
    const bytes = wordBytes(this.process.abi);
    if (!isInside(this.process, address, bytes)) throw new UserError(`${text}: outside the memory`);
    this.#remember(text);
    const view = this.process.view();
    view.setUint32(address, value % 2 ** 32, true);
    if (bytes === 8) view.setUint32(address + 4, Math.floor(value / 2 ** 32), true);
  }

  /** Takes the last thing typed back. @returns what that was @throws UserError */
  undo(): string {
    const moment = this.#moments.pop();
    if (moment === undefined) throw new UserError("nothing has been typed that could be undone");
    this.#goBackTo(moment);
    return moment.typed;
  }

  /** Goes to another moment of the trace; what was typed is undone first. */
  goTo(count: number): void {
    const { timeline } = this;
    if (count < 0 || count > timeline.trace.count)
      throw new UserError(`operation ${count}: the trace has ${timeline.trace.count}`);
    this.forget();
    timeline.to(count);
  }

  /** Undoes all that was typed. */
  forget(): void {
    const [first] = this.#moments;
    if (first !== undefined) this.#goBackTo(first);
    this.#moments = [];
  }

  /**
   * Goes on until an event, a watched word changes, or the trace ends.
   * @returns why it stopped
   */
  until(event: Event): "event" | "watch" | "end" {
    this.forget();
    const { timeline } = this;
    const steps = new Set<number>();
    this.process.onStep((step) => steps.add(step));
    try {
      while (timeline.done < timeline.trace.count) {
        steps.clear();
        timeline.to(timeline.done + 1);
        if (this.watches.some(({ address, last }) => hexWord(this.process, address) !== last))
          return "watch";
        if (timeline.last !== undefined && event(timeline.last, steps)) return "event";
      }
      return "end";
    } finally {
      this.process.onStep();
    }
  }

  /** From now on `changed` counts. */
  mark(): void {
    this.#marked = this.#snapshot();
  }

  /** What changed since the last mark. */
  changed(): SnapshotDiff {
    return diffSnapshots(this.#marked!, this.#snapshot());
  }

  #snapshot(): Snapshot {
    const view = this.subject.view();
    const chunks = [...view.chunks()].filter((one) => !isDamage(one));
    return { ...snapshotHead(view, this.place), chunks };
  }

  #remember(typed: string): void {
    const variables = new Map(this.#run.variables);
    this.#moments.push({ typed, checkpoint: takeCheckpoint([this.process]), variables });
    // The first one stays: a trace goes on from there.
    if (this.#moments.length > MOST_MOMENTS) this.#moments.splice(1, 1);
  }

  #goBackTo({ checkpoint, variables }: Moment): void {
    // A process that is at its end does not go on: another one does, from there.
    if (this.process.aborted !== undefined) this.#restart();
    rewind([this.process], checkpoint);
    this.#run.variables.clear();
    for (const [name, value] of variables) this.#run.variables.set(name, value);
  }

  #restart(): void {
    const done = this.#timeline?.done ?? 0;
    this.#start();
    this.#timeline?.to(done);
  }
}
