// Linux's error numbers (man 3 errno): names, numbers and the texts that strerror gives. strace
// shows some names differently from C: there EOPNOTSUPP and ENOTSUP are one number.

import * as linux from "../layout/generated.js";

/**
 * Error numbers by name; the first 34 are all of Linux's classic ones, the rest what calls on
 * memory and files can return. @enum
 */
export const Errno = {
  /** Operation not permitted. */
  EPERM: linux.EPERM,
  /** No such file or directory. */
  ENOENT: 2,
  /** No such process. */
  ESRCH: linux.ESRCH,
  /** Interrupted system call. */
  EINTR: 4,
  /** Input/output error. */
  EIO: linux.EIO,
  /** No such device or address. */
  ENXIO: 6,
  /** Argument list too long. */
  E2BIG: 7,
  /** Exec format error. */
  ENOEXEC: 8,
  /** Bad file descriptor. */
  EBADF: linux.EBADF,
  /** No child processes. */
  ECHILD: 10,
  /** Resource temporarily unavailable. */
  EAGAIN: linux.EAGAIN,
  /** Cannot allocate memory. */
  ENOMEM: linux.ENOMEM,
  /** Permission denied. */
  EACCES: linux.EACCES,
  /** Bad address. */
  EFAULT: linux.EFAULT,
  /** Block device required. */
  ENOTBLK: 15,
  /** Device or resource busy. */
  EBUSY: linux.EBUSY,
  /** File exists. */
  EEXIST: linux.EEXIST,
  /** Invalid cross-device link. */
  EXDEV: 18,
  /** No such device. */
  ENODEV: linux.ENODEV,
  /** Not a directory. */
  ENOTDIR: 20,
  /** Is a directory. */
  EISDIR: linux.EISDIR,
  /** Invalid argument. */
  EINVAL: linux.EINVAL,
  /** Too many open files in system. */
  ENFILE: 23,
  /** Too many open files. */
  EMFILE: linux.EMFILE,
  /** Inappropriate ioctl for device. */
  ENOTTY: 25,
  /** Text file busy. */
  ETXTBSY: 26,
  /** File too large. */
  EFBIG: linux.EFBIG,
  /** No space left on device. */
  ENOSPC: 28,
  /** Illegal seek. */
  ESPIPE: linux.ESPIPE,
  /** Read-only file system. */
  EROFS: 30,
  /** Too many links. */
  EMLINK: 31,
  /** Broken pipe. */
  EPIPE: 32,
  /** Numerical argument out of domain. */
  EDOM: 33,
  /** Numerical result out of range. */
  ERANGE: 34,
  /** File name too long. */
  ENAMETOOLONG: 36,
  /** Function not implemented. */
  ENOSYS: linux.ENOSYS,
  /** Too many levels of symbolic links. */
  ELOOP: 40,
  /** Value too large for defined data type. */
  EOVERFLOW: linux.EOVERFLOW,
  /** Operation not supported. */
  EOPNOTSUPP: linux.EOPNOTSUPP,
  /** Stale file handle. */
  ESTALE: 116,
  /** Disk quota exceeded. */
  EDQUOT: 122,
} as const;

/** The name of an error number. */
export type ErrnoName = keyof typeof Errno;

const messages: Readonly<Record<ErrnoName, string>> = {
  EPERM: "Operation not permitted",
  ENOENT: "No such file or directory",
  ESRCH: "No such process",
  EINTR: "Interrupted system call",
  EIO: "Input/output error",
  ENXIO: "No such device or address",
  E2BIG: "Argument list too long",
  ENOEXEC: "Exec format error",
  EBADF: "Bad file descriptor",
  ECHILD: "No child processes",
  EAGAIN: "Resource temporarily unavailable",
  ENOMEM: "Cannot allocate memory",
  EACCES: "Permission denied",
  EFAULT: "Bad address",
  ENOTBLK: "Block device required",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  EXDEV: "Invalid cross-device link",
  ENODEV: "No such device",
  ENOTDIR: "Not a directory",
  EISDIR: "Is a directory",
  EINVAL: "Invalid argument",
  ENFILE: "Too many open files in system",
  EMFILE: "Too many open files",
  ENOTTY: "Inappropriate ioctl for device",
  ETXTBSY: "Text file busy",
  EFBIG: "File too large",
  ENOSPC: "No space left on device",
  ESPIPE: "Illegal seek",
  EROFS: "Read-only file system",
  EMLINK: "Too many links",
  EPIPE: "Broken pipe",
  EDOM: "Numerical argument out of domain",
  ERANGE: "Numerical result out of range",
  ENAMETOOLONG: "File name too long",
  ENOSYS: "Function not implemented",
  ELOOP: "Too many levels of symbolic links",
  EOVERFLOW: "Value too large for defined data type",
  EOPNOTSUPP: "Operation not supported",
  ESTALE: "Stale file handle",
  EDQUOT: "Disk quota exceeded",
};

const namesByNumber = new Map<number, ErrnoName>(
  (Object.keys(Errno) as ErrnoName[]).map((name) => [Errno[name], name]),
);

/**
 * The name of an error number.
 * @param errno positive
 * @returns such as "ENOMEM"; undefined for a number that is not in the table
 */
export function errnoName(errno: number): ErrnoName | undefined {
  return namesByNumber.get(errno);
}

/**
 * What strerror(3) says.
 * @param errno positive
 * @returns such as "Cannot allocate memory", or "Unknown error 4000"
 */
export function errnoMessage(errno: number): string {
  const name = errnoName(errno);
  return name === undefined ? `Unknown error ${errno}` : messages[name];
}

/** A system call failed, and the throwing style was asked for. */
export class SystemCallError extends Error {
  /** "SystemCallError", also where a bundler has renamed the class. */
  override readonly name = "SystemCallError";
  /** The system call's name, such as "mmap". */
  readonly call: string;
  /** The error number, such as 12. */
  readonly errno: number;
  /** The error's name, such as "ENOMEM"; as in Node's own errors. */
  readonly code: string;

  /**
   * @param call the system call's name
   * @param errno the error number, positive
   */
  constructor(call: string, errno: number) {
    const code = errnoName(errno) ?? `ERRNO_${errno}`;
    super(`${call}: ${code} (${errnoMessage(errno)})`);
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}
