/**
 * A heap that finds mistakes of the program: leaks, overflows, use after free, double frees, typed
 * arrays that have become stale. Begin with {@link createDebugHeap}.
 *
 * @module ptmalloc-wasm/debug
 */

export { createDebugHeap, createDebugHeapSync } from "./debug/create.js";
export { DebugHeap } from "./debug/debug-heap.js";
export type { DebugBuild, Owner, TrackedCounts } from "./debug/debug-heap.js";
export type { DebugHeapOptions } from "./debug/options.js";
export { LeakError, MemoryError } from "./debug/errors.js";
export type { Mistake, MistakeKind } from "./debug/errors.js";
export type { BlockState, TrackedBlock } from "./debug/block.js";
export type { LeakGroup } from "./debug/leaks.js";
export type { PlaceKind } from "./inspect/place.js";
export type { StaleView } from "./debug/view-log.js";
export type { CFunctions } from "./heap/c-functions.js";
export type { Stack } from "./debug/stacks.js";
