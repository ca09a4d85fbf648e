// As index.ts for hosts that compile nothing themselves, with Vercel's way to import a compiled
// module.

import core from "../build/core.ilp32.wasm?module";
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

/** As `createHeap`, without waiting. */
export const createHeapSync: CreateHeapSync = /* @__PURE__ */ heapMakerSync(BINARIES);

/**
 * Starts a process: the thin layer under a heap, for any build. Its functions are C's, with numbers
 * in and unsigned numbers out.
 * @function
 */
export const startProcess: StartProcess = /* @__PURE__ */ processStarter(BINARIES, PROGRAM);

/** As `startProcess`, without waiting. */
export const startProcessSync: StartProcessSync = /* @__PURE__ */ processStarterSync(
  BINARIES,
  PROGRAM,
);
