// How a tracking heap can be made.

import { HEAP_OPTIONS } from "../heap/create.js";
import { merged, show } from "../base/checks.js";
import type { HeapOptions } from "../heap/options.js";
import type { Abi } from "../layout/address.js";
import type { DebugBuild } from "./debug-heap.js";
import type { LeakError, MemoryError } from "./errors.js";
import { GRANULE } from "./shadow.js";
import type { TrackerSettings } from "./tracker.js";

/** How to make a tracking heap: as any heap, and how it is to watch. */
export type DebugHeapOptions<A extends Abi = Abi, B extends DebugBuild = DebugBuild> = HeapOptions<
  A,
  B
> & {
  /**
   * Bytes before and behind each block that nobody may touch: a multiple of 16, at least 16.
   * Default 32. More finds wilder accesses.
   */
  redzone?: number;
  /**
   * Bytes of freed blocks, with what is around them, that are kept from being used again. Default 1
   * MiB. More finds later uses.
   */
  quarantine?: number;
  /** Frames of the stacks that are kept for each block; 0 for none. Default 16. */
  stackDepth?: number;
  /**
   * What happens on a mistake. Default "throw"; a function is told, and the program goes on, also
   * with a wrong access.
   */
  onError?: "throw" | ((error: MemoryError) => void);
  /**
   * What happens at `dispose` when blocks are in use. Default "throw"; "ignore"; a function is
   * told.
   */
  leaks?: "throw" | "ignore" | ((error: LeakError) => void);
};

/** The same, all decided. */
export interface DebugSettings extends TrackerSettings {
  readonly leaks: (error: LeakError) => void;
}

const DEFAULT_REDZONE = 32;
const DEFAULT_QUARANTINE = 2 ** 20;
const DEFAULT_DEPTH = 16;
const REDZONE_MOST = 2 ** 20;
const DEPTH_MOST = 1000;

/** The options of a tracking heap. */
export const DEBUG_OPTIONS = /* @__PURE__ */ merged(HEAP_OPTIONS, {
  redzone: { min: GRANULE, max: REDZONE_MOST, multipleOf: GRANULE },
  quarantine: { min: 0, max: Number.MAX_SAFE_INTEGER },
  stackDepth: { min: 0, max: DEPTH_MOST },
  onError: "",
  leaks: "",
});

/**
 * @param options checked by DEBUG_OPTIONS
 * @throws TypeError naming a wrong option
 */
export function debugSettings(options: DebugHeapOptions): DebugSettings {
  const { redzone = DEFAULT_REDZONE, quarantine = DEFAULT_QUARANTINE } = options;
  if ((options.threads as unknown) || (options.build as string) === "threads")
    throw new TypeError('option "threads": a tracking heap is for one thread');
  return {
    redzone,
    quarantine,
    stackDepth: options.stackDepth ?? DEFAULT_DEPTH,
    report: listener("onError", options.onError, false),
    leaks: listener("leaks", options.leaks, true),
  };
}

function listener<E extends Error>(
  name: string,
  given: string | ((error: E) => void) = "throw",
  mayIgnore: boolean,
): (error: E) => void {
  if (typeof given === "function") return given;
  if (given === "throw")
    return (error) => {
      throw error;
    };
  if (given === "ignore" && mayIgnore) return () => undefined;
  const words = mayIgnore ? '"throw", "ignore"' : '"throw"';
  throw new TypeError(`option "${name}" must be ${words} or a function, got ${show(given)}`);
}
