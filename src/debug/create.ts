// Makes tracking heaps.

import { planHeap } from "../heap/create.js";
import { PACKAGE_FILES } from "../binary/sources.js";
import { withLoader } from "../binary/loader.js";
import { processStarter, processStarterSync } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import { DebugHeap, type DebugBuild } from "./debug-heap.js";
import { DEBUG_OPTIONS, debugSettings, type DebugHeapOptions } from "./options.js";

function planned<A extends Abi, B extends DebugBuild>(options: DebugHeapOptions<A, B>) {
  const plan = planHeap(options, DEBUG_OPTIONS);
  return { plan, settings: debugSettings(options) };
}

const BINARIES = /* @__PURE__ */ withLoader(PACKAGE_FILES);

/**
 * Makes a heap that finds mistakes: as `createHeap`, for a single thread.
 * @param options nothing is required
 * @example
 * ```ts
 * import { createDebugHeap, MemoryError } from "ptmalloc-wasm/debug";
 *
 * const heap = await createDebugHeap();
 * const block = heap.malloc(8);
 * try {
 *   heap.store("u32", block + 8, 1);
 * } catch (error) {
 *   console.log(error instanceof MemoryError && error.kind); // heap-buffer-overflow
 * }
 * heap.free(block);
 * heap.dispose();
 * ```
 * @throws TypeError or RangeError naming a wrong option; and as `createHeap`
 */
export async function createDebugHeap<A extends Abi = "ilp32", B extends DebugBuild = "core">(
  options: DebugHeapOptions<A, B> = {},
): Promise<DebugHeap<A, B>> {
  const { plan, settings } = planned(options);
  const process = await processStarter(BINARIES, { isHeap: true })(plan.process);
  return plan.finish(new DebugHeap(process, plan.policy, settings));
}

/**
 * As `createDebugHeap`, without waiting. Browsers allow this on their main thread for small modules
 * only.
 * @param options nothing is required
 * @throws as `createDebugHeap`
 */
export function createDebugHeapSync<A extends Abi = "ilp32", B extends DebugBuild = "core">(
  options: DebugHeapOptions<A, B> = {},
): DebugHeap<A, B> {
  const { plan, settings } = planned(options);
  const process = processStarterSync(BINARIES, { isHeap: true })(plan.process);
  return plan.finish(new DebugHeap(process, plan.policy, settings));
}
