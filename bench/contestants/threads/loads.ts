// The loads of the benchmark with threads as both sides of a worker see them: their names, what a
// module that has them exports, and what the host's part of the shared memory holds.
// bench/native/thread-loads.h and bench/assembly/thread-loads.ts have the loads themselves.

/** A load; the functions of the modules are called like this, but for the ring. */
export type Load = "private_small" | "private_same" | "private_large" | "mstress" | "pair" | "ring";

/** The loads, in the order of the table. */
export const LOADS: readonly { readonly load: Load; readonly title: string }[] = [
  { load: "private_small", title: "16–512 B" },
  { load: "private_same", title: "1,000–2,023 B, each slot its size" },
  { load: "private_large", title: "1,000–2,023 B" },
  { load: "mstress", title: "batches, 16 B–32 KiB" },
  { load: "pair", title: "64 B pair" },
  { load: "ring", title: "ring" },
];

/**
 * Runs a slice of a load on a thread's region.
 * @returns how many calls of malloc and free that made
 */
type Slice = (region: number, iterations: number) => number;

/** What every module with the loads exports. */
export interface ThreadExports extends Record<Exclude<Load, "ring">, Slice> {
  /** Readies a thread's region, which is fresh memory. */
  prepare(region: number, ring: number, seed: number): void;
  readonly ring_produce: Slice;
  readonly ring_consume: Slice;
  /** Both ends, by one thread. */
  readonly ring_both: Slice;
  /**
   * @returns how many blocks of a thread's table were overwritten by somebody else; not after
   *   mstress
   */
  damage(region: number): number;
}

/**
 * Steps a slice: some tens of microseconds. V8 enters optimised code only with a call, and a call
 * must cost nothing here.
 */
export const SLICE = 20_000;

/** The host's part of the memory ends here; an allocator has the rest. */
export const HOST_BYTES = 136 << 20;

/**
 * The end of the address space of this project's processes, bytes: what their memory may grow to.
 */
export const TASK_SIZE = 2 ** 30;

/** Where the ring is. */
export const RING = 1 << 20;

/**
 * How far apart the threads' regions are, each with what a load knows at its begin, and at its end
 * what C has:
 */
const REGION_BYTES = 2 << 20;

/** thread-local variables in so many bytes, and below them a stack. */
const LOCALS_BYTES = 64 << 10;

/** Threads that there can be; one more region belongs to who starts the allocator. */
export const MOST_THREADS = HOST_BYTES / REGION_BYTES - 2;

/** @returns where the region of a thread begins */
export function regionOf(thread: number): number {
  return (thread + 1) * REGION_BYTES;
}

/**
 * @returns where a thread's stack (downwards) and its thread-local variables (upwards) begin, in
 *   modules that come from C
 */
export function stackOf(thread: number): number {
  return regionOf(thread) + REGION_BYTES - LOCALS_BYTES;
}

/** @returns the function that a thread calls for a load */
export function sliceOf(
  exports: ThreadExports,
  load: Load,
  thread: number,
  threads: number,
): Slice {
  if (load !== "ring") return exports[load];
  if (threads === 1) return exports.ring_both;
  if (threads > 2) throw new RangeError("a ring has two ends");
  return thread === 0 ? exports.ring_produce : exports.ring_consume;
}
