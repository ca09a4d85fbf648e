// The build "threads", for whoever starts processes on it: what its plans have besides those of
// other builds.

import type { Abi } from "../../layout/address.js";
import { WASM_PAGE_BYTES } from "../memory-option.js";
import type { BuildOptions, ProcessPlan, Traits } from "../options.js";
import { SHARED_TASK_SIZE, sharedMemories } from "./shared-memory.js";
import { ThreadRegistry } from "./registry.js";
import { threadingOf } from "./threading.js";

/**
 * The patience of threads, ms: longer than any call takes that is not waiting for a dead thread.
 */
const DEFAULT_PATIENCE_MS = 10_000;

/**
 * What starts processes on the build "threads" is given this; what does not leaves it out, with all
 * the code behind it.
 */
export interface ThreadedBuild {
  /** What is different from other builds. */
  traitsOf(abi: Abi): Omit<Traits, "build" | "readTunables">;
  /** The part of a plan that is about threads, from options that were checked. */
  threadingOf(options: BuildOptions): Pick<ProcessPlan, "newFate" | "threading">;
}

export const THREADED: ThreadedBuild = {
  traitsOf: (abi) => ({
    // With threads there is a journal besides.
    reservedBytes: 2 * WASM_PAGE_BYTES,
    taskSize: SHARED_TASK_SIZE[abi],
    shared: sharedMemories,
  }),
  threadingOf(options) {
    const { patience = DEFAULT_PATIENCE_MS } = options;
    return threadingOf(new ThreadRegistry(patience), patience, options);
  },
};
