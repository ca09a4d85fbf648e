/**
 * What a heap looks like inside, for programs that measure or show it. All of these read the
 * structs in memory, as they are: no thread may be inside a call meanwhile. They take
 * `heap.process`, or what `startProcess` gave.
 *
 * @module ptmalloc-wasm/inspect
 */

export { heapMaxBytes, readArenas, readMallocPar } from "./host/arenas.js";
export type { Arena, Heap as HeapInfo, MallocPar, MallocState } from "./host/arenas.js";
export { readField, readStruct } from "./host/struct.js";
export type {
  FieldKind,
  FieldLayout,
  FieldValue,
  StructLayout,
  StructValues,
} from "./host/struct.js";
export type { Structs } from "./host/structs.js";
export { chunkSizes } from "./inspect/free-chunks.js";
export type { ChunkSizes, FreeChunks } from "./inspect/free-chunks.js";
export { mallocInfo, mallocStats } from "./inspect/malloc-info.js";
