import { createHeap, createHeapSync, HeapAbort, OutOfMemoryError } from "ptmalloc-wasm/module";
import { consume } from "./program.js";

export async function run() {
  const report = await consume({ createHeap, HeapAbort, OutOfMemoryError });
  return { ...report, sync: createHeapSync().malloc(100) !== 0 };
}
