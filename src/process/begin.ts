// How an instance becomes the first thread of a process, new or restored, or another one.

import type { RawExports } from "../binary/exports.js";
import type { ProcessPlan } from "./options.js";
import { assertFree } from "./places.js";
import { EAGAIN, ENOMEM } from "../layout/generated.js";

/** Makes an instance a thread of a process. @returns its number */
export type Start = (plan: ProcessPlan, raw: RawExports, module: WebAssembly.Module) => number;

/**
 * Makes the instance the first thread of a process, new or restored.
 * @returns its number, 0
 * @throws RangeError when another process has its place, or it cannot be where it should
 */
export function begin(plan: ProcessPlan, raw: RawExports, module: WebAssembly.Module): number {
  if (plan.isCallersMemory) assertFree(plan);
  (plan.resume ?? boot)(plan, raw, module);
  return 0;
}

/**
 * Makes the instance another thread.
 * @returns its number
 * @throws RangeError when there are too many
 */
export function join(plan: ProcessPlan, raw: RawExports): number {
  const attach = (): number => {
    const number = raw.attach(plan.base);
    if (number === -EAGAIN) throw new RangeError("the process has as many threads as it can have");
    return number;
  };
  return plan.threading === undefined ? attach() : plan.threading.join(raw, attach);
}

/** Starts the process. */
function boot(plan: ProcessPlan, raw: RawExports, module: WebAssembly.Module): void {
  const { base, startBrk, mmapBase, taskSize, memory } = plan;
  const needed = raw.kernel_bytes() >>> 0;
  if (startBrk - base < needed) {
    throw new RangeError(
      `option "startBrk" must be at least ${needed} above base ${base}, got ${startBrk}`,
    );
  }
  const error = raw.initialize(base, startBrk, mmapBase, taskSize, plan.flags);
  if (error === -ENOMEM) {
    throw new RangeError(
      `the memory cannot grow from ${memory.buffer.byteLength} bytes to startBrk ${startBrk}`,
    );
  }
  if (error !== 0) {
    throw new RangeError(
      `the kernel refused base ${base}, startBrk ${startBrk}, mmapBase ${mmapBase}, taskSize ${taskSize}: ${error}`,
    );
  }
  // Settings and keys were checked to fit.
  const word = (value: bigint) => (plan.abi === "lp64" ? value : Number(value));
  for (const { name, id, value } of plan.tunables) {
    if (raw.set_tunable(id, word(value)) === 0 && !plan.isLenient)
      throw (
        plan.refusal?.(name, value, module) ??
        new RangeError(`"${name}": malloc refused the value ${value}`)
      );
  }
  if (plan.tcacheKey !== undefined) raw.set_tcache_key(word(plan.tcacheKey));
}
