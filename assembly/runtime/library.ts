// What AssemblyScript programs import: C's functions over the heap that the program's runtime has
// made, or else `startHeap` makes.

import { checkHeap } from "../malloc/checker/invariants";
import { M_MMAP_MAX, Tunable, setParameter, setTunableValue } from "../malloc/parameters";

export * from "../c-functions";
export { initialize, kernelBytes as kernel_bytes } from "../process";
export { Mallinfo2 } from "../malloc/stats";
export { Tunable } from "../malloc/parameters";
export { startHeap } from "./start";

/**
 * mallopt(3): sets parameter `param`. 1, or 0 when the value is refused: also for mappings in a
 * collector's heap, whose blocks have another size than their word says.
 */
export function mallopt(param: i32, value: i32): i32 {
  if (COLLECTED && param == M_MMAP_MAX && value != 0) return 0;
  return setParameter(param, value);
}

/**
 * Sets a tunable of a heap that has served nothing yet. 1, or 0 when the value is out of range, or
 * as for `mallopt`.
 */
export function set_tunable(tunable: Tunable, value: word): i32 {
  if (COLLECTED && tunable == Tunable.MMAP_MAX && value != 0) return 0;
  return setTunableValue(tunable, value);
}

/**
 * With asc --use PTMALLOC_CHECK=2: switches the check at the entry of every call on (1, as it is at
 * first) or off (0).
 */
export { verifyCalls as verify_calls } from "../malloc/checker/invariants";

/**
 * Checks the whole heap. 0, or the number of the first invariant that does not hold, as in the enum
 * `Invariant`.
 */
export function check_heap(): i32 {
  if (HEAP_CHECK == 0) ERROR("check_heap needs asc --use PTMALLOC_CHECK=1");
  return checkHeap();
}
