import { createHeap, createHeapSync, HeapAbort, OutOfMemoryError } from "ptmalloc-wasm";
import { consume } from "./program.js";

export async function run() {
  const report = await consume({ createHeap, HeapAbort, OutOfMemoryError });
  // Without waiting as well: the binary is here.
  const sync = createHeapSync().malloc(100) !== 0;
  return { ...report, sync };
}
