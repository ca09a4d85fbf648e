import { createHeap, createHeapSync, HeapAbort, OutOfMemoryError } from "ptmalloc-wasm/core";
import { consume } from "./program.js";

/** @param {WebAssembly.Module | BufferSource} wasm core.ilp32.wasm, brought by whoever calls */
export async function run(wasm) {
  const report = await consume({ createHeap, HeapAbort, OutOfMemoryError }, { wasm });
  return { ...report, sync: createHeapSync({ wasm }).malloc(100) !== 0 };
}
