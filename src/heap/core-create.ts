// Makes heaps of the core build, whose binary the caller brings: all that "ptmalloc-wasm/core" can
// do.

import { checkOptions, show } from "../base/checks.js";
import { CoreProcess } from "../process/core-process.js";
import { load, loadSync, type Binaries, type WasmSource } from "../binary/load.js";
import { CORE_OPTIONS, planCore } from "../process/options.js";
import { isBinary } from "../base/realm.js";
import type { Abi } from "../layout/address.js";
import { CoreHeap, type HeapOptions } from "./core-heap.js";

/** How to make a heap of the core build. */
export interface CoreHeapOptions<A extends Abi = Abi> extends Omit<
  HeapOptions<A, "core">,
  | "build"
  | "profile"
  | "glibc"
  | "threads"
  | "hugePages"
  | "cores"
  | "randomize"
  | "stableViews"
  | "tunables"
  | "lenientTunables"
> {
  /** The binary, core.ilp32.wasm or core.lp64.wasm: its bytes, or a compiled module. */
  wasm: WasmSource;
  /** `glibc.malloc.*` tunables by name, with numbers. */
  tunables?: Readonly<Record<string, number | bigint>>;
}

/** What an allocation can do when there is no memory. */
export const POLICIES = ["null", "throw"] as const;

/** The option of heaps that processes do not have. */
export const HEAP_ONLY = { outOfMemory: POLICIES } as const;

const find = (_name: string, given?: unknown): WasmSource => {
  if (isBinary(given)) return given;
  throw new TypeError(
    `option "wasm" must be a WebAssembly.Module or the bytes of one, got ${show(given)}`,
  );
};

/** There are no binaries but the caller's. */
const NONE: Binaries = { find, findSync: find };

function planned<A extends Abi>(options: CoreHeapOptions<A>) {
  checkOptions({ ...CORE_OPTIONS, ...HEAP_ONLY }, options);
  return planCore<A, "core">(options);
}

/**
 * Makes a heap: in a new memory, or inside the caller's at the caller's base.
 * @param options "wasm" is required; the layout is "compact" by default
 * @throws TypeError or RangeError naming a wrong option; Error when the binary does not fit this
 *   code
 */
export async function createHeap<A extends Abi = "ilp32">(
  options = {} as CoreHeapOptions<A>,
): Promise<CoreHeap<A, "core">> {
  const plan = planned(options);
  return new CoreHeap(new CoreProcess(plan, await load(plan, NONE)), options.outOfMemory);
}

/**
 * As `createHeap`, without waiting. Browsers allow this on their main thread for small modules
 * only.
 * @param options as there
 * @throws as `createHeap`
 */
export function createHeapSync<A extends Abi = "ilp32">(
  options = {} as CoreHeapOptions<A>,
): CoreHeap<A, "core"> {
  const plan = planned(options);
  return new CoreHeap(new CoreProcess(plan, loadSync(plan, NONE)), options.outOfMemory);
}
