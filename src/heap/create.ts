// Makes heaps, of one thread or of several, and joins those of other workers.

import { PACKAGE_FILES } from "../host/binaries.js";
import { show } from "../host/checks.js";
import type { Binaries } from "../host/load.js";
import type { ProcessOptions } from "../host/options.js";
import { processStarter, processStarterSync, type Process } from "../host/process.js";
import { attachProcess, attachProcessSync, checkHandle, registryOf } from "../host/threads.js";
import type { TunableObject } from "../host/tunables.js";
import type { Abi } from "../layout/address.js";
import { compactTunables, policyOf } from "./core-create.js";
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

/** @returns whether an option that can be true or false is true @throws TypeError naming it */
function flag(name: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== "boolean")
    throw new TypeError(`option "${name}" must be true or false, got ${show(value)}`);
  return value === true;
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

/** In a compact heap, the default, big blocks come from the heap too, unless the caller's tunables speak of mapping. */
function withDefaults<A extends Abi, B extends HeapBuild>(
  options: HeapOptions<A, B>,
): ProcessOptions<A, B> {
  const { layout = "compact", tunables = {} } = options;
  if (layout !== "compact") return { ...options, layout };
  return { ...options, layout, tunables: withoutMapping(tunables) };
}

/** @returns tunables with which big blocks come from the heap, unless they speak of mapping themselves */
export function withoutMapping(tunables: string | TunableObject): string | TunableObject {
  if (typeof tunables !== "string") return compactTunables(tunables);
  return tunables.includes("glibc.malloc.mmap_") ? tunables : `${tunables}:glibc.malloc.mmap_max=0`;
}

/** The options of a process, once those of the heap are checked. */
function processOptions<A extends Abi, B extends HeapBuild>(
  options: HeapOptions<A, B>,
): ProcessOptions<A, B> {
  const { build } = options;
  const threads = flag("threads", options.threads);
  if (threads && build !== undefined && build !== "threads")
    throw new TypeError(`option "threads" is for the build "threads", got build "${build}"`);
  if (!threads && build === "threads")
    throw new TypeError('the build "threads" is asked for with the option "threads"');
  return threads ? { ...options, build: "threads" as B } : withDefaults(options);
}

function noticeOption({
  onThreadDeath,
}: AttachOptions): ((notice: ThreadNotice) => void) | undefined {
  if (onThreadDeath !== undefined && typeof onThreadDeath !== "function")
    throw new TypeError(`option "onThreadDeath" must be a function, got ${show(onThreadDeath)}`);
  return onThreadDeath;
}

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

/** Everything about a heap that does not depend on where its binary comes from. @throws TypeError or RangeError naming a wrong option */
export function planHeap<A extends Abi, B extends HeapBuild>(
  options: HeapOptions<A, B>,
): HeapPlan<A, B> {
  const isStable = flag("stableViews", options.stableViews);
  return {
    policy: policyOf(options.outOfMemory),
    process: processOptions(options),
    finish: (heap) => {
      if (isStable) stabilise(heap.memory);
      return heap;
    },
  };
}

/** Checks the options, and says what to do with the process. */
function plannedHeap(options: HeapOptions) {
  const notice = noticeOption(options);
  const { policy, process, finish } = planHeap(options);
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
  const startProcess = processStarter(binaries);
  const createHeap = async (options: HeapOptions = {}) => {
    const { process, heapOf } = plannedHeap(options);
    return heapOf(await startProcess(process));
  };
  return createHeap as CreateHeap;
}

/** As `heapMaker`, for `createHeapSync`. */
export function heapMakerSync(binaries: Binaries): CreateHeapSync {
  const startProcess = processStarterSync(binaries);
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
  const policy = policyOf(options.outOfMemory ?? handle.outOfMemory);
  const notice = noticeOption(options);
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
  const policy = policyOf(options.outOfMemory ?? handle.outOfMemory);
  const notice = noticeOption(options);
  const process = attachProcessSync(checked, registryOf(checked));
  return new ThreadedHeap(process, { policy, notice, id: checked.id });
}
