// Linux's error numbers (man 3 errno): names, numbers and the texts that strerror gives. strace shows some names differently from
// C: there EOPNOTSUPP and ENOTSUP are one number.

/** Error numbers by name; the first 34 are all of Linux's classic ones, the rest what calls on memory and files can return. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ELOOP: 40,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ESTALE: 116,
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

/** The greatest number that a system call can return negated; every result above is an address or a size. */
export const MAX_ERRNO = 4095;

/**
 * The name of an error number.
 * @returns such as "ENOMEM"; undefined for a number that is not in the table
 */
export function errnoName(errno: number): ErrnoName | undefined {
  return namesByNumber.get(errno);
}

/**
 * What strerror(3) says.
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
