// A trace, played in a process of the model.

import type { HeapSource } from "ptmalloc-wasm/inspect";
import type { FullProcess, Kernel } from "ptmalloc-wasm/kernel";
import {
  labelOf,
  OpKind,
  shortName,
  Timeline,
  TraceError,
  type Step,
  type Trace,
} from "ptmalloc-wasm/trace";
import { hex } from "../model/format.js";
import type { Machine, OperationView } from "../model/types.js";
import type { Moments } from "./moments.js";
import { Look, Surveyor } from "./survey.js";

const NAMES: Readonly<Record<OpKind, string>> = {
  [OpKind.MALLOC]: "malloc",
  [OpKind.CALLOC]: "calloc",
  [OpKind.MEMALIGN]: "memalign",
  [OpKind.REALLOC]: "realloc",
  [OpKind.FREE]: "free",
};

/** A trace is in its own link up to this size, bytes of text. */
const MOST_TEXT = 200_000;

/** A trace at any of its moments. */
export class TraceMoments implements Moments {
  readonly kind = "trace";
  readonly title: string;
  readonly machine: Machine;
  readonly trace: Trace;
  readonly surveyor: Surveyor;
  readonly text: string | undefined;
  ending: string | undefined;
  readonly #start: () => Kernel;
  #kernel!: Kernel;
  #timeline!: Timeline;
  #look!: Look;
  #isSurveying = true;

  /** @param text the trace's own, for a link */
  constructor(trace: Trace, machine: Machine, start: () => Kernel, text?: string) {
    this.trace = trace;
    this.title = shortName(trace);
    this.machine = machine;
    this.text = text !== undefined && text.length <= MOST_TEXT ? text : undefined;
    this.#start = start;
    this.surveyor = new Surveyor(trace.count);
    this.#begin();
    this.#survey();
  }

  get count(): number {
    return this.surveyor.count;
  }

  get notes(): readonly string[] {
    return this.trace.notes;
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  get source(): HeapSource {
    return this.#timeline.thread;
  }

  get process(): FullProcess {
    return this.#timeline.thread;
  }

  to(at: number): void {
    this.#timeline.to(at);
  }

  operation(at: number): OperationView | undefined {
    if (at === 0) {
      this.#timeline.to(0);
      return undefined;
    }
    const steps = this.#timeline.stepsOf(at - 1);
    const last = this.#timeline.last!;
    const label = labelOf(this.trace, at - 1);
    return { index: at - 1, text: callText(last), thread: last.thread, label, steps };
  }

  #begin(): void {
    this.#kernel = this.#start();
    this.#look = new Look(this.#kernel.process);
    this.#timeline = new Timeline(this.trace, this.#kernel.process, (step) => this.#see(step));
  }

  #survey(): void {
    const write = (line: string): void => {
      if (this.#isSurveying) this.surveyor.call(line);
    };
    this.#kernel.startStrace({ write });
    try {
      this.#timeline.to(this.trace.count);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      this.ending = error.message;
      this.#begin();
    }
    this.#isSurveying = false;
  }

  #see(step: Step): void {
    if (!this.#isSurveying) return;
    const { kind, thread, bytes, before, after, result } = step;
    // A realloc that was refused keeps its block.
    const isKept = kind === OpKind.REALLOC && result === 0 && after === before;
    this.#look.read(isKept ? 0 : after);
    this.surveyor.add(
      {
        kind: NAMES[kind],
        thread,
        bytes: isKept ? 0 : bytes,
        result,
        before: isKept ? 0 : before,
        after: isKept ? 0 : after,
        label: labelOf(this.trace, step.index),
      },
      this.#look,
    );
  }
}

/** An operation of a trace, as a call in C. */
export function callText({ kind, x, y, before, result }: Step): string {
  const name = NAMES[kind];
  if (kind === OpKind.FREE) return `free(${before === 0 ? "NULL" : hex(before)})`;
  const isTwo = kind === OpKind.CALLOC || kind === OpKind.MEMALIGN;
  const args =
    kind === OpKind.REALLOC ? [before === 0 ? "NULL" : hex(before), x] : isTwo ? [x, y] : [x];
  return `${name}(${args.join(", ")}) = ${result === 0 ? "NULL" : hex(result)}`;
}
