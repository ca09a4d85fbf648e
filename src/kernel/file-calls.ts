// The calls on files: descriptors for what the host has opened, and what is done with them.

import type { Abi } from "../layout/address.js";
import type { Process } from "../process/process.js";
import { Errno } from "./errno.js";
import { errnoOf, type HostFile } from "./files/host-file.js";
import { openNodeFile } from "./files/node.js";
import type { FileTable } from "./files/table.js";
import { RawCalls, type ErrorStyle, type Size } from "./raw-calls.js";

/** The calls on files of one process. */
export class FileCalls {
  /** What all calls by name are made with. */
  protected readonly calls: RawCalls;
  readonly #files: FileTable;

  /**
   * @param process a process of the `full` build
   * @param style what a failure does
   * @param files the table behind the process's option `files`
   */
  constructor(process: Process<Abi, "full">, style: ErrorStyle, files: FileTable) {
    this.calls = new RawCalls(process, style);
    this.#files = files;
  }

  /** The error number of the last failed call, as C's errno: successful calls leave it alone. */
  get errno(): number {
    return this.calls.errno;
  }

  /**
   * open(2), in Node.js: outside it files have no paths, see `openFile`.
   * @param flags O bits: O.APPEND appends from this side, not atomically with others who write to
   *   the file
   * @param mode of a file that is made; the umask is taken off
   * @returns the lowest free descriptor, or FAILED
   * @throws Error outside Node.js; TypeError for arguments that Node refuses
   */
  open(path: string, flags: number, mode?: number): number {
    let file: HostFile;
    try {
      file = openNodeFile(path, flags, mode);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return this.calls.fail("open", errno);
    }
    const fd = this.#describe(file);
    if (fd >= 0) return fd;
    file.close();
    return this.calls.fail("open", -fd);
  }

  /**
   * Gives a file of the host's a descriptor. From then on it is the process's: it is closed with
   * the last descriptor and mapping of it.
   * @param file what openNodeFile, openBlob, openFileHandle, openSyncHandle gave, a MemoryFile, or
   *   something else of that kind
   * @returns the lowest free descriptor, or FAILED and the file is still the caller's: EMFILE,
   *   ENOMEM
   * @throws TypeError when the process has this very object open already
   */
  openFile(file: HostFile): number {
    const fd = this.#describe(file);
    return fd < 0 ? this.calls.fail("open", -fd) : fd;
  }

  /**
   * close(2): what was stored in mappings of the file is in it then; they stay. 0, or FAILED:
   * EBADF, EIO, ENOSPC.
   */
  close(fd: number): number {
    return this.calls.done("close", fd);
  }

  /**
   * pread(2): at most `count` bytes from byte `position` of the file go to the address `buffer`.
   * How many, or FAILED.
   */
  pread(fd: number, buffer: Size, count: Size, position: Size): number {
    return this.calls.done("pread64", fd, buffer, count, position, this.#upper(position));
  }

  /**
   * pwrite(2): `count` bytes from the address `buffer` go to byte `position` of the file, with
   * O.APPEND to its end. How many, or FAILED: also EFBIG, beyond RLIMIT.FSIZE.
   */
  pwrite(fd: number, buffer: Size, count: Size, position: Size): number {
    return this.calls.done("pwrite64", fd, buffer, count, position, this.#upper(position));
  }

  /** ftruncate(2): makes the file `length` bytes long. 0, or FAILED: EBADF, EINVAL, EFBIG. */
  ftruncate(fd: number, length: Size): number {
    const name = this.calls.process.abi === "ilp32" ? "ftruncate64" : "ftruncate";
    return this.calls.done(name, fd, length, this.#upper(length));
  }

  /**
   * fsync(2): waits until the file, what was stored in mappings of it included, is on the disk. 0,
   * or FAILED: EBADF, EINVAL, EIO.
   */
  fsync(fd: number): number {
    return this.calls.done("fsync", fd);
  }

  /** fdatasync(2): as fsync, without what is not needed to read the file. */
  fdatasync(fd: number): number {
    return this.calls.done("fdatasync", fd);
  }

  /**
   * Closes every descriptor that `open` and `openFile` gave. 0, or FAILED with the first error; all
   * are closed even then.
   */
  closeFiles(): number {
    let first = 0;
    for (const fd of this.#files.descriptors) {
      const result = this.calls.raw("close", fd);
      // Some were closed long ago.
      if (result !== -Errno.EBADF) first ||= result;
    }
    this.#files.descriptors.clear();
    return first < 0 ? this.calls.fail("close", -first) : 0;
  }

  /** Gives a file a descriptor, or gives it back: the descriptor, or -errno. */
  #describe(file: HostFile): number {
    const files = this.#files;
    const number = files.add(file);
    const identity = files.identityOf(number);
    const fd = this.calls.process.raw.open_file(number, identity, file.kind, file.flags);
    if (fd < 0) files.remove(number);
    else files.descriptors.add(fd);
    return fd;
  }

  /** The upper half of a place in a file: i386 passes it in two registers, the lower half first. */
  #upper(position: Size): Size {
    return this.calls.process.abi === "lp64" ? 0 : BigInt.asUintN(32, BigInt(position) >> 32n);
  }
}
