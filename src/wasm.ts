/**
 * As the default entry, but the core's binaries are files of their own, which bundlers carry along
 * and browsers fetch. JavaScript stays smaller by them; "lp64" is here, too. All other names are
 * those of `ptmalloc-wasm`.
 *
 * @module ptmalloc-wasm/wasm
 */

import { heapMaker, heapMakerSync } from "./heap/create.js";
import type { CreateHeap, CreateHeapSync } from "./heap/create.js";
import { binariesOf } from "./binary/sources.js";
import { PROGRAM, processStarter, processStarterSync } from "./process/process.js";
import type { StartProcess, StartProcessSync } from "./process/process.js";

export * from "./api.js";

/**
 * Where the core's binary is, for `fetch`, preloading, or a content-security policy.
 * @param abi which layout's
 * @returns the URL of core.ilp32.wasm or core.lp64.wasm
 */
export function wasmUrl(abi: "ilp32" | "lp64" = "ilp32"): URL {
  return abi === "ilp32"
    ? new URL("../build/core.ilp32.wasm", import.meta.url)
    : new URL("../build/core.lp64.wasm", import.meta.url);
}

const BINARIES = /* @__PURE__ */ binariesOf({
  "core.ilp32": () => wasmUrl("ilp32"),
  "core.lp64": () => wasmUrl("lp64"),
});

/**
 * Makes a heap: in a new memory, or inside the caller's at the caller's base.
 * @function
 */
export const createHeap: CreateHeap = /* @__PURE__ */ heapMaker(BINARIES);

/**
 * As `createHeap`, without waiting: where files can be read, or with the option "wasm".
 * @function
 */
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
 * As `startProcess`, without waiting: where files can be read, or with the option "wasm".
 * @param options as there
 * @throws as `startProcess`; TypeError or Error where the binary cannot be read at once
 * @function
 */
export const startProcessSync: StartProcessSync = /* @__PURE__ */ processStarterSync(
  BINARIES,
  PROGRAM,
);
