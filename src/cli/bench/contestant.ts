// Who takes part in `ptmalloc-wasm bench`: an allocator, or what the JavaScript engine offers in
// its place. A contestant is first prepared (built, compiled, loaded: once), then it starts heaps,
// each fresh and with a trace loaded, and every heap runs the trace as often as it is told.
//
// Everybody runs the same operations in the same order, and writes the first and the last byte of
// every block that it is given. Recordings of several threads are run by
// one thread, in the order that was recorded.

import type { Abi } from "../../layout/address.js";
import type { Outcome } from "../../trace/measure.js";
import type { Trace } from "../../trace/trace.js";

/** What kind of contestant one is; tables keep the kinds apart. */
export const GROUPS = ["ours", "wasm", "from-js", "engine", "native", "control"] as const;
/**
 * - ours: this package's heap, its loop in WebAssembly beside it
 * - wasm: another allocator in WebAssembly, with such a loop
 * - from-js: an allocator that a loop in JavaScript calls
 * - engine: what the JavaScript engine allocates itself
 * - native: a process of its own on this machine
 * - control: the loop of another group without an allocator
 */
export type Group = (typeof GROUPS)[number];

/** What a contestant can do, besides replaying a trace. */
export type Ability =
  /** Several threads may use one heap of it at the same time. */
  | "threads"
  /** AssemblyScript programs can have it as their runtime's allocator. */
  | "assemblyscript"
  /** It can be called from JavaScript, a block at a time. */
  | "from-js"
  /** It frees; without, it only ever grows. */
  | "frees";

/** A contestant, described; nothing is built or loaded before {@link prepare}. */
export interface Contestant {
  /** As `--against` takes it, and as JSON has it: lower case, digits and dashes. */
  readonly name: string;
  /** In tables. */
  readonly title: string;
  readonly group: Group;
  /** In one line: what it is, what it aligns to, what it checks. */
  readonly about: string;
  /** What it is made of: `this package`, `npm assemblyscript`, `Debian emscripten`. */
  readonly source: string;
  readonly abilities: readonly Ability[];
  /** The name of who has the same loop without an allocator; null where nobody has. */
  readonly control: string | null;
  /**
   * Builds or loads it; what is compiled is kept in the user's cache.
   * @throws MissingError where something is not there that it is made of
   */
  prepare(): Promise<Racer>;
}

/** What a contestant is made of is not there: not an error of the contestant's. */
export class MissingError extends Error {
  override readonly name = "MissingError";
  /** How to get it, as a command where there is one. */
  readonly how: string;

  /**
   * @param what is missing: "emcc is not on the PATH"
   * @param how to get it, as a command where there is one: "apt-get install emscripten"
   */
  constructor(what: string, how: string) {
    super(what);
    this.how = how;
  }
}

/** A contestant, ready. */
export interface Racer {
  /** Of what it is made of, in words: "Emscripten 3.1.6", "glibc 2.36". */
  readonly version: string;
  /**
   * Its WebAssembly module; null where it is none. Modules in C hold the loop and parts of a C
   * library besides: the control's module says how much that is.
   */
  readonly code: Uint8Array | null;
  /**
   * Starts a fresh heap and loads a trace into it, outside every clock.
   * @throws Error where it cannot: the trace is too long, for one
   */
  start(trace: LabTrace): Promise<RacerHeap> | RacerHeap;
  /**
   * Compiles, instantiates and allocates one block of 24 bytes, from bytes in memory.
   * @returns nanoseconds, by its own clock. Absent where there is nothing to start.
   */
  startUp?(): Promise<number> | number;
  /** Ends what it has running. */
  close?(): void;
}

/** A trace, with what contestants need of it. */
export interface LabTrace {
  readonly name: string;
  /** One thread's: turns are left out. */
  readonly trace: Trace;
  /** What became of each operation on this package's heap, ilp32: the engine's live set is its. */
  readonly outcome: Outcome;
  /**
   * @returns its packed operations, struct Op of assembly/replay/loop.ts, what was refused left
   *   out; made once
   */
  ops(abi: Abi): Uint8Array<ArrayBuffer>;
}

/** One heap, with one trace. Nothing is called before the last call has answered. */
export interface RacerHeap {
  /** Runs the trace once. @returns nanoseconds that it took, by the clock of whoever ran it */
  pass(): Promise<number> | number;
  /** Frees all that the trace left, so that it can run again. Outside the clock. */
  drain(): Promise<void> | void;
  /**
   * Runs the trace once, in slices.
   * @param count operations of a slice; the last one may be shorter
   */
  slices(count: number): Promise<Slices> | Slices;
  /** Requests refused in the passes so far, of those that this package's heap serves. */
  readonly refused: number;
  close(): void;
}

/** What a pass in slices gave, one number a slice. */
export interface Slices {
  /** Nanoseconds of each slice. */
  readonly nanoseconds: Float64Array;
  /**
   * Bytes that the heap had from its host after each slice: a Wasm memory's growth since the heap
   * was started, a process's pages. null where nobody can tell.
   */
  readonly heldBytes: Float64Array | null;
}
