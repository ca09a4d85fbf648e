// Makes heaps of one thread; threads/create.ts makes those that workers share.

import { PACKAGE_FILES } from "../binary/sources.js";
import { PROCESS_OPTIONS } from "../process/build-options.js";
import { checkOptions, FLAG, merged } from "../base/checks.js";
import type { Binaries } from "../binary/load.js";
import type { ProcessOptions } from "../process/options.js";
import { processStarter, processStarterSync } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import { HEAP_ONLY } from "./core-create.js";
import { Heap, type HeapBuild, type HeapOptions, type OutOfMemoryPolicy } from "./heap.js";

/**
 * WebAssembly.Memory as https://webassembly.github.io/spec/js-api/#memories has it, which not all
 * engines do.
 */
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
  build: ["core", "checked", "image", "full", "threads"],
  stableViews: FLAG,
  threads: FLAG,
});

/**
 * Makes a heap of one thread.
 * @param options nothing is required; the layout is "compact" by default, in which big blocks come
 *   from the heap, too
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does
 *   not fit this code
 */
export type CreateHeap = <A extends Abi = "ilp32", B extends HeapBuild = "core">(
  options?: HeapOptions<A, B>,
) => Promise<Heap<A, B>>;

/**
 * As `CreateHeap`, without waiting.
 * @param options as there
 * @throws as there; TypeError or Error where the binary cannot be read at once: browsers need the
 *   option "wasm" then, with bytes or a module
 */
export type CreateHeapSync = <A extends Abi = "ilp32", B extends HeapBuild = "core">(
  options?: HeapOptions<A, B>,
) => Heap<A, B>;

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
 * @param isThreaded whether there are to be threads where the options do not say
 * @throws TypeError or RangeError naming a wrong option
 */
export function planHeap<A extends Abi, B extends HeapBuild>(
  options: HeapOptions<A, B>,
  schema = HEAP_OPTIONS,
  isThreaded?: boolean,
): HeapPlan<A, B> {
  checkOptions(schema, options);
  const { outOfMemory = "null" } = options;
  const { threads = isThreaded } = options as { threads?: boolean };
  return {
    policy: outOfMemory,
    process: threads ? { ...options, build: "threads" as B } : options,
    finish: (heap) => {
      if (options.stableViews) stabilise(heap.memory);
      return heap;
    },
  };
}

const HEAP = { isHeap: true };

/** @returns `createHeap` for an entry of the package that has binaries of its own */
export function heapMaker(binaries: Binaries): CreateHeap {
  const startProcess = processStarter(binaries, HEAP);
  return async (options = {}) => {
    const { policy, process, finish } = planHeap(options);
    return finish(new Heap(await startProcess(process), policy));
  };
}

/** As `heapMaker`, for `createHeapSync`. */
export function heapMakerSync(binaries: Binaries): CreateHeapSync {
  const startProcess = processStarterSync(binaries, HEAP);
  return (options = {}) => {
    const { policy, process, finish } = planHeap(options);
    return finish(new Heap(startProcess(process), policy));
  };
}

/** As the package's `createHeap` (src/index.ts), with all binaries read from its files. */
export const createHeap: CreateHeap = /* @__PURE__ */ heapMaker(PACKAGE_FILES);

/** As `createHeap`, without waiting. */
export const createHeapSync: CreateHeapSync = /* @__PURE__ */ heapMakerSync(PACKAGE_FILES);
