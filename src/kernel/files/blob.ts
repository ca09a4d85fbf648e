// Files of a browser's main thread. Opening waits until all bytes are in memory; from then on
// everything works at once, as system calls must. Writing back can only be begun there: who needs
// to know waits for `flushed()`.

import { O } from "../flags.js";
import { BufferFile, Device, FileContents, newInode, type FileOptions } from "./memory-file.js";

/** What is needed of a Blob: a File is one, too. */
export interface BlobLike {
  /** A File's name. */
  readonly name?: string;
  /** Its MIME type; empty when that is not known. */
  readonly type: string;
  /** Reads all of its bytes. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * What is needed of a FileSystemFileHandle, of the user's own file system or of
 * navigator.storage's.
 */
export interface FileHandle {
  /** Its name, without a folder. */
  readonly name: string;
  /** The file as it is now, for reading. */
  getFile(): Promise<BlobLike>;
  /** Begins to write it; nothing shows before the stream is closed. */
  createWritable(options: { keepExistingData: boolean }): Promise<WritableFile>;
}

/** What is needed of a FileSystemWritableFileStream. */
export interface WritableFile {
  /** Writes `data` from byte `position` on. */
  write(part: { type: "write"; position: number; data: Uint8Array<ArrayBuffer> }): Promise<void>;
  /** Makes the file `size` bytes long. */
  truncate(size: number): Promise<void>;
  /** Ends the writing: the file is as it was written. */
  close(): Promise<void>;
  /** Ends the writing: the file stays as it was. */
  abort(): Promise<void>;
}

function pathOf(blob: { readonly name?: string }): string {
  return `/${blob.name ?? "blob"}`;
}

async function contentsOf(blob: BlobLike): Promise<FileContents> {
  return new FileContents(new Uint8Array(await blob.arrayBuffer()));
}

/** A copy of a Blob's bytes as a file. */
export class BlobFile extends BufferFile {
  readonly #type: string;

  /** Not for use from outside: see `openBlob`. @internal */
  constructor(contents: FileContents, blob: BlobLike, options: FileOptions) {
    const place = [Device.BLOB, newInode(Device.BLOB)] as const;
    super(contents, options.path ?? pathOf(blob), options.flags ?? O.RDWR, place);
    this.#type = blob.type;
  }

  /** The present contents, with the type of the Blob that it was. */
  blob(): Blob {
    return new Blob([this.bytes()], { type: this.#type });
  }

  /** A Blob cannot change: the bytes are in this object only. */
  override sync(): void {}

  /** The bytes stay. */
  override close(): void {}
}

/**
 * Reads a Blob, or a File that somebody chose, into memory and makes a file of it. What is written
 * goes to that copy: see `blob()`. Each call makes a file of its own.
 * @param blob a Blob or a File
 * @param options `path` is the File's name by default, or "/blob"
 * @throws what reading the Blob throws, a DOMException
 */
export async function openBlob(blob: BlobLike, options: FileOptions = {}): Promise<BlobFile> {
  return new BlobFile(await contentsOf(blob), blob, options);
}

/**
 * What is written back at once, bytes: small enough that a page costs little, large enough that a
 * file is not a thousand pieces.
 */
const BLOCK_BYTES = 64 * 1024;

/** A copy of a file, from which changes are brought back in the background. */
export class HandleFile extends BufferFile {
  readonly #handle: FileHandle;
  /** Numbers of the blocks that were written to since the last write-back began. */
  readonly #changed = new Set<number>();
  /** The shortest that it has been since then; Infinity when nobody cut it. */
  #cut: number;
  #last: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;

  /** Not for use from outside: see `openFileHandle`. @internal */
  constructor(contents: FileContents, handle: FileHandle, options: FileOptions) {
    const place = [Device.BLOB, newInode(Device.BLOB)] as const;
    super(contents, options.path ?? pathOf(handle), options.flags ?? O.RDWR, place);
    this.#handle = handle;
    this.#cut = this.flags & O.TRUNC ? 0 : Infinity;
  }

  override write(position: number, from: Uint8Array): void {
    super.write(position, from);
    this.#note(position, from.length);
  }

  override truncate(size: number): void {
    super.truncate(size);
    this.#cut = Math.min(this.#cut, size);
  }

  /** Begins to write back what changed. It does not wait, and cannot fail: see `flushed`. */
  override sync(): void {
    if (!this.#hasChanged) return;
    // What is written until the turn comes is taken along: a write-back becomes visible as a whole
    // or not at all.
    this.#last = this.#last.then(() => this.#writeBack());
  }

  /** As `sync`. */
  override close(): void {
    this.sync();
  }

  /**
   * Writes back what is not in the file yet, and resolves when everything that was written until
   * now is. Rejects with the first error since the last call; what could not be written stays
   * marked, and is tried again with the next `sync` or `flushed`.
   */
  async flushed(): Promise<void> {
    this.sync();
    await this.#last;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  get #hasChanged(): boolean {
    return this.#cut !== Infinity || this.#changed.size > 0;
  }

  #note(position: number, length: number): void {
    const end = Math.ceil((position + length) / BLOCK_BYTES);
    for (let block = Math.floor(position / BLOCK_BYTES); block < end; block++)
      this.#changed.add(block);
  }

  async #writeBack(): Promise<void> {
    if (!this.#hasChanged) return;
    const blocks = [...this.#changed].sort((a, b) => a - b);
    const cut = Math.min(this.#cut, this.contents.size);
    this.#changed.clear();
    this.#cut = Infinity;
    try {
      await this.#replace([cut, this.contents.size], [...this.#runs(blocks)]);
    } catch (error) {
      for (const block of blocks) this.#changed.add(block);
      this.#cut = Math.min(this.#cut, cut);
      this.#failure ??= { error };
    }
  }

  /** Copies of the bytes in these blocks: the file's own go on changing while they are written. */
  *#runs(blocks: readonly number[]): Generator<readonly [position: number, Bytes]> {
    for (let first = 0; first < blocks.length;) {
      let last = first;
      while (blocks[last + 1] === blocks[last]! + 1) last++;
      const position = blocks[first]! * BLOCK_BYTES;
      yield [position, this.contents.slice(position, (blocks[last]! + 1) * BLOCK_BYTES)];
      first = last + 1;
    }
  }

  /** Gives the file these sizes, one after the other, and these bytes. */
  async #replace(
    sizes: readonly number[],
    runs: readonly (readonly [number, Bytes])[],
  ): Promise<void> {
    const writable = await this.#handle.createWritable({ keepExistingData: true });
    try {
      for (const size of sizes) await writable.truncate(size);
      for (const [position, data] of runs) {
        if (data.length > 0) await writable.write({ type: "write", position, data });
      }
      await writable.close();
    } catch (error) {
      await writable.abort().catch(() => undefined);
      throw error;
    }
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Reads a file into memory and makes one of it whose changes go back: msync, fsync and closing
 * begin to write them and cannot wait, so they succeed before anything is in the file, and a crash
 * of the page loses it. What munmap leaves goes with the next of them. `flushed()` tells when all
 * is in the file, and what went wrong. Nobody else should change the file meanwhile: a write-back
 * puts back all that this side changed, and the size.
 * @param handle from a file picker, or of navigator.storage
 * @param options `path` is the handle's name by default
 * @throws what reading the file throws, a DOMException
 */
export async function openFileHandle(
  handle: FileHandle,
  options: FileOptions = {},
): Promise<HandleFile> {
  return new HandleFile(await contentsOf(await handle.getFile()), handle, options);
}
