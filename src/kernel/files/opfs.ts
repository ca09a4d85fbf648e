// Files of the browser's private file system, in a worker: there a file can be read and written at
// once.

import { O } from "../flags.js";
import { FileError, FileKind, type HostFile } from "./host-file.js";
import { Device, newInode, type FileOptions } from "./memory-file.js";

/** What is needed of a FileSystemSyncAccessHandle. */
export interface SyncHandle {
  /** Reads from byte `at` on. @returns how many bytes */
  read(into: Uint8Array, options: { at: number }): number;
  /** Writes from byte `at` on. @returns how many bytes */
  write(from: Uint8Array, options: { at: number }): number;
  /** Bytes of the file. */
  getSize(): number;
  /** Makes the file `size` bytes long. */
  truncate(size: number): void;
  /** Waits until what was written is stored for good. */
  flush(): void;
  /** Gives the file back. */
  close(): void;
}

/** A file behind a sync handle. */
class SyncHandleFile implements HostFile {
  readonly kind: FileKind = FileKind.REGULAR;
  readonly path: string;
  readonly device: readonly [number, number] = [0, Device.OPFS];
  readonly inode = newInode(Device.OPFS);
  readonly isDeleted = false;
  readonly flags: number;
  readonly #handle: SyncHandle;

  constructor(handle: SyncHandle, options: FileOptions) {
    this.#handle = handle;
    this.path = options.path ?? `/opfs/${this.inode}`;
    this.flags = options.flags ?? O.RDWR;
    if (this.flags & O.TRUNC) handle.truncate(0);
  }

  size(): number {
    return this.#handle.getSize();
  }

  read(position: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const got = this.#handle.read(into.subarray(done), { at: position + done });
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  write(position: number, from: Uint8Array): void {
    for (let done = 0; done < from.length;) {
      const put = this.#handle.write(from.subarray(done), { at: position + done });
      // A full disk is not an error to everybody: some just write less.
      if (put === 0) throw new FileError("ENOSPC");
      done += put;
    }
  }

  truncate(size: number): void {
    this.#handle.truncate(size);
  }

  sync(): void {
    this.#handle.flush();
  }

  close(): void {
    this.#handle.close();
  }
}

/**
 * Makes a file of a sync handle (`await fileHandle.createSyncAccessHandle()`), which only workers
 * get; msync, fsync and closing are as good as on a disk there. The handle is closed with the file.
 * A handle says neither its name nor which file it is: two of them count as two files even if they
 * are not (browsers give out one at a time unless asked otherwise).
 * @param handle which nobody else uses from here on
 * @param options `path` is "/opfs/INODE" by default
 * @throws what truncating throws, with O.TRUNC
 */
export function openSyncHandle(handle: SyncHandle, options: FileOptions = {}): HostFile {
  return new SyncHandleFile(handle, options);
}
