/**
 * Heaps that workers share, with threads.ilp32 inlined: one shared memory, an arena and a tcache
 * for each thread, and locks that survive the death of whoever holds them. One worker makes the
 * heap and posts `heap.handle()`; the others join with {@link attachHeap}.
 *
 * @module ptmalloc-wasm/threads
 */

import { threadedHeapMaker, threadedHeapMakerSync } from "./heap/threads/create.js";
import type { CreateThreadedHeap, CreateThreadedHeapSync } from "./heap/threads/create.js";
import { binariesOf } from "./binary/sources.js";
import { inlined } from "./binary/inlined.js";
import { text } from "./binary/inlined/threads-ilp32.js";

export { attachHeap, attachHeapSync } from "./heap/threads/create.js";
export type {
  AttachOptions,
  CreateThreadedHeap,
  CreateThreadedHeapSync,
  ThreadedHeapOptions,
} from "./heap/threads/create.js";
export { HeapDeadError, OutOfMemoryError } from "./heap/errors.js";
export type { OutOfMemoryPolicy } from "./heap/heap.js";
export { ThreadedHeap } from "./heap/threads/threaded-heap.js";
export type { HeapHandle, ThreadNotice, WatchableWorker } from "./heap/threads/threaded-heap.js";
export { HeapAbort } from "./process/failures.js";
export { ThreadError } from "./process/threads/error.js";
export type { HeldLock, ThreadFailure } from "./process/threads/error.js";
export type { LockCounters, Repair, ThreadDeath } from "./process/threads/join.js";
export type { Abi, Mem } from "./layout/address.js";

const BINARIES = /* @__PURE__ */ binariesOf({
  "threads.ilp32": () => inlined(text),
  "threads.lp64": () => new URL("../build/threads.lp64.wasm", import.meta.url),
  "threads-throughput.ilp32": () =>
    new URL("../build/threads-throughput.ilp32.wasm", import.meta.url),
  "threads-throughput.lp64": () =>
    new URL("../build/threads-throughput.lp64.wasm", import.meta.url),
});

/**
 * Makes a heap that other workers can join: in a new shared memory, or inside the caller's.
 * @function
 */
export const createHeap: CreateThreadedHeap = /* @__PURE__ */ threadedHeapMaker(BINARIES);

/** As `createHeap`, without waiting. @function */
export const createHeapSync: CreateThreadedHeapSync =
  /* @__PURE__ */ threadedHeapMakerSync(BINARIES);
