// A heap at any of its moments: what the engine shows. A trace, calls that were made, and files
// that hold one moment only are all looked at through this.

import type { HeapSource } from "ptmalloc-wasm/inspect";
import type { Trace } from "ptmalloc-wasm/trace";
import type { Timeline } from "ptmalloc-wasm/trace";
import type { FullProcess } from "ptmalloc-wasm/kernel";
import type { Machine, Opened, OperationView } from "../model/types.js";
import type { Surveyor } from "./survey.js";

/** A heap at any of its moments. */
export interface Moments {
  readonly title: string;
  readonly kind: Opened["kind"];
  readonly machine: Machine;
  /** Moments behind the first: operations. */
  readonly count: number;
  readonly notes: readonly string[];
  /** Why it ends early. */
  readonly ending: string | undefined;
  readonly surveyor: Surveyor;
  /** What a link holds of it, where it is small. */
  readonly text?: string | undefined;
  /** Goes to the moment after `at` operations. */
  to(at: number): void;
  /** What there is to see now. */
  readonly source: HeapSource;
  /** The process, where calls can be tried. */
  readonly process: FullProcess | undefined;
  /** Goes to a moment; says which operation led there. */
  operation(at: number): OperationView | undefined;
  readonly trace?: Trace | undefined;
  readonly timeline?: Timeline | undefined;
}
