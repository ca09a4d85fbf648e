/**
 * The default entry: `createHeap`, and `startProcess` underneath. The binary core.ilp32 is inlined,
 * so nothing need be configured, fetched or waited for; those of other builds are read from the
 * package's files.
 *
 * Sizes are bytes, addresses plain unsigned numbers, and 0 is NULL. A caller's mistake is a
 * TypeError or RangeError that names the argument and the rule; damage that glibc would have died
 * of is a HeapAbort with glibc's message.
 *
 * Most people need {@link createHeap}, {@link Heap} and {@link HeapOptions}; the C functions
 * themselves are {@link MallocExports}.
 *
 * @module ptmalloc-wasm
 */

import { heapMaker, heapMakerSync } from "./heap/create.js";
import type { CreateHeap, CreateHeapSync } from "./heap/create.js";
import { binariesOf } from "./binary/sources.js";
import { inlined } from "./binary/inlined.js";
import { PROGRAM, processStarter, processStarterSync } from "./process/process.js";
import type { StartProcess, StartProcessSync } from "./process/process.js";
import { text } from "./binary/inlined/core-ilp32.js";

export * from "./api.js";

const BINARIES = /* @__PURE__ */ binariesOf({ "core.ilp32": () => inlined(text) });

/**
 * Makes a heap: in a new memory, or inside the caller's at the caller's base.
 * @example
 * ```ts
 * import { createHeap } from "ptmalloc-wasm";
 *
 * const heap = await createHeap();
 * const block = heap.malloc(100);
 * heap.u8(block, 3).set([1, 2, 3]);
 * const bigger = heap.realloc(block, 1000);
 * console.log(heap.usableSize(bigger), heap.u8(bigger, 3)[2]); // 1004 3
 * heap.free(bigger);
 * try {
 *   heap.free(bigger);
 * } catch (error) {
 *   console.log(String(error)); // HeapAbort: free(): double free detected in tcache 2
 * }
 * ```
 * @function
 */
export const createHeap: CreateHeap = /* @__PURE__ */ heapMaker(BINARIES);

/** As `createHeap`, without waiting. @function */
export const createHeapSync: CreateHeapSync = /* @__PURE__ */ heapMakerSync(BINARIES);

/**
 * Starts a process: the thin layer under a heap, for any build. Its functions are C's, with numbers
 * in and unsigned numbers out.
 * @param options nothing is required; the layout is "linux" by default
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does
 *   not fit this code
 * @function
 */
export const startProcess: StartProcess = /* @__PURE__ */ processStarter(BINARIES, PROGRAM);

/**
 * As `startProcess`, without waiting.
 * @param options as there
 * @throws as `startProcess`; TypeError or Error where the binary cannot be read at once
 * @function
 */
export const startProcessSync: StartProcessSync = /* @__PURE__ */ processStarterSync(
  BINARIES,
  PROGRAM,
);
