// Names that the package had at its main entry, for one version more: see CHANGELOG.md.

import type * as BuildExports from "./binary/build-exports.js";
import type * as CStructs from "./heap/structs/c-types.js";
import * as create from "./heap/threads/create.js";
import * as shared from "./heap/threads/threaded-heap.js";
import type { Abi } from "./layout/address.js";
import { layouts as known } from "./layout/generated.js";
import type { Structs } from "./layout/structs.js";
import * as errors from "./process/threads/error.js";
import type * as join from "./process/threads/join.js";

/**
 * Where the fields of every struct lie: offsets and sizes in bytes.
 * @deprecated `process.structs` is the same, as the binary that runs has it.
 */
export const layouts: { readonly [A in Abi]: Structs<A> } = known;

/** @deprecated It is {@link BuildExports.CheckedExports}. */
export type CheckedExports = BuildExports.CheckedExports;
/** @deprecated It is {@link BuildExports.CheckExports}. */
export type CheckExports = BuildExports.CheckExports;
/** @deprecated It is {@link BuildExports.FullExports}. */
export type FullExports<W> = BuildExports.FullExports<W>;
/** @deprecated It is {@link BuildExports.ImageExports}. */
export type ImageExports = BuildExports.ImageExports;
/** @deprecated It is {@link BuildExports.ReplayExports}. */
export type ReplayExports<W> = BuildExports.ReplayExports<W>;
/** @deprecated It is {@link BuildExports.ThreadsExports}. */
export type ThreadsExports = BuildExports.ThreadsExports;

/** @deprecated It is {@link CStructs.CArray}. */
export type CArray<T> = CStructs.CArray<T>;
/** @deprecated It is {@link CStructs.EnumType}. */
export type EnumType<E extends Readonly<Record<string, number>> = Record<string, number>> =
  CStructs.EnumType<E>;
/** @deprecated It is {@link CStructs.FieldCopy}. */
export type FieldCopy<T> = CStructs.FieldCopy<T>;
/** @deprecated It is {@link CStructs.FieldInput}. */
export type FieldInput<T> = CStructs.FieldInput<T>;
/** @deprecated It is {@link CStructs.FieldName}. */
export type FieldName = CStructs.FieldName;
/** @deprecated It is {@link CStructs.FieldType}. */
export type FieldType = CStructs.FieldType;
/** @deprecated It is {@link CStructs.FieldValue}. */
export type FieldValue<T> = CStructs.FieldValue<T>;
/** @deprecated It is {@link CStructs.NestedType}. */
export type NestedType<D extends CStructs.Definition = CStructs.Definition> =
  CStructs.NestedType<D>;
/** @deprecated It is {@link CStructs.OwnedArray}. */
export type OwnedArray<T> = CStructs.OwnedArray<T>;
/** @deprecated It is {@link CStructs.StructAbi}. */
export type StructAbi = CStructs.StructAbi;
/** @deprecated It is {@link CStructs.StructCopy}. */
export type StructCopy<D extends CStructs.Definition> = CStructs.StructCopy<D>;
/** @deprecated It is {@link CStructs.StructMembers}. */
export type StructMembers<D extends CStructs.Definition> = CStructs.StructMembers<D>;
/** @deprecated It is {@link CStructs.StructValues}. */
export type StructValues<D extends CStructs.Definition> = CStructs.StructValues<D>;
/** @deprecated It is {@link CStructs.WordValues}. */
export type WordValues = CStructs.WordValues;

/** @deprecated `ptmalloc-wasm/threads` has it. */
export const attachHeap: typeof create.attachHeap = create.attachHeap;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export const attachHeapSync: typeof create.attachHeapSync = create.attachHeapSync;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type AttachOptions = create.AttachOptions;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type ThreadedHeapOptions<A extends Abi = Abi> = create.ThreadedHeapOptions<A>;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export const ThreadedHeap: typeof shared.ThreadedHeap = shared.ThreadedHeap;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type ThreadedHeap<A extends Abi = Abi> = shared.ThreadedHeap<A>;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type HeapHandle<A extends Abi = Abi> = shared.HeapHandle<A>;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type ThreadNotice = shared.ThreadNotice;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type WatchableWorker = shared.WatchableWorker;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export const ThreadError: typeof errors.ThreadError = errors.ThreadError;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type ThreadError = errors.ThreadError;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type HeldLock = errors.HeldLock;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type ThreadFailure = errors.ThreadFailure;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type LockCounters = join.LockCounters;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type Repair = join.Repair;
/** @deprecated `ptmalloc-wasm/threads` has it. */
export type ThreadDeath = join.ThreadDeath;
