// How a tracking heap can be made.

import { checkInteger, show } from "../host/checks.js";
import type { HeapOptions } from "../heap/options.js";
import type { Abi } from "../layout/address.js";
import type { DebugBuild } from "./debug-heap.js";
import type { LeakError, MemoryError } from "./errors.js";
import { GRANULE } from "./shadow.js";
import type { TrackerSettings } from "./tracker.js";

/** How to make a tracking heap: as any heap, and how it is to watch. */
export interface DebugHeapOptions<
  A extends Abi = Abi,
  B extends DebugBuild = DebugBuild,
> extends HeapOptions<A, B> {
  /** Bytes before and behind each block that nobody may touch: a multiple of 16, at least 16. Default 32. More finds wilder accesses. */
  redzone?: number;
  /** Bytes of freed blocks, with what is around them, that are kept from being used again. Default 1 MiB. More finds later uses. */
  quarantine?: number;
  /** Frames of the stacks that are kept for each block; 0 for none. Default 16. */
  stackDepth?: number;
  /** What happens on a mistake. Default "throw"; a function is told, and the program goes on, also with a wrong access. */
  onError?: "throw" | ((error: MemoryError) => void);
  /** What happens at `dispose` when blocks are in use. Default "throw"; "ignore"; a function is told. */
  leaks?: "throw" | "ignore" | ((error: LeakError) => void);
}

/** The same, all decided. */
export interface DebugSettings extends TrackerSettings {
  readonly leaks: (error: LeakError) => void;
}

const DEFAULT_REDZONE = 32;
const DEFAULT_QUARANTINE = 2 ** 20;
const DEFAULT_DEPTH = 16;
const REDZONE_MOST = 2 ** 20;
const DEPTH_MOST = 1000;

/** @throws TypeError or RangeError naming a wrong option */
export function debugSettings(options: DebugHeapOptions): DebugSettings {
  const { redzone, quarantine, stackDepth, threads } = options;
  if ((threads as unknown) === true || (options.build as string) === "threads")
    throw new TypeError('option "threads": a tracking heap is for one thread');
  const rule = { min: GRANULE, max: REDZONE_MOST, multipleOf: GRANULE };
  const most = Number.MAX_SAFE_INTEGER;
  return {
    redzone: checkInteger('option "redzone"', redzone ?? DEFAULT_REDZONE, rule),
    quarantine: checkInteger('option "quarantine"', quarantine ?? DEFAULT_QUARANTINE, {
      min: 0,
      max: most,
    }),
    stackDepth: checkInteger('option "stackDepth"', stackDepth ?? DEFAULT_DEPTH, {
      min: 0,
      max: DEPTH_MOST,
    }),
    report: listener("onError", options.onError ?? "throw", false),
    leaks: listener("leaks", options.leaks ?? "throw", true),
  };
}

function listener<E extends Error>(
  name: string,
  given: string | ((error: E) => void),
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
