// How an instance becomes the first thread of a process, new or restored, or another one.

import type { Abi } from "../layout/address.js";
import { Tunable } from "../layout/generated.js";
import type { RawExports } from "./exports.js";
import type { Fate } from "./fate.js";
import type { ProcessPlan, Restore } from "./options.js";
import { mayWait, type ThreadRegistry } from "./thread-registry.js";

const EAGAIN = 11;
const EINVAL = 22;
const ENOMEM = 12;

/** Whether `raw` is an instance of the threaded build. */
export function isThreaded(raw: RawExports): raw is RawExports<Abi, "threads"> {
  return "share" in raw;
}

/** Makes the instance the first thread of a process, new or restored, or another one. @returns the thread's number */
export function begin(plan: ProcessPlan, raw: RawExports, fate: Fate, isThread: boolean): number {
  let number = 0;
  if (isThread) number = join(plan, raw);
  else if (plan.restore === undefined) boot(plan, raw);
  else resume(plan, raw as unknown as RawExports<Abi, "image">, plan.restore);
  if (isThreaded(raw)) {
    fate.bind(plan.abi, plan.memory, raw);
    if (!isThread) {
      raw.set_patience(plan.patience);
      raw.set_queued_frees(plan.queuesFrees ? 1 : 0);
      plan.registry?.claim(0);
    }
  }
  return number;
}

/** Makes the instance another thread. @returns its number @throws RangeError when there are too many */
export function join(plan: ProcessPlan, raw: RawExports): number {
  const { registry } = plan;
  if (registry === undefined) return attach(plan, raw);
  return registry.locked("attaching a thread", () => attachAndClaim(plan, raw, registry));
}

function attachAndClaim(plan: ProcessPlan, raw: RawExports, registry: ThreadRegistry): number {
  const number = attach(plan, raw);
  registry.claim(number);
  if (isThreaded(raw)) raw.share(mayWait() ? 1 : 0);
  return number;
}

function attach(plan: ProcessPlan, raw: RawExports): number {
  const number = raw.attach(plan.base);
  if (number === -EAGAIN) throw new RangeError("the process has as many threads as it can have");
  return number;
}

/** Starts the process. */
function boot(plan: ProcessPlan, raw: RawExports): void {
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
      `the memory (${memory.buffer.byteLength} bytes now) cannot grow to startBrk ${startBrk}`,
    );
  }
  if (error === -EINVAL || error !== 0) {
    throw new RangeError(
      `the kernel refused base ${base}, startBrk ${startBrk}, mmapBase ${mmapBase}, taskSize ${taskSize}: ${error}`,
    );
  }
  const word = (value: bigint): number | bigint =>
    plan.abi === "lp64" ? BigInt.asUintN(64, value) : Number(BigInt.asUintN(32, value));
  // Before hugetlb, which looks at them.
  raw.set_tunable(Tunable.THP_PAGESIZE, word(BigInt(plan.hugePages.transparent)));
  raw.set_tunable(Tunable.HUGE_PAGESIZE, word(BigInt(plan.hugePages.standard)));
  raw.set_tunable(Tunable.HUGE_PAGES_FREE, word(plan.hugePages.free ? 1n : 0n));
  if (plan.cores !== undefined) raw.set_tunable(Tunable.CORES, word(BigInt(plan.cores)));
  for (const { name, id, value } of plan.tunables) {
    if (raw.set_tunable(id, word(value)) === 0) {
      throw new RangeError(`tunable "glibc.malloc.${name}": malloc refused the value ${value}`);
    }
  }
  if (plan.tcacheKey !== undefined) raw.set_tcache_key(word(plan.tcacheKey));
}

/** Goes on with a process whose bytes `restore` puts back. */
function resume(plan: ProcessPlan, raw: RawExports<Abi, "image">, restore: Restore): void {
  restore(plan.memory, raw);
  const { base, startBrk, mmapBase, taskSize } = plan;
  const error = raw.image_restore(base, startBrk, mmapBase, taskSize, plan.flags);
  if (error !== 0) {
    throw new RangeError(
      `what lies at base ${base} is no process with startBrk ${startBrk} and taskSize ${taskSize}: ${error}`,
    );
  }
}
