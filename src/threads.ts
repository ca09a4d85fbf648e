/**
 * Heaps that workers share, with threads.ilp32 inlined: one shared memory, an arena and a tcache for each thread, and locks that survive the death of
 * whoever holds them. One worker makes the heap and posts `heap.handle()`; the others join with {@link attachHeap}.
 *
 * @module ptmalloc-wasm/threads
 */

import { HEAP_OPTIONS, heapMaker, heapMakerSync } from "./heap/create.js";
import type { ThreadedHeapOptions } from "./heap/create.js";
import type { ThreadedHeap } from "./heap/threaded-heap.js";
import { binariesOf } from "./host/binaries.js";
import { checkOptions } from "./host/checks.js";
import { inlined } from "./host/inlined.js";
import { text } from "./inlined/threads-ilp32.js";
import type { Abi } from "./layout/address.js";

export { attachHeap, attachHeapSync } from "./heap/create.js";
export type { AttachOptions, ThreadedHeapOptions } from "./heap/create.js";
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

/** What `createHeap` takes here: `threads: true` goes without saying. @interface */
export type Options<A extends Abi = Abi> = Omit<ThreadedHeapOptions<A>, "threads" | "build">;

/** @throws TypeError for what is no object of options, and for threads that are not wanted */
function asked<A extends Abi>(options: Options<A>): ThreadedHeapOptions<never> {
  checkOptions(HEAP_OPTIONS, options);
  if ((options as { threads?: unknown }).threads === false)
    throw new TypeError('option "threads" must be true in this entry, got false');
  return { ...options, threads: true } as ThreadedHeapOptions<never>;
}

/**
 * Makes a heap that other workers can join: in a new shared memory, or inside the caller's.
 * @param options nothing is required
 * @throws TypeError or RangeError naming a wrong option; Error where memory cannot be shared, and when the binary does not fit this code
 * @function
 */
export const createHeap: <A extends Abi = "ilp32">(
  options?: Options<A>,
) => Promise<ThreadedHeap<A>> = async (options = {}) => heapMaker(BINARIES)(asked(options));

/**
 * As `createHeap`, without waiting.
 * @param options nothing is required
 * @throws as `createHeap`
 * @function
 */
export const createHeapSync: <A extends Abi = "ilp32">(options?: Options<A>) => ThreadedHeap<A> = (
  options = {},
) => heapMakerSync(BINARIES)(asked(options));
