/**
 * Heaps that workers share, with threads.ilp32 inlined: one shared memory, an arena and a tcache
 * for each thread, and locks that survive the death of whoever holds them. One worker makes the
 * heap and posts `heap.handle()`; the others join with {@link attachHeap}.
 *
 * @module ptmalloc-wasm/threads
 */

import { threadedHeapMaker, threadedHeapMakerSync } from "./heap/threaded-create.js";
import type { CreateThreadedHeap, CreateThreadedHeapSync } from "./heap/threaded-create.js";
import { binariesOf } from "./host/binaries.js";
import { inlined } from "./host/inlined.js";
import { text } from "./inlined/threads-ilp32.js";

export { attachHeap, attachHeapSync } from "./heap/threaded-create.js";
export type {
  AttachOptions,
  CreateThreadedHeap,
  CreateThreadedHeapSync,
  ThreadedHeapOptions,
} from "./heap/threaded-create.js";
export { HeapDeadError, OutOfMemoryError } from "./heap/errors.js";
export type { OutOfMemoryPolicy } from "./heap/heap.js";
export { ThreadedHeap } from "./heap/threaded-heap.js";
export type { HeapHandle, ThreadNotice, WatchableWorker } from "./heap/threaded-heap.js";
export { HeapAbort } from "./host/failures.js";
export { ThreadError } from "./host/thread-error.js";
export type { HeldLock, ThreadFailure } from "./host/thread-error.js";
export type { LockCounters, Repair, ThreadDeath } from "./host/threads.js";
export type { Abi, Mem } from "./layout/address.js";

const BINARIES = /* @__PURE__ */ binariesOf({
  "threads.ilp32": () => inlined(text),
  "threads.lp64": () => new URL("../build/threads.lp64.wasm", import.meta.url),
});

/**
 * Makes a heap that other workers can join: in a new shared memory, or inside the caller's.
 * @function
 */
export const createHeap: CreateThreadedHeap = /* @__PURE__ */ threadedHeapMaker(BINARIES);

/** As `createHeap`, without waiting. @function */
export const createHeapSync: CreateThreadedHeapSync =
  /* @__PURE__ */ threadedHeapMakerSync(BINARIES);
