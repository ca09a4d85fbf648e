/**
 * A heap in a file, which a later process goes on with at the same addresses. Begin with {@link
 * openHeapImage}.
 *
 * @module ptmalloc-wasm/image
 */

export { openHeapImage, openHeapImageSync, readHeapImage } from "./open.js";
export type { HeapImageOptions } from "./open.js";
export type { FileUrl, ImageSource } from "./file-argument.js";
export { PersistentHeap } from "./persistent-heap.js";
export { HeapImageError } from "./errors.js";
export type { DamagedPage, HeapImageReason } from "./errors.js";
export { FORMAT_VERSION } from "./header.js";
export type { HeapImageHeader, JournalPlace, TablePlace } from "./header.js";
export type { MsyncResult } from "./image-file.js";
export { openNodeFile } from "../kernel/files/node.js";
export { openBlob, openFileHandle } from "../kernel/files/blob.js";
export type { HostFile } from "../kernel/files/host-file.js";
export { MemoryFile } from "../kernel/files/memory-file.js";
export { openSyncHandle } from "../kernel/files/opfs.js";
