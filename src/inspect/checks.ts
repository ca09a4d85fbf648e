// The whole-heap checker and the kernel's, asked in a copy: what they find is named as any other
// damage is.

import type { Abi } from "../layout/address.js";
import { Invariant } from "../layout/generated.js";
import { HeapAbort } from "../process/failures.js";
import type { Process } from "../process/process.js";
import { fork } from "./checkpoint.js";
import { damage, type Damage } from "./damage.js";

/** What each invariant is called, by its number. */
const NAMES = new Map(Object.entries(Invariant).map(([name, number]) => [number as number, name]));

/**
 * Checks everything that the checker knows (docs/heap-checker.md): sizes, flags, lists, maps of
 * bins, caches, mappings.
 * @param process of the full build; it stays as it is
 * @returns what is broken first; undefined where all is sound
 */
export function checkProcess(process: Process<Abi, "full">): Damage | undefined {
  const [copy] = fork([process]);
  try {
    const broken = copy!.raw.check_heap();
    if (broken === Invariant.HOLDS) return undefined;
    const at = copy!.raw.check_address() >>> 0;
    return damage(at, `the checker: the invariant ${NAMES.get(broken)} does not hold`);
  } catch (error) {
    if (!(error instanceof HeapAbort)) throw error;
    return damage(error.address, `the checker: ${error.message}`);
  }
}
