import { createHeap, HeapAbort, OutOfMemoryError } from "ptmalloc-wasm/wasm";
import { consume } from "./program.js";

export async function run() {
  const report = await consume({ createHeap, HeapAbort, OutOfMemoryError });
  const lp64 = await createHeap({ abi: "lp64" });
  return { ...report, sync: lp64.malloc(100) !== 0 };
}
