/**
 * What a heap looks like inside, for programs that measure or show it. All of these read the
 * structs in memory, as they are: no thread may be inside a call meanwhile. They take
 * `heap.process`, or what `startProcess` gave; {@link bytesSource} makes the same of bytes.
 *
 * {@link HeapView} has every chunk and every list. With a process of the build "full" there are
 * also checkpoints, forks, and what `free` and `malloc` would do: {@link tryFree},
 * {@link tryMalloc}.
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
export { bytesSource } from "./inspect/source.js";
export type { HeapSource, Places, SourceFacts } from "./inspect/source.js";
export { flagNames, HeapView } from "./inspect/chunks.js";
export type { ChunkState, ChunkView, Filing, Filings } from "./inspect/chunks.js";
export { isDamage } from "./inspect/damage.js";
export type { Damage } from "./inspect/damage.js";
export { cacheLists, readThreads, walkBin, walkFastbin } from "./inspect/lists.js";
export type { CacheList, Entry, ThreadView } from "./inspect/lists.js";
export { segmentsOf } from "./inspect/segments.js";
export type { Segment } from "./inspect/segments.js";
export { walkRegions } from "./inspect/regions.js";
export type { VmaView } from "./inspect/regions.js";
export { mallinfoOf } from "./inspect/mallinfo.js";
export { checkProcess } from "./inspect/checks.js";
export { fork, restore, rewind, takeCheckpoint } from "./inspect/checkpoint.js";
export { forkHeap } from "./heap/fork.js";
export type { Checkpoint, Run, ThreadState } from "./inspect/checkpoint.js";
export { StepLog, tryCall, tryFree, tryMalloc } from "./inspect/dry-run.js";
export type { Verdict } from "./inspect/dry-run.js";
export type { OffendingValue } from "./inspect/offending.js";
export type { StepName, StepText } from "./inspect/steps.js";
export { Step } from "./layout/generated.js";
export type { StepListener } from "./process/options.js";
export {
  checkpointOf,
  isRestorable,
  snapshotHead,
  snapshotSource,
  snapshotText,
} from "./inspect/snapshot.js";
export type {
  ArenaRecord,
  CheckpointRecord,
  ChunkRecord,
  ListRecord,
  RegionRecord,
  RunRecord,
  Snapshot,
  SnapshotHead,
  ThreadRecord,
  ThreadStateRecord,
} from "./inspect/snapshot.js";
export { parseSnapshot } from "./inspect/parse-snapshot.js";
export { connectExplorer, EXPLORER_CHANNEL } from "./inspect/connect.js";
export type { Connectable, ConnectOptions, ExplorerConnection } from "./inspect/connect.js";
export { readChanges } from "./inspect/heap-changes.js";
export type { AttachedChanges, Zeroes } from "./inspect/heap-changes.js";
export type { NotedCall } from "./inspect/noted-calls.js";
export { diffSnapshots } from "./inspect/diff.js";
export type { ChangedChunk, ChangedNumber, SnapshotDiff } from "./inspect/diff.js";
