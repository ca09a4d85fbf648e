// As index.ts for hosts that compile nothing themselves, with Vercel's way to import a compiled module.

import core from "../build/core.ilp32.wasm?module";
import { heapMaker, heapMakerSync } from "./heap/create.js";
import type { CreateHeap, CreateHeapSync } from "./heap/create.js";
import { binariesOf } from "./host/binaries.js";
import { processStarter, processStarterSync } from "./host/process.js";
import type { StartProcess, StartProcessSync } from "./host/process.js";

export * from "./api.js";

const BINARIES = /* @__PURE__ */ binariesOf({ "core.ilp32": () => core });

export const createHeap: CreateHeap = /* @__PURE__ */ heapMaker(BINARIES);

export const createHeapSync: CreateHeapSync = /* @__PURE__ */ heapMakerSync(BINARIES);

export const startProcess: StartProcess = /* @__PURE__ */ processStarter(BINARIES);

export const startProcessSync: StartProcessSync = /* @__PURE__ */ processStarterSync(BINARIES);
