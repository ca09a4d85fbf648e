/**
 * As the default entry, but the core's binaries are files of their own, which bundlers carry along and browsers fetch. JavaScript stays smaller by
 * them; "lp64" is here, too. All other names are those of `ptmalloc-wasm`.
 *
 * @module ptmalloc-wasm/wasm
 */

import { heapMaker, heapMakerSync } from "./heap/create.js";
import type { CreateHeap, CreateHeapSync } from "./heap/create.js";
import { binariesOf } from "./host/binaries.js";
import { processStarter, processStarterSync } from "./host/process.js";
import type { StartProcess, StartProcessSync } from "./host/process.js";

export * from "./api.js";

/** @returns where core.ilp32.wasm or core.lp64.wasm is, for `fetch`, preloading, or a content-security policy */
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
 * @param options nothing is required; the layout is "compact" by default. With `threads: true` other workers can join the heap: see
 *   ThreadedHeap
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does not fit this code, or when
 *   `threads` is asked for where memory cannot be shared
 */
export const createHeap: CreateHeap = /* @__PURE__ */ heapMaker(BINARIES);

/** As `createHeap`, without waiting: where files can be read, or with the option "wasm". */
export const createHeapSync: CreateHeapSync = /* @__PURE__ */ heapMakerSync(BINARIES);

/**
 * Starts a process: the thin layer under a heap, for any build.
 * @param options see ProcessOptions; nothing is required
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does not fit this code
 */
export const startProcess: StartProcess = /* @__PURE__ */ processStarter(BINARIES);

/** As `startProcess`, without waiting: where files can be read, or with the option "wasm". */
export const startProcessSync: StartProcessSync = /* @__PURE__ */ processStarterSync(BINARIES);
