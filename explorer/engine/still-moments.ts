// One moment of a heap that nobody goes on with, or a few of them one after the other: a snapshot
// of another build, a heap image, what an attached heap has sent.

import type { HeapSource } from "ptmalloc-wasm/inspect";
import type { FullProcess } from "ptmalloc-wasm/kernel";
import type { Machine, Opened, OperationView } from "../model/types.js";
import type { Moments } from "./moments.js";
import { Look, Surveyor } from "./survey.js";

/** What one is made of. */
export interface StillStart {
  readonly title: string;
  readonly kind: Opened["kind"];
  readonly machine: Machine;
  readonly source: HeapSource;
  readonly notes?: readonly string[];
}

/** Heaps to look at, one after the other. */
export class StillMoments implements Moments {
  readonly title: string;
  readonly kind: Opened["kind"];
  readonly machine: Machine;
  readonly notes: readonly string[];
  readonly surveyor = new Surveyor();
  readonly ending = undefined;
  readonly process: FullProcess | undefined = undefined;
  readonly #sources: HeapSource[];
  readonly #texts: string[] = [];
  #at = 0;

  constructor({ title, kind, machine, source, notes = [] }: StillStart) {
    this.title = title;
    this.kind = kind;
    this.machine = machine;
    this.notes = notes;
    this.#sources = [source];
  }

  get count(): number {
    return this.#sources.length - 1;
  }

  get source(): HeapSource {
    return this.#sources[this.#at]!;
  }

  /** Takes a later moment. @param text what happened since the one before */
  add(source: HeapSource, text: string): void {
    this.#sources.push(source);
    this.#texts.push(text);
    const seen = { kind: "snapshot", thread: 0, bytes: 0, before: 0, after: 0, result: 0 };
    this.surveyor.add({ ...seen, label: text }, new Look(source));
  }

  to(at: number): void {
    if (!(at >= 0 && at <= this.count))
      throw new RangeError(`moment ${at}: there are ${this.count}`);
    this.#at = at;
  }

  operation(at: number): OperationView | undefined {
    this.to(at);
    const text = this.#texts[at - 1];
    return text === undefined
      ? undefined
      : { index: at - 1, text, thread: 0, label: "", steps: [] };
  }
}
