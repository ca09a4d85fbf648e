// Passes of a heap whose clock is this process's: in slices, and when a heap starts up.

import type { Slices } from "./contestant.js";
import { SLICE_OPS } from "../../trace/session.js";

/** Runs the operations of [begin, end). */
export type RunOps = (begin: number, end: number) => unknown;

/** Of a pass, at least; some allocators search all blocks for each. */
const PATIENCE_MILLISECONDS = 2000;
/** The same for an operation of a long trace. */
const PATIENCE_MICROSECONDS = 2;

/**
 * Runs operations in calls of some thousands: V8 replaces code by its optimised version only when
 * it is entered anew.
 */
export function runAll(run: RunOps, begin: number, end: number): void {
  for (let at = begin; at < end; at += SLICE_OPS) run(at, Math.min(at + SLICE_OPS, end));
}

/**
 * @returns nanoseconds that all operations of a trace take
 * @throws Error where they take too long for a race
 */
export function timedPass(run: RunOps, operations: number): number {
  const begin = performance.now();
  for (let at = 0; at < operations; at += SLICE_OPS) {
    const end = Math.min(at + SLICE_OPS, operations);
    run(at, end);
    checkPatience(begin, end, operations);
  }
  return (performance.now() - begin) * 1e6;
}

/** @throws Error where a pass that began at `begin` takes too long */
function checkPatience(begin: number, done: number, operations: number): void {
  const most = Math.max(PATIENCE_MILLISECONDS, (operations * PATIENCE_MICROSECONDS) / 1000);
  const passed = performance.now() - begin;
  if (passed > most && done < operations)
    throw new Error(
      `too slow for a race: ${done} of ${operations} operations took ${(passed / 1000).toFixed(1)} s`,
    );
}

/**
 * Runs a trace in slices.
 * @param count operations of a slice, at least 1
 * @param held tells the bytes that the heap has from its host; null where nobody can tell
 * @throws Error where it takes too long for a race
 */
export function timedSlices(
  run: RunOps,
  operations: number,
  count: number,
  held: (() => number) | null,
): Slices {
  const slices = Math.ceil(operations / count);
  const nanoseconds = new Float64Array(slices);
  const heldBytes = held && new Float64Array(slices);
  const start = performance.now();
  for (let i = 0; i < slices; i++) {
    const first = i * count;
    const end = Math.min(first + count, operations);
    const begin = performance.now();
    runAll(run, first, end);
    nanoseconds[i] = (performance.now() - begin) * 1e6;
    if (heldBytes && held) heldBytes[i] = held();
    checkPatience(start, end, operations);
  }
  return { nanoseconds, heldBytes };
}

let copies = 0;

/**
 * Times how a module starts up. V8 knows bytes that it has compiled already: each time they get a
 * custom section that no other has.
 * @param begin instantiates the module, and allocates one block of 24 bytes
 * @returns nanoseconds
 */
export function timedStartUp(
  bytes: Uint8Array,
  begin: (module: WebAssembly.Module) => unknown,
): number {
  const name = new TextEncoder().encode(`copy ${process.hrtime.bigint()} ${copies++}`);
  const fresh = new Uint8Array(bytes.length + 3 + name.length);
  fresh.set(bytes);
  // A custom section: its number, its length, the length of its name, its name.
  fresh.set([0, name.length + 1, name.length], bytes.length);
  fresh.set(name, bytes.length + 3);
  const from = performance.now();
  begin(new WebAssembly.Module(fresh));
  return (performance.now() - from) * 1e6;
}
