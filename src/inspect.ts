/**
 * What a heap looks like inside, for programs that measure or show it. All of these read the
 * structs in memory, as they are: no thread may be inside a call meanwhile. They take
 * `heap.process`, or what `startProcess` gave.
 *
 * @module ptmalloc-wasm/inspect
 */

export { heapMaxBytes, readArenas, readMallocPar } from "./inspect/arenas.js";
export type { Arena, Heap as HeapInfo, MallocPar, MallocState } from "./inspect/arenas.js";
export { readField, readStruct } from "./layout/struct.js";
export type {
  FieldKind,
  FieldLayout,
  FieldValue,
  StructLayout,
  StructValues,
} from "./layout/struct.js";
export type { Structs } from "./layout/structs.js";
export { chunkSizes } from "./inspect/free-chunks.js";
export type { ChunkSizes, FreeChunks } from "./inspect/free-chunks.js";
export { mallocInfo, mallocStats } from "./inspect/malloc-info.js";
