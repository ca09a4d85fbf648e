// What the commands look at: a heap, and what is known around it.

import { HeapView } from "../inspect/chunks.js";
import { onlooker, type HeapSource } from "../inspect/source.js";
import type { FullProcess } from "../kernel/kernel.js";
import type { Timeline } from "../trace/timeline.js";
import type { Trace } from "../trace/trace.js";

export type { FullProcess } from "../kernel/kernel.js";

/** What a command looks at. */
export interface Subject {
  /** What it is, for people. */
  readonly name: string;
  /** The heap's bytes, and where its structs are. */
  readonly source: HeapSource;
  /** The process, where calls can be tried. */
  readonly process?: FullProcess | undefined;
  /** The trace that it is in the middle of. */
  readonly trace?: Trace | undefined;
  /** The trace at any of its moments. */
  readonly timeline?: Timeline | undefined;
  /** The block that an operation of the trace returned; 0 where it is none of those done. */
  blockOf(operation: number): number;
  /** The value of a variable of the shell's. */
  named?(name: string): number | undefined;
  /** A fresh look at the heap. */
  view(): HeapView;
}

/** @returns a subject over a source */
export function subject(
  name: string,
  source: HeapSource,
  more: Partial<Omit<Subject, "name" | "source" | "view">> = {},
): Subject {
  const looked = onlooker(source);
  return { name, source: looked, blockOf: () => 0, view: () => new HeapView(looked), ...more };
}
