// Files that are nothing but bytes in an array, behind the imports that the full build has for
// files.

import type { FileImports } from "../../../src/process/file-imports.js";

const EIO = 5;

/** One file, whatever has it open. */
export class MemoryBytes {
  bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes;
  }

  get size(): number {
    return this.bytes.length;
  }

  /** Reads to `into` what there is at a position. @returns how many bytes */
  read(position: number, into: Uint8Array): number {
    const part = this.bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  /** Writes at a position; the file grows where it must. */
  write(position: number, from: Uint8Array): void {
    if (position + from.length > this.size) this.resize(position + from.length);
    this.bytes.set(from, position);
  }

  resize(size: number): void {
    const resized = new Uint8Array(size);
    resized.set(this.bytes.subarray(0, size));
    this.bytes = resized;
  }
}

/** The host's numbers of open files. The memory must be said before any is used. */
export class MemoryFiles implements FileImports {
  readonly #open = new Map<number, MemoryBytes>();
  #next = 1;
  memory: WebAssembly.Memory | undefined;
  /** How often each import was called, by its name. */
  readonly calls = new Map<string, number>();
  /** Bytes written to files so far. */
  written = 0;
  /** When set, writing fails with this errno. */
  refuseWrites = 0;
  /** When set, reading fails with this errno. */
  refuseReads = 0;

  /** @returns the number of a newly opened file */
  open(file: MemoryBytes): number {
    this.#open.set(this.#next, file);
    return this.#next++;
  }

  /** How many numbers are open. */
  get count(): number {
    return this.#open.size;
  }

  #use(name: string, file: number): MemoryBytes {
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    const found = this.#open.get(file);
    if (found === undefined) throw new Error(`${name}: no open file ${file}`);
    return found;
  }

  #at(address: number, length: number): Uint8Array {
    if (this.memory === undefined) throw new Error("files without a memory");
    return new Uint8Array(this.memory.buffer, address >>> 0, length >>> 0);
  }

  readonly file_read = (
    file: number,
    position: number,
    address: number,
    length: number,
  ): number => {
    const found = this.#use("read", file);
    return this.refuseReads !== 0
      ? -this.refuseReads
      : found.read(position, this.#at(address, length));
  };

  readonly file_write = (
    file: number,
    position: number,
    address: number,
    length: number,
  ): number => {
    const found = this.#use("write", file);
    if (this.refuseWrites !== 0) return -this.refuseWrites;
    found.write(position, this.#at(address, length));
    this.written += length;
    return length;
  };

  readonly file_size = (file: number): number => this.#use("size", file).size;

  readonly file_truncate = (file: number, size: number): number => {
    this.#use("truncate", file).resize(size);
    return 0;
  };

  readonly file_sync = (file: number): number => {
    this.#use("sync", file);
    return 0;
  };

  readonly file_close = (file: number): number => {
    this.#use("close", file);
    return this.#open.delete(file) ? 0 : -EIO;
  };
}
