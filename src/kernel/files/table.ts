// The host's files by the numbers that the WebAssembly side knows them by, and the imports that
// reach them through these numbers.

import type { FileImports } from "../../process/file-imports.js";
import { Errno } from "../errno.js";
import { errnoOf, FileError, type HostFile } from "./host-file.js";

/** A file's identity: as long as one file of it is open, it has one number. */
interface Identity {
  readonly key: string;
  readonly number: number;
  users: number;
}

interface Entry {
  readonly file: HostFile;
  readonly identity: Identity;
}

/** The most that one call moves, bytes (Linux's MAX_RW_COUNT): a result has 31 bits. */
const TRANSFER_MAX = 0x7fff_f000;

/** The largest file, bytes: beyond it a position is not exact. */
const SIZE_MAX = Number.MAX_SAFE_INTEGER;

/** What a failure is on the WebAssembly side. */
function failed(error: unknown): number {
  return -(errnoOf(error) ?? Errno.EIO);
}

/** Which files of the host's a process has open. */
export class FileTable {
  /** What the WebAssembly side calls. */
  readonly imports: FileImports;
  /**
   * Descriptors that were given out for these files. They may be closed by now: the WebAssembly
   * side does that by itself.
   */
  readonly descriptors = new Set<number>();
  readonly #bytes: () => Uint8Array;
  readonly #entries: (Entry | undefined)[] = [];
  readonly #identities = new Map<string, Identity>();
  #lastIdentity = 0;

  /** @param bytes the process's memory as it is now, index = address */
  constructor(bytes: () => Uint8Array) {
    this.#bytes = bytes;
    this.imports = {
      file_read: (number, position, address, length) =>
        this.#read(number, position, address, length),
      file_write: (number, position, address, length) =>
        this.#write(number, position, address, length),
      file_size: (number) => this.#size(number),
      file_truncate: (number, size) => this.#truncate(number, size),
      file_sync: (number, isDataOnly) => this.#sync(number, isDataOnly !== 0),
      file_close: (number) => this.#close(number),
    };
  }

  /**
   * Takes a file in.
   * @returns the number by which the imports know it from now on: the lowest that is free, from 0
   * @throws TypeError for an object that is in the table already: closing it once would close it
   *   for both
   */
  add(file: HostFile): number {
    if (this.#entries.some((entry) => entry?.file === file))
      throw new TypeError(
        `"${file.path}" is open already: a second descriptor needs a second HostFile`,
      );
    const free = this.#entries.indexOf(undefined);
    const number = free < 0 ? this.#entries.length : free;
    this.#entries[number] = { file, identity: this.#identify(file) };
    return number;
  }

  /**
   * Lets go of a file without closing it; its number is free.
   * @returns the file; undefined when there is none
   */
  remove(number: number): HostFile | undefined {
    const entry = this.#entries[number];
    if (entry === undefined) return undefined;
    this.#entries[number] = undefined;
    if (--entry.identity.users === 0) this.#identities.delete(entry.identity.key);
    return entry.file;
  }

  /** @returns the file with this number; undefined when there is none */
  get(number: number): HostFile | undefined {
    return this.#entries[number]?.file;
  }

  /**
   * The identity of the file with this number, from 1: while one of them is in the table, all files
   * with its device and inode have the same.
   * @throws FileError EBADF when there is none
   */
  identityOf(number: number): number {
    return this.#entry(number).identity.number;
  }

  #identify({ device, inode }: HostFile): Identity {
    const key = `${device[0]}:${device[1]}:${inode}`;
    let identity = this.#identities.get(key);
    if (identity === undefined) {
      identity = { key, number: ++this.#lastIdentity, users: 0 };
      this.#identities.set(key, identity);
    }
    identity.users++;
    return identity;
  }

  #entry(number: number): Entry {
    const entry = this.#entries[number];
    if (entry === undefined) throw new FileError("EBADF");
    return entry;
  }

  /** Bytes of the process's memory. Address and length come signed. */
  #range(address: number, length: number): Uint8Array {
    const start = address >>> 0;
    return this.#bytes().subarray(start, start + Math.min(length >>> 0, TRANSFER_MAX));
  }

  #read(number: number, position: number, address: number, length: number): number {
    try {
      return this.#entry(number).file.read(position, this.#range(address, length));
    } catch (error) {
      return failed(error);
    }
  }

  #write(number: number, position: number, address: number, length: number): number {
    try {
      const bytes = this.#range(address, length);
      if (position + bytes.length > SIZE_MAX) return -Errno.EFBIG;
      this.#entry(number).file.write(position, bytes);
      return bytes.length;
    } catch (error) {
      return failed(error);
    }
  }

  #size(number: number): number {
    try {
      return this.#entry(number).file.size();
    } catch (error) {
      return failed(error);
    }
  }

  #truncate(number: number, size: number): number {
    if (size > SIZE_MAX) return -Errno.EFBIG;
    try {
      this.#entry(number).file.truncate(size);
      return 0;
    } catch (error) {
      return failed(error);
    }
  }

  #sync(number: number, isDataOnly: boolean): number {
    try {
      this.#entry(number).file.sync(isDataOnly);
      return 0;
    } catch (error) {
      return failed(error);
    }
  }

  /** The number is free whatever closing says, as after close(2). */
  #close(number: number): number {
    try {
      const { file } = this.#entry(number);
      this.remove(number);
      file.close();
      return 0;
    } catch (error) {
      return failed(error);
    }
  }
}
