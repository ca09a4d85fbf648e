/**
 * A heap in a file, which a later process goes on with at the same addresses. Begin with {@link
 * openHeapImage}.
 *
 * @module ptmalloc-wasm/image
 */

export { openHeapImage, openHeapImageSync, readHeapImage } from "./image/open.js";
export type { HeapImageOptions } from "./image/open.js";
export type { FileUrl, ImageSource } from "./image/file-argument.js";
export { PersistentHeap } from "./image/persistent-heap.js";
export { HeapImageError } from "./image/errors.js";
export type { DamagedPage, HeapImageReason } from "./image/errors.js";
export { FORMAT_VERSION } from "./image/header.js";
export type { HeapImageHeader, JournalPlace, TablePlace } from "./image/header.js";
export type { MsyncResult } from "./image/image-file.js";
export { openNodeFile } from "./kernel/files/node.js";
export { openBlob, openFileHandle } from "./kernel/files/blob.js";
export type { HostFile } from "./kernel/files/host-file.js";
export { MemoryFile } from "./kernel/files/memory-file.js";
export { openSyncHandle } from "./kernel/files/opfs.js";
