/**
 * A heap that finds mistakes of the program: leaks, overflows, use after free, double frees, typed
 * arrays that have become stale. Begin with {@link createDebugHeap}.
 *
 * @module ptmalloc-wasm/debug
 */

export { createDebugHeap, createDebugHeapSync } from "./create.js";
export { DebugHeap } from "./debug-heap.js";
export type { DebugBuild, Owner, TrackedCounts } from "./debug-heap.js";
export type { DebugHeapOptions } from "./options.js";
export { LeakError, MemoryError } from "./errors.js";
export type { Mistake, MistakeKind } from "./errors.js";
export type { BlockState, TrackedBlock } from "./block.js";
export type { LeakGroup } from "./leaks.js";
export type { PlaceKind } from "./chunks.js";
export type { StaleView } from "./view-log.js";
export type { CFunctions } from "../heap/c-functions.js";
export type { Stack } from "./stacks.js";
