// Makes heaps, of one thread or of several, and joins those of other workers.

import { PACKAGE_FILES } from "../host/binaries.js";
import { PROCESS_OPTIONS } from "../host/build-options.js";
import { checkChoice, checkOptions, FLAG, merged } from "../host/checks.js";
import type { Binaries } from "../host/load.js";
import type { ProcessOptions } from "../host/options.js";
import { processStarter, processStarterSync, type Process } from "../host/process.js";
import { attachProcess, attachProcessSync, checkHandle, registryOf } from "../host/threads.js";
import type { Abi } from "../layout/address.js";
import { HEAP_ONLY, POLICIES } from "./core-create.js";
import { announceLife, beginLife } from "./death-watch.js";
import { Heap, type HeapBuild, type HeapOptions, type OutOfMemoryPolicy } from "./heap.js";
import { ThreadedHeap, type HeapHandle, type ThreadNotice } from "./threaded-heap.js";

/** How to make a heap for threads that run at the same time. Memory is shared, mappings are laid out as "linux" by default. */
export interface ThreadedHeapOptions<A extends Abi = Abi> extends Omit<
  HeapOptions<A, "threads">,
  "threads"
> {
  /** Asks for it. */
  threads: true;
  /** Called when a thread was found dead by itself (see `watch`), after what it left was put in order, or could not be. */
  onThreadDeath?: (notice: ThreadNotice) => void;
}

/** How a worker joins a heap. */
export interface AttachOptions {
  /** As for `createHeap`; what the heap's creator chose by default. */
  outOfMemory?: OutOfMemoryPolicy;
  /** As for `createHeap`, for deaths that this thread notices. */
  onThreadDeath?: (notice: ThreadNotice) => void;
}

/** WebAssembly.Memory as https://webassembly.github.io/spec/js-api/#memories has it, which not all engines do. */
interface ResizableMemory {
  toResizableBuffer?(): ArrayBuffer;
}

/** Makes the memory's buffer one that grows with it, where it is asked for and can be done. */
function stabilise(memory: WebAssembly.Memory): void {
  try {
    (memory as ResizableMemory).toResizableBuffer?.();
  } catch (cause) {
    throw new TypeError('option "stableViews" needs a memory that was made with a maximum', {
      cause,
    });
  }
}

/** The options of a heap that can run on any build. */
export const HEAP_OPTIONS = /* @__PURE__ */ merged(PROCESS_OPTIONS, HEAP_ONLY, {
  build: ["core", "checked", "image", "threads"],
  stableViews: FLAG,
  threads: FLAG,
  onThreadDeath: "a function",
});

const ATTACH_OPTIONS = /* @__PURE__ */ merged(HEAP_ONLY, { onThreadDeath: "a function" });

/** Makes heaps: see `createHeap`. */
export interface CreateHeap {
  /**
   * A heap of one thread.
   * @param options nothing is required; the layout is "compact" by default, in which big blocks come from the heap, too
   * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does not fit this code
   */
  <A extends Abi = "ilp32", B extends HeapBuild = "core">(
    options?: HeapOptions<A, B>,
  ): Promise<Heap<A, B>>;
  /**
   * With `threads: true`: a heap that other workers can join, in shared memory.
   * @param options the layout is "linux" by default
   * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does not fit this code, and where memory
   *   cannot be shared
   */
  <A extends Abi = "ilp32">(options: ThreadedHeapOptions<A>): Promise<ThreadedHeap<A>>;
}

/** As `CreateHeap`, without waiting. */
export interface CreateHeapSync {
  /**
   * A heap of one thread.
   * @param options as for `createHeap`
   * @throws as `createHeap`; TypeError or Error where the binary cannot be read at once: browsers need the option "wasm" then, with bytes or a module
   */
  <A extends Abi = "ilp32", B extends HeapBuild = "core">(options?: HeapOptions<A, B>): Heap<A, B>;
  /**
   * With `threads: true`: a heap that other workers can join, in shared memory.
   * @param options as for `createHeap`
   * @throws as `createHeap`; TypeError or Error where the binary cannot be read at once: browsers need the option "wasm" then, with bytes or a module
   */
  <A extends Abi = "ilp32">(options: ThreadedHeapOptions<A>): ThreadedHeap<A>;
}

/** How a heap is to be made, all checked. */
export interface HeapPlan<A extends Abi, B extends HeapBuild> {
  readonly policy: OutOfMemoryPolicy;
  readonly process: ProcessOptions<A, B>;
  /** What is to be done with the heap when there is one. @returns it */
  readonly finish: <H extends Heap<A, B>>(heap: H) => H;
}

/**
 * Everything about a heap that does not depend on where its binary comes from.
 * @param schema the options that there are
 * @throws TypeError or RangeError naming a wrong option
 */
export function planHeap<A extends Abi, B extends HeapBuild>(
  options: HeapOptions<A, B>,
  schema = HEAP_OPTIONS,
): HeapPlan<A, B> {
  checkOptions(schema, options);
  const { build, threads, outOfMemory = "null" } = options;
  if (threads && build !== undefined && build !== "threads")
    throw new TypeError(`option "threads" is for the build "threads", got build "${build}"`);
  if (!threads && build === "threads")
    throw new TypeError('the build "threads" is asked for with the option "threads"');
  return {
    policy: outOfMemory,
    process: threads ? { ...options, build: "threads" as B } : options,
    finish: (heap) => {
      if (options.stableViews) stabilise(heap.memory);
      return heap;
    },
  };
}

/** Checks the options, and says what to do with the process. */
function plannedHeap(options: HeapOptions & AttachOptions) {
  const { policy, process, finish } = planHeap(options);
  const { onThreadDeath: notice } = options;
  return {
    process,
    heapOf: (process: Process<Abi, HeapBuild>) =>
      process.build === "threads"
        ? finish(new ThreadedHeap(process as Process<Abi, "threads">, { policy, notice }))
        : finish(new Heap(process, policy)),
  };
}

/** @returns `createHeap` for an entry of the package that has binaries of its own */
export function heapMaker(binaries: Binaries): CreateHeap {
  const startProcess = processStarter(binaries, true);
  const createHeap = async (options: HeapOptions = {}) => {
    const { process, heapOf } = plannedHeap(options);
    return heapOf(await startProcess(process));
  };
  return createHeap as CreateHeap;
}

/** As `heapMaker`, for `createHeapSync`. */
export function heapMakerSync(binaries: Binaries): CreateHeapSync {
  const startProcess = processStarterSync(binaries, true);
  const createHeap = (options: HeapOptions = {}) => {
    const { process, heapOf } = plannedHeap(options);
    return heapOf(startProcess(process));
  };
  return createHeap as CreateHeapSync;
}

/** As the package's `createHeap` (src/index.ts), with all binaries read from its files. */
export const createHeap: CreateHeap = /* @__PURE__ */ heapMaker(PACKAGE_FILES);

/** As `createHeap`, without waiting. */
export const createHeapSync: CreateHeapSync = /* @__PURE__ */ heapMakerSync(PACKAGE_FILES);

function attachOptions(handle: HeapHandle, options: AttachOptions) {
  checkOptions(ATTACH_OPTIONS, options);
  const { outOfMemory = handle.outOfMemory, onThreadDeath: notice } = options;
  return { policy: checkChoice("handle.outOfMemory", outOfMemory, POLICIES), notice };
}

/**
 * Makes this worker a thread of a heap that another one made. In browsers the thread holds a Web Lock from here on, so that the others notice
 * when the worker is ended; where there is no `navigator.locks`, its death must be reported with `threadExited`.
 * @param handle what `heap.handle()` returned there, posted to here
 * @param options nothing is required
 * @throws TypeError or RangeError naming what is wrong with the handle, or when there are 128 threads already; Error when the other
 *   worker runs another version of this package
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
 * As `attachHeap`, without waiting. In browsers nobody notices by itself when this worker is ended: that is to be reported with
 * `threadExited`.
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
