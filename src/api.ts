// What all entries have that can run any build: the package's public face but for what makes heaps
// and processes, which depends on where an entry has its binaries from. Types are here as soon as
// something public speaks of them.

export type { CreateHeap, CreateHeapSync } from "./heap/create.js";
export { CoreHeap } from "./heap/core-heap.js";
export { Heap } from "./heap/heap.js";
export type { AllocOptions, HeapBuild, HeapOptions, OutOfMemoryPolicy } from "./heap/heap.js";
export type { TypedArray } from "./heap/heap-memory.js";
export type { CFunctions } from "./heap/c-functions.js";
export type { ViewBuffer, ViewConstructor } from "./heap/core-heap.js";
export { TypedBlock } from "./heap/typed-block.js";
export type { ElementOf } from "./heap/typed-block.js";
export { Scope } from "./heap/scope.js";
export type { DisposableLike } from "./heap/scope.js";
export { enumeration } from "./heap/structs/c-enum.js";
export type { EnumStorage } from "./heap/structs/c-enum.js";
export { structLayout, StructType } from "./heap/structs/c-struct.js";
export type { StructLayout } from "./heap/structs/c-struct.js";
export type { Definition, OwnedStruct, StructOptions, StructView } from "./heap/structs/c-types.js";
export type * as CStructs from "./heap/structs/c-types.js";
export type { Scalar, ScalarName, ScalarValues } from "./heap/structs/scalars.js";
export type { DecodeOptions, WriteOptions } from "./heap/text.js";
export type { GrowthEvent, GrowthListener } from "./heap/growth.js";
export { FreedBlockError, HeapDeadError, OutOfMemoryError } from "./heap/errors.js";

export { CoreProcess } from "./process/core-process.js";
export { Process } from "./process/process.js";
export type { Mallinfo2, MmStruct, StartProcess, StartProcessSync } from "./process/process.js";
export { MAX_TASK_SIZE, PAGE_BYTES, WASM_PAGE_BYTES } from "./process/options.js";
export type {
  AddressLayout,
  BuildOptions,
  HugePages,
  ProcessOptions,
  RemoteFrees,
  Restore,
  SyscallTrace,
} from "./process/options.js";
export type {
  Build,
  CoreExports,
  MallocExports,
  RawExports,
  SetupExports,
  SystemExports,
  Word,
} from "./binary/exports.js";
export type * as BuildExports from "./binary/build-exports.js";
export type { FileImports } from "./process/file-imports.js";
export type { WasmInput, WasmSource } from "./binary/load.js";
export type { GlibcName, GlibcVersion } from "./binary/glibc.js";
export type { Profile } from "./binary/profile.js";
export { abortMessages, BrokenInvariant, HeapAbort } from "./process/failures.js";
export type { CheckName, FailureName, InvariantName } from "./process/failures.js";
export type { ProcessEnd } from "./process/fate.js";
export { parseTunables } from "./process/tunable-text.js";
export { tunableNames, tunableRange } from "./process/tunables.js";
export type {
  TunableName,
  TunableObject,
  TunableRange,
  TunableSetting,
} from "./process/tunables.js";

export { chunkOf, memOf, wordBytes } from "./layout/address.js";
export type { Abi, Chunk, Mem } from "./layout/address.js";

export * from "./old-names.js";
