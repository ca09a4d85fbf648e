/**
 * The smallest entry: malloc and its family alone, without structs, scopes or threads. The binary
 * core.ilp32 or core.lp64 is brought by the caller: as bytes, or as a compiled module.
 *
 * @module ptmalloc-wasm/core
 */

export { createHeap, createHeapSync } from "./heap/core-create.js";
export type { CoreHeapOptions } from "./heap/core-create.js";
export { CoreHeap } from "./heap/core-heap.js";
export type { OutOfMemoryPolicy, ViewBuffer, ViewConstructor } from "./heap/core-heap.js";
export { HeapDeadError, OutOfMemoryError } from "./heap/errors.js";
export type { CoreProcess, Mallinfo2 } from "./process/core-process.js";
export { HeapAbort } from "./process/failures.js";
export type { FailureName } from "./process/failures.js";
export type {
  MallocExports,
  RawExports,
  SetupExports,
  SystemExports,
  Word,
} from "./binary/exports.js";
export type { WasmSource } from "./binary/load.js";
export type { Profile } from "./binary/profile.js";
export type { AddressLayout } from "./process/options.js";
export type { Abi, Mem } from "./layout/address.js";
