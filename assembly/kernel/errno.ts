// Linux error numbers, and how a system call returns them: as -errno, in the last page of the
// number range. The numbers are @host.

export const EPERM: i32 = 1;
export const ESRCH: i32 = 3;
export const EIO: i32 = 5;
export const EBADF: i32 = 9;
export const EAGAIN: i32 = 11;
export const ENOMEM: i32 = 12;
export const EACCES: i32 = 13;
export const EFAULT: i32 = 14;
export const EBUSY: i32 = 16;
export const EEXIST: i32 = 17;
export const ENODEV: i32 = 19;
export const EISDIR: i32 = 21;
export const EINVAL: i32 = 22;
export const EMFILE: i32 = 24;
export const EFBIG: i32 = 27;
export const ESPIPE: i32 = 29;
export const ENOSYS: i32 = 38;
export const EOVERFLOW: i32 = 75;
export const EOPNOTSUPP: i32 = 95;

/** The greatest of them (MAX_ERRNO). */
export const MAX_ERRNO: word = 4095;

/** The raw system-call result that stands for `errno`. */
export function errorResult(errno: i32): word {
  return <word>-(<isize>errno);
}

/** Whether a raw system-call result is an error rather than an address or a size. */
export function isError(result: word): bool {
  return result >= <word>0 - MAX_ERRNO;
}
