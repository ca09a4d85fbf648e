// Files of the host's file system, in Node.js. Elsewhere there are no files behind paths: whoever
// uses the kernel opens them and hands them over.

import type { BigIntStats } from "node:fs";
import { nodeModule } from "../../base/node.js";
import { O } from "../flags.js";
import { FileError, FileKind, type HostFile } from "./host-file.js";

/** Used only where `openNodeFile` has found it. */
const fs = /* @__PURE__ */ nodeModule("node:fs")!;

/** Bits that the host may know by another number. */
const TRANSLATED = [
  "CREAT",
  "EXCL",
  "NOCTTY",
  "TRUNC",
  "NONBLOCK",
  "DSYNC",
  "DIRECT",
  "DIRECTORY",
  "NOFOLLOW",
  "NOATIME",
] as const;

/**
 * What makes O.TMPFILE more than O.DIRECTORY, and O.SYNC more than O.DSYNC. The first has one
 * number on all of Linux, and none elsewhere.
 */
const TMPFILE_ONLY = O.TMPFILE & ~O.DIRECTORY;
const SYNC_ONLY = O.SYNC & ~O.DSYNC;

/** The most that is read or written at once, bytes: Node takes no more than 31 bits. */
const TRANSFER_MAX = 2 ** 30;

/**
 * O bits in the host's numbers. O.APPEND is not among them: with it Linux writes to the file's end
 * whatever the position, and what is stored in a mapping belongs where it is; the kernel's side
 * appends by itself. What the host does not have is left out, as are the bits that mean nothing
 * here.
 */
function hostFlags(flags: number): number {
  let host = flags & O.ACCMODE;
  const known: Readonly<Record<string, number | undefined>> = fs.constants;
  for (const name of TRANSLATED) {
    if (flags & O[name]) host |= known[`O_${name}`] ?? 0;
  }
  if (flags & SYNC_ONLY) host |= known["O_SYNC"] ?? 0;
  if (flags & TMPFILE_ONLY) {
    if (process.platform !== "linux") throw new FileError("EOPNOTSUPP");
    host |= TMPFILE_ONLY;
  }
  return host;
}

/** A device number's two parts (gnu_dev_major, gnu_dev_minor of sys/sysmacros.h). */
function deviceParts(device: bigint): readonly [number, number] {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

/** Whether a character device is the one that /dev/zero names. */
function isZero(stats: BigIntStats): boolean {
  const zero = fs.statSync("/dev/zero", { bigint: true, throwIfNoEntry: false });
  return zero !== undefined && zero.isCharacterDevice() && zero.rdev === stats.rdev;
}

function kindOf(stats: BigIntStats): FileKind {
  if (stats.isFile()) return FileKind.REGULAR;
  if (stats.isDirectory()) return FileKind.DIRECTORY;
  if (stats.isFIFO()) return FileKind.PIPE;
  return stats.isCharacterDevice() && isZero(stats) ? FileKind.ZERO : FileKind.CHARACTER;
}

function realPath(path: string): string {
  try {
    return fs.realpathSync.native(path);
  } catch {
    // Gone again, or made without a name.
    return nodeModule("node:path")!.resolve(path);
  }
}

/**
 * One read or write of as much as goes at once, again when a signal came in between.
 * @returns bytes moved
 */
function transfer(
  move: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => number,
  fd: number,
  bytes: Uint8Array,
  offset: number,
  position: number,
): number {
  const length = Math.min(bytes.length - offset, TRANSFER_MAX);
  for (;;) {
    try {
      return move(fd, bytes, offset, length, position);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EINTR") throw error;
    }
  }
}

/** What a file is, as it was when it was opened. */
class Identity {
  readonly kind: FileKind;
  readonly device: readonly [number, number];
  readonly inode: number | bigint;
  readonly flags: number;

  constructor(stats: BigIntStats, flags: number) {
    this.kind = kindOf(stats);
    this.device = deviceParts(stats.dev);
    this.inode = stats.ino <= Number.MAX_SAFE_INTEGER ? Number(stats.ino) : stats.ino;
    this.flags = flags;
  }
}

/** An open file. */
class NodeFile extends Identity implements HostFile {
  /** -1 once it is closed: its number may be another file's then. */
  #descriptor: number;
  readonly #openedAs: string;

  constructor(fd: number, path: string, flags: number) {
    super(fs.fstatSync(fd, { bigint: true }), flags);
    this.#descriptor = fd;
    this.#openedAs = realPath(path);
  }

  get path(): string {
    return this.#link()?.replace(/ \(deleted\)$/, "") ?? this.#openedAs;
  }

  get isDeleted(): boolean {
    return this.#link()?.endsWith(" (deleted)") ?? fs.fstatSync(this.#fd).nlink === 0;
  }

  size(): number {
    return fs.fstatSync(this.#fd).size;
  }

  read(position: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const got = transfer(fs.readSync, this.#fd, into, done, position + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  write(position: number, from: Uint8Array): void {
    for (let done = 0; done < from.length;) {
      const put = transfer(fs.writeSync, this.#fd, from, done, position + done);
      if (put === 0) throw new FileError("EIO");
      done += put;
    }
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#fd, size);
  }

  sync(isDataOnly: boolean): void {
    if (isDataOnly) fs.fdatasyncSync(this.#fd);
    else fs.fsyncSync(this.#fd);
  }

  close(): void {
    if (this.#descriptor < 0) return;
    const fd = this.#descriptor;
    this.#descriptor = -1;
    fs.closeSync(fd);
  }

  get #fd(): number {
    if (this.#descriptor < 0) throw new FileError("EBADF");
    return this.#descriptor;
  }

  /**
   * What Linux calls the file now, as in maps: it notices renaming and deleting. undefined
   * elsewhere.
   */
  #link(): string | undefined {
    if (process.platform !== "linux") return undefined;
    try {
      return fs.readlinkSync(`/proc/self/fd/${this.#fd}`);
    } catch {
      return undefined;
    }
  }
}

/**
 * What O.PATH gives: a place in the file system, which cannot be read or written. Node needs no
 * descriptor for that.
 */
class NodePath extends Identity implements HostFile {
  readonly path: string;
  readonly isDeleted = false;
  readonly #size: number;

  constructor(path: string, flags: number) {
    const stat = flags & O.NOFOLLOW ? fs.lstatSync : fs.statSync;
    const stats = stat(path, { bigint: true });
    if (flags & O.DIRECTORY && !stats.isDirectory()) throw new FileError("ENOTDIR");
    super(stats, flags);
    this.path = realPath(path);
    this.#size = Number(stats.size);
  }

  size(): number {
    return this.#size;
  }

  read(): number {
    throw new FileError("EBADF");
  }

  write(): void {
    throw new FileError("EBADF");
  }

  truncate(): void {
    throw new FileError("EBADF");
  }

  sync(): void {
    throw new FileError("EBADF");
  }

  close(): void {}
}

/**
 * Opens a file, as open(2).
 * @param path absolute, or from Node's working directory
 * @param flags O bits. O.APPEND is kept for the kernel's side, which appends (not atomically with
 *   others who write to the file)
 * @param mode of a file that O.CREAT or O.TMPFILE makes; the umask is taken off
 * @throws Error outside Node.js, with the way out; Node's error, whose `code` is the error number's
 *   name; FileError EOPNOTSUPP for O.TMPFILE outside Linux
 */
export function openNodeFile(path: string, flags: number, mode = 0o666): HostFile {
  if (fs === undefined) {
    throw new Error(
      `cannot open "${path}": outside Node.js files have no paths; give openFile() what openBlob(), openFileHandle() or ` +
        "openSyncHandle() return, or a MemoryFile",
    );
  }
  if (flags & O.PATH) return new NodePath(path, flags);
  const fd = fs.openSync(path, hostFlags(flags), mode);
  try {
    return new NodeFile(fd, path, flags);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}
