/**
 * The default entry: `createHeap`, and `startProcess` underneath. The binary core.ilp32 is inlined, so nothing need be configured, fetched or
 * waited for; those of other builds are read from the package's files.
 *
 * Sizes are bytes, addresses plain unsigned numbers, and 0 is NULL. A caller's mistake is a TypeError or RangeError that names the argument and the
 * rule; damage that glibc would have died of is a HeapAbort with glibc's message.
 *
 * Most people need {@link createHeap}, {@link Heap} and {@link HeapOptions}; the C functions themselves are {@link MallocExports}.
 *
 * @module ptmalloc-wasm
 */

import { heapMaker, heapMakerSync } from "./heap/create.js";
import type { CreateHeap, CreateHeapSync } from "./heap/create.js";
import { binariesOf } from "./host/binaries.js";
import { inlined } from "./host/inlined.js";
import { processStarter, processStarterSync } from "./host/process.js";
import type { StartProcess, StartProcessSync } from "./host/process.js";
import { text } from "./inlined/core-ilp32.js";

export * from "./api.js";

const BINARIES = /* @__PURE__ */ binariesOf({ "core.ilp32": () => inlined(text) });

/**
 * Makes a heap: in a new memory, or inside the caller's at the caller's base.
 * @param options nothing is required; the layout is "compact" by default. With `threads: true` other workers can join the heap: see
 *   ThreadedHeap
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does not fit this code, or when
 *   `threads` is asked for where memory cannot be shared
 */
export const createHeap: CreateHeap = /* @__PURE__ */ heapMaker(BINARIES);

/** As `createHeap`, without waiting. */
export const createHeapSync: CreateHeapSync = /* @__PURE__ */ heapMakerSync(BINARIES);

/**
 * Starts a process: the thin layer under a heap, for any build.
 * @param options see ProcessOptions; nothing is required
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does not fit this code
 */
export const startProcess: StartProcess = /* @__PURE__ */ processStarter(BINARIES);

/** As `startProcess`, without waiting. */
export const startProcessSync: StartProcessSync = /* @__PURE__ */ processStarterSync(BINARIES);
