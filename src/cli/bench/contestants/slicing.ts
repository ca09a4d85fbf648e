// A pass in slices, for heaps in this process.

import type { Slices } from "../contestant.js";

/**
 * Runs operations slice by slice, with the clock around each.
 * @param total operations
 * @param count operations of a slice
 * @param run runs the operations from `first` up to but not including `end`
 * @param held bytes that the heap has from its host; absent where nobody can tell
 */
export function sliced(
  total: number,
  count: number,
  run: (first: number, end: number) => void,
  held?: () => number,
): Slices {
  const length = Math.ceil(total / count);
  const nanoseconds = new Float64Array(length);
  const heldBytes = held === undefined ? null : new Float64Array(length);
  for (let slice = 0, at = 0; slice < length; slice++, at += count) {
    const begin = performance.now();
    run(at, Math.min(at + count, total));
    nanoseconds[slice] = (performance.now() - begin) * 1e6;
    if (heldBytes !== null) heldBytes[slice] = held!();
  }
  return { nanoseconds, heldBytes };
}

/** Operations a call in a pass that is not sliced: see `SLICE_OPS` of src/trace/session.ts. */
const STRIDE = 4096;

/** @returns nanoseconds that all operations took, some thousand a call */
export function timed(total: number, run: (first: number, end: number) => void): number {
  const begin = performance.now();
  for (let at = 0; at < total; at += STRIDE) run(at, Math.min(at + STRIDE, total));
  return (performance.now() - begin) * 1e6;
}
