// Makes heaps that workers share, and joins those of other workers.

import { PACKAGE_FILES } from "../../binary/sources.js";
import { checkChoice, checkOptions, merged } from "../../base/checks.js";
import type { Binaries } from "../../binary/load.js";
import { processStarter, processStarterSync, type Process } from "../../process/process.js";
import { THREADED } from "../../process/threads/build.js";
import {
  attachProcess,
  attachProcessSync,
  checkHandle,
  registryOf,
} from "../../process/threads/join.js";
import type { Abi } from "../../layout/address.js";
import { HEAP_ONLY, POLICIES } from "../core-create.js";
import { HEAP_OPTIONS, planHeap } from "../create.js";
import { announceLife, beginLife } from "../death-watch.js";
import type { HeapOptions, OutOfMemoryPolicy } from "../heap.js";
import { ThreadedHeap, type HeapHandle, type ThreadNotice } from "./threaded-heap.js";

/**
 * How to make a heap for threads that run at the same time. Memory is shared, mappings are laid out
 * as "linux" by default.
 */
export interface ThreadedHeapOptions<A extends Abi = Abi> extends Omit<
  HeapOptions<A, "threads">,
  "threads" | "build"
> {
  /** What this is about; it goes without saying. */
  threads?: true;
  /**
   * Called when a thread was found dead by itself (see `watch`), after what it left was put in
   * order, or could not be.
   */
  onThreadDeath?: (notice: ThreadNotice) => void;
}

/** How a worker joins a heap. */
export interface AttachOptions {
  /** As for `createHeap`; what the heap's creator chose by default. */
  outOfMemory?: OutOfMemoryPolicy;
  /** As for `createHeap`, for deaths that this thread notices. */
  onThreadDeath?: (notice: ThreadNotice) => void;
}

const DEATHS = { onThreadDeath: "a function" } as const;

const OPTIONS = /* @__PURE__ */ merged(HEAP_OPTIONS, DEATHS, { build: ["threads"] });

const ATTACH_OPTIONS = /* @__PURE__ */ merged(HEAP_ONLY, DEATHS);

/**
 * Makes a heap that other workers can join: in a new shared memory, or inside the caller's.
 * @param options nothing is required; the layout is "linux" by default
 * @throws TypeError or RangeError naming a wrong option; Error where memory cannot be shared, and
 *   when the binary does not fit this code
 */
export type CreateThreadedHeap = <A extends Abi = "ilp32">(
  options?: ThreadedHeapOptions<A>,
) => Promise<ThreadedHeap<A>>;

/**
 * As `CreateThreadedHeap`, without waiting.
 * @param options as there
 * @throws as there; TypeError or Error where the binary cannot be read at once: browsers need the
 *   option "wasm" then, with bytes or a module
 */
export type CreateThreadedHeapSync = <A extends Abi = "ilp32">(
  options?: ThreadedHeapOptions<A>,
) => ThreadedHeap<A>;

const HEAP = { isHeap: true, threaded: THREADED };

/** Checks the options, and says what to do with the process. */
function planned<A extends Abi>(
  options: Omit<ThreadedHeapOptions<A>, "threads"> & { threads?: boolean },
) {
  const { policy, process, finish } = planHeap(options as HeapOptions<A, "threads">, OPTIONS, true);
  const { threads, onThreadDeath: notice } = options;
  if (threads === false)
    throw new TypeError('option "threads" must be true in this entry, got false');
  return {
    process,
    heapOf: (process: Process<A, "threads">) =>
      finish(new ThreadedHeap(process, { policy, notice })),
  };
}

/** @returns `createHeap` of ptmalloc-wasm/threads, for an entry that has binaries of its own */
export function threadedHeapMaker(binaries: Binaries): CreateThreadedHeap {
  const startProcess = processStarter(binaries, HEAP);
  return async (options = {}) => {
    const { process, heapOf } = planned(options);
    return heapOf(await startProcess(process));
  };
}

/** As `threadedHeapMaker`, for `createHeapSync`. */
export function threadedHeapMakerSync(binaries: Binaries): CreateThreadedHeapSync {
  const startProcess = processStarterSync(binaries, HEAP);
  return (options = {}) => {
    const { process, heapOf } = planned(options);
    return heapOf(startProcess(process));
  };
}

/** As `createHeap` of ptmalloc-wasm/threads, with the binaries read from the package's files. */
export const createThreadedHeap: CreateThreadedHeap =
  /* @__PURE__ */ threadedHeapMaker(PACKAGE_FILES);

/** As `createThreadedHeap`, without waiting. */
export const createThreadedHeapSync: CreateThreadedHeapSync =
  /* @__PURE__ */ threadedHeapMakerSync(PACKAGE_FILES);

function attachOptions(handle: HeapHandle, options: AttachOptions) {
  checkOptions(ATTACH_OPTIONS, options);
  const { outOfMemory = handle.outOfMemory, onThreadDeath: notice } = options;
  return { policy: checkChoice("handle.outOfMemory", outOfMemory, POLICIES), notice };
}

/**
 * Makes this worker a thread of a heap that another one made. In browsers the thread holds a Web
 * Lock from here on, so that the others notice when the worker is ended; where there is no
 * `navigator.locks`, its death must be reported with `threadExited`.
 * @param handle what `heap.handle()` returned there, posted to here
 * @param options nothing is required
 * @throws TypeError or RangeError naming what is wrong with the handle, or when there are 128
 *   threads already; Error when the other worker runs another version of this package
 */
export async function attachHeap<A extends Abi>(
  handle: HeapHandle<A>,
  options: AttachOptions = {},
): Promise<ThreadedHeap<A>> {
  const checked = checkHandle<A>("attachHeap", handle);
  const { policy, notice } = attachOptions(handle, options);
  const registry = registryOf(checked);
  // In Node.js workers have numbers, and an event when they end.
  const isNumbered = registry.owner > 0;
  const endLife = isNumbered ? undefined : await beginLife(checked.id, registry.owner);
  try {
    // Before there is anything to clean up: a worker can be ended at any moment.
    if (!isNumbered) announceLife(checked.id, registry.owner);
    const process = await attachProcess(checked, registry);
    return new ThreadedHeap(process, { policy, notice, endLife, id: checked.id });
  } catch (error) {
    endLife?.();
    throw error;
  }
}

/**
 * As `attachHeap`, without waiting. In browsers nobody notices by itself when this worker is ended:
 * that is to be reported with `threadExited`.
 * @param handle what `heap.handle()` returned there, posted to here
 * @param options nothing is required
 * @throws as `attachHeap`
 */
export function attachHeapSync<A extends Abi>(
  handle: HeapHandle<A>,
  options: AttachOptions = {},
): ThreadedHeap<A> {
  const checked = checkHandle<A>("attachHeapSync", handle);
  const { policy, notice } = attachOptions(handle, options);
  const process = attachProcessSync(checked, registryOf(checked));
  return new ThreadedHeap(process, { policy, notice, id: checked.id });
}
