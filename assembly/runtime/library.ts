// What AssemblyScript programs import: C's functions over the heap that the program's runtime made, or that `startHeap` makes.

import { checkHeap } from "../malloc/invariants";

export * from "../index";
export { Tunable } from "../malloc/parameters";
export { startHeap } from "./start";

/** Checks the whole heap. 0, or the number of the first invariant that does not hold, as in the enum `Invariant`. */
export function check_heap(): i32 {
  if (HEAP_CHECK == 0) ERROR("check_heap needs asc --use PTMALLOC_CHECK=1");
  return checkHeap();
}
