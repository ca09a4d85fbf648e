// The package's public face.

export { attachHeap, attachHeapSync, createHeap, createHeapSync } from "./heap/create.js";
export type { AttachOptions, ThreadedHeapOptions } from "./heap/create.js";
export { Heap } from "./heap/heap.js";
export type { HeapBuild, HeapOptions, OutOfMemoryPolicy } from "./heap/heap.js";
export { ThreadedHeap } from "./heap/threaded-heap.js";
export type { HeapHandle, ThreadNotice, WatchableWorker } from "./heap/threaded-heap.js";
export { HeapDeadError, OutOfMemoryError } from "./heap/errors.js";

export { startProcess, startProcessSync, Process } from "./host/process.js";
export type { Mallinfo2, MmStruct } from "./host/process.js";
export { MAX_TASK_SIZE, PAGE_BYTES, WASM_PAGE_BYTES } from "./host/options.js";
export type { AddressLayout, ProcessOptions, RemoteFrees } from "./host/options.js";
export type { Build, RawExports, Word } from "./host/exports.js";
export type { WasmSource } from "./host/load.js";
export { abortMessages, BrokenInvariant, HeapAbort } from "./host/failures.js";
export type { FailureName, InvariantName } from "./host/failures.js";
export type { ProcessEnd } from "./host/fate.js";
export { ThreadError } from "./host/thread-error.js";
export type { HeldLock, ThreadFailure } from "./host/thread-error.js";
export type { LockCounters, Repair, ThreadDeath } from "./host/threads.js";
export { parseTunables, tunableNames, tunableRange } from "./host/tunables.js";
export type { TunableName, TunableObject, TunableRange, TunableSetting } from "./host/tunables.js";

export { chunkOf, memOf, wordBytes } from "./layout/address.js";
export type { Abi, Chunk, Mem } from "./layout/address.js";
export { layouts } from "./layout/generated.js";
