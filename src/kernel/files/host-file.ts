// What the kernel's side needs of a file: a place for bytes that it can read and write at once.
// Whoever has such a thing can hand it to `kernel.openFile`; this folder has files of Node's, of a
// browser's, and of nothing but memory.

import { FileKind } from "../../layout/generated.js";
import { Errno, errnoMessage, type ErrnoName } from "../errno.js";

export { FileKind };

/**
 * A file that descriptors can be open on. Every method works at once: system calls cannot wait.
 * Errors are thrown with a `code` that is the name of an error number ("ENOSPC"), as Node's are; an
 * error without one counts as EIO.
 */
export interface HostFile {
  /**
   * What it is: REGULAR, DIRECTORY, PIPE, CHARACTER or ZERO. Only the first and the last can be
   * mapped.
   */
  readonly kind: FileKind;
  /** The absolute path that maps shows, without " (deleted)". */
  readonly path: string;
  /**
   * The device it is on. Together with `inode` this is the file's identity: two that agree in both
   * are one file, opened twice.
   */
  readonly device: readonly [major: number, minor: number];
  /** Its number there; a BigInt where a number would be rounded. */
  readonly inode: number | bigint;
  /** Whether its name is gone by now. */
  readonly isDeleted: boolean;
  /** What it was opened with: O bits. */
  readonly flags: number;
  /** How long it is now, bytes. */
  size(): number;
  /**
   * Reads from byte `position` on.
   * @returns how many bytes: fewer than `into` has only at the end of the file
   */
  read(position: number, into: Uint8Array): number;
  /**
   * Writes all of `from` at byte `position`, also with O.APPEND: mappings are written back through
   * this, too.
   */
  write(position: number, from: Uint8Array): void;
  /** Makes it `size` bytes long; what is new reads as zero. */
  truncate(size: number): void;
  /**
   * Waits until what was written is stored for good; with `isDataOnly` what else is known of the
   * file need not be.
   */
  sync(isDataOnly: boolean): void;
  /** Nobody uses this any more: neither a descriptor nor a mapping. */
  close(): void;
}

/** An error of a file's, with the name of its error number. */
export class FileError extends Error {
  /** "FileError", also where a bundler has renamed the class. */
  override readonly name = "FileError";
  /** The error number's name, such as "ENOSPC". */
  readonly code: ErrnoName;

  /** @param code the error number's name, such as "ENOSPC" */
  constructor(code: ErrnoName, options?: ErrorOptions) {
    super(`${code}: ${errnoMessage(Errno[code])}`, options);
    this.code = code;
  }
}

/**
 * Names of errors that have a number under another name: libuv's one for EOPNOTSUPP, and the
 * browsers' DOMExceptions.
 */
const ALIASES: Readonly<Record<string, ErrnoName>> = {
  ENOTSUP: "EOPNOTSUPP",
  NotAllowedError: "EACCES",
  NotFoundError: "ENOENT",
  QuotaExceededError: "ENOSPC",
};

/**
 * The error number that an error stands for, by its `code`, or by the `name` of a DOMException.
 * @returns such as 28; undefined when it stands for none
 */
export function errnoOf(error: unknown): number | undefined {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  const word = String(typeof code === "string" ? code : name);
  const known = ALIASES[word] ?? word;
  return Object.hasOwn(Errno, known) ? Errno[known as ErrnoName] : undefined;
}
