/**
 * The default entry for hosts and bundlers that compile nothing at run time, such as Cloudflare's
 * workerd: it imports core.ilp32.wasm as a compiled module. Where a host can compile, this name
 * gives the default entry itself. All names are those of `ptmalloc-wasm`.
 *
 * @module ptmalloc-wasm/module
 */

import core from "../build/core.ilp32.wasm";
import { heapMaker, heapMakerSync } from "./heap/create.js";
import type { CreateHeap, CreateHeapSync } from "./heap/create.js";
import { binariesOf } from "./binary/sources.js";
import { PROGRAM, processStarter, processStarterSync } from "./process/process.js";
import type { StartProcess, StartProcessSync } from "./process/process.js";

export * from "./api.js";

const BINARIES = /* @__PURE__ */ binariesOf({ "core.ilp32": () => core });

/**
 * Makes a heap: in a new memory, or inside the caller's at the caller's base.
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
