// The entry "ptmalloc-wasm/core": the heap alone, for the core build, whose binary the caller brings.

export { createHeap, createHeapSync } from "./heap/core-create.js";
export type { CoreHeapOptions } from "./heap/core-create.js";
export { CoreHeap } from "./heap/core-heap.js";
export type { OutOfMemoryPolicy } from "./heap/core-heap.js";
export { HeapDeadError, OutOfMemoryError } from "./heap/errors.js";
export type { CoreProcess, Mallinfo2 } from "./host/core-process.js";
export { HeapAbort } from "./host/failures.js";
export type { FailureName } from "./host/failures.js";
export type { RawExports } from "./host/exports.js";
export type { WasmSource } from "./host/load.js";
export type { AddressLayout } from "./host/options.js";
export type { Abi, Mem } from "./layout/address.js";
