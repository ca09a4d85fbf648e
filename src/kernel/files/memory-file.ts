// Files of nothing but memory: bytes that grow, and holes that cost nothing.

import { O } from "../flags.js";
import { FileError, FileKind, type HostFile } from "./host-file.js";

/** Options of a file that the host does not open by a path. */
export interface FileOptions {
  /** The path that maps shows. */
  path?: string | undefined;
  /**
   * O bits: O.RDWR by default; O.TRUNC empties it. Those that are about names mean nothing here.
   */
  flags?: number | undefined;
}

/**
 * Devices of the files that no host's file system has: of the numbers that Linux gives to file
 * systems without a disk the last ones, so that files of Node's are never taken for one of these.
 * Inodes are counted from 1 on each.
 */
export const Device = {
  /** MemoryFile */
  MEMORY: 0xfffff,
  /** openBlob, openFileHandle: bytes that were read in */
  BLOB: 0xffffe,
  /** openSyncHandle */
  OPFS: 0xffffd,
} as const;

const lastInodes = new Map<number, number>();

/** A number for a new file on one of the devices. */
export function newInode(device: number): number {
  const inode = (lastInodes.get(device) ?? 0) + 1;
  lastInodes.set(device, inode);
  return inode;
}

/** A file's bytes, shared by all that have it open. */
export class FileContents {
  #bytes: Uint8Array<ArrayBuffer>;
  #size: number;

  /** @param bytes what it begins with; taken over, not copied */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#size = bytes.length;
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** Reads from `position` on. @returns how many bytes */
  read(position: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.#size - position));
    // Beyond the bytes that are stored the file is a hole.
    const stored = Math.max(0, Math.min(length, this.#bytes.length - position));
    if (stored > 0) into.set(this.#bytes.subarray(position, position + stored));
    into.fill(0, stored, length);
    return length;
  }

  /** Writes all of `from` at `position`. @throws FileError ENOSPC */
  write(position: number, from: Uint8Array): void {
    const end = position + from.length;
    this.#reserve(end);
    this.#bytes.set(from, position);
    this.#size = Math.max(this.#size, end);
  }

  /** Makes it `size` bytes long. */
  truncate(size: number): void {
    if (size < this.#bytes.length) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  /** A copy of the bytes from `start` to `end`, or to the file's end. @throws FileError ENOSPC */
  slice(start = 0, end = this.#size): Uint8Array<ArrayBuffer> {
    const copy = allocate(Math.max(0, Math.min(end, this.#size) - start));
    this.read(start, copy);
    return copy;
  }

  #reserve(end: number): void {
    if (end <= this.#bytes.length) return;
    const grown = allocate(Math.max(end, Math.ceil(this.#bytes.length * 1.5)));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new FileError("ENOSPC", { cause });
  }
}

/** What files have in common whose bytes are in memory. */
export abstract class BufferFile implements HostFile {
  readonly kind: FileKind = FileKind.REGULAR;
  readonly path: string;
  readonly device: readonly [number, number];
  readonly inode: number;
  readonly flags: number;
  protected readonly contents: FileContents;

  /** @internal */
  constructor(
    contents: FileContents,
    path: string,
    flags: number,
    place: readonly [number, number],
  ) {
    this.contents = contents;
    this.path = path;
    this.flags = flags;
    this.device = [0, place[0]];
    this.inode = place[1];
    if (flags & O.TRUNC) contents.truncate(0);
  }

  get isDeleted(): boolean {
    return false;
  }

  size(): number {
    return this.contents.size;
  }

  read(position: number, into: Uint8Array): number {
    return this.contents.read(position, into);
  }

  write(position: number, from: Uint8Array): void {
    this.contents.write(position, from);
  }

  truncate(size: number): void {
    this.contents.truncate(size);
  }

  /** @returns a copy of all bytes that were written so far */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.contents.slice();
  }

  abstract sync(isDataOnly: boolean): void;
  abstract close(): void;
}

/** A file that exists as long as somebody refers to it, as on a tmpfs. */
export class MemoryFile extends BufferFile {
  readonly #name: { isDeleted: boolean };

  /**
   * @param bytes what it begins with; copied
   * @param options `path` is "/memory/INODE" by default
   * @param of a file to open once more, in place of `bytes`: see `reopen`
   */
  constructor(bytes: ArrayLike<number> = [], options: FileOptions = {}, of?: MemoryFile) {
    const inode = of?.inode ?? newInode(Device.MEMORY);
    const contents = of?.contents ?? new FileContents(Uint8Array.from(bytes));
    const path = options.path ?? of?.path ?? `/memory/${inode}`;
    super(contents, path, options.flags ?? O.RDWR, [Device.MEMORY, inode]);
    this.#name = of === undefined ? { isDeleted: false } : of.#name;
  }

  /** Opens the same file once more. @param flags O bits */
  reopen(flags: number): MemoryFile {
    return new MemoryFile([], { flags }, this);
  }

  /** Takes its name away: maps says " (deleted)" from here on. */
  unlink(): void {
    this.#name.isDeleted = true;
  }

  override get isDeleted(): boolean {
    return this.#name.isDeleted;
  }

  /** There is nothing that lasts longer than the memory. */
  override sync(): void {}

  /** The bytes stay. */
  override close(): void {}
}
