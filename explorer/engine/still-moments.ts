// One moment of a heap that nobody goes on with: a snapshot of another build, a heap image.

import type { HeapSource } from "ptmalloc-wasm/inspect";
import type { FullProcess } from "ptmalloc-wasm/kernel";
import type { Machine, Opened } from "../model/types.js";
import type { Moments } from "./moments.js";
import { Surveyor } from "./survey.js";

/** What one is made of. */
export interface StillStart {
  readonly title: string;
  readonly kind: Opened["kind"];
  readonly machine: Machine;
  readonly source: HeapSource;
}

/** A heap to look at. */
export class StillMoments implements Moments {
  readonly title: string;
  readonly kind: Opened["kind"];
  readonly machine: Machine;
  readonly source: HeapSource;
  readonly notes: readonly string[] = [];
  readonly surveyor = new Surveyor();
  readonly ending = undefined;
  readonly process: FullProcess | undefined = undefined;
  readonly count = 0;

  constructor({ title, kind, machine, source }: StillStart) {
    this.title = title;
    this.kind = kind;
    this.machine = machine;
    this.source = source;
  }

  to(at: number): void {
    if (at !== 0) throw new RangeError(`moment ${at}: there is one only`);
  }

  operation(at: number): undefined {
    this.to(at);
  }
}
