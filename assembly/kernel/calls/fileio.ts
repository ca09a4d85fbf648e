// The calls on descriptors that memory needs: close, reading and writing at a place, truncating,
// syncing. What is stored in mappings of the file and what these calls read and write is the same.
// In the full build only.

import { PAGE_SIZE, alignDown } from "../../base/align";
import { file_read, file_sync, file_write } from "../../base/host";
import { isUserMemory } from "../access";
import { EBADF, EFAULT, EFBIG, EINVAL, EISDIR, ESPIPE, errorResult } from "../errno";
import { O_APPEND, describe, dropDescription, takeDescriptor } from "../files/file";
import {
  learnSize,
  noteSize,
  refill,
  truncateFile,
  writeBackFile,
  writeBackInode,
} from "../files/filemap";
import { FileKind, NO_FILE, OpenFile } from "../files/inode";
import { RLIMIT_FSIZE, rlimit } from "../options";

/** The most that one call reads or writes, bytes (MAX_RW_COUNT). */
const COUNT_MAX: word = 0x7ffff000;

/**
 * The close system call: what was stored in mappings of the file is in it then. The mappings stay.
 * 0 or -errno (close(2)).
 */
export function sysClose(fd: i32): word {
  const file = takeDescriptor(fd);
  if (file == NO_FILE) return errorResult(EBADF);
  const unwritten = writeBackFile(file);
  const error = dropDescription(file);
  return unwritten != 0 ? unwritten : error;
}

/**
 * How many bytes of [buffer, buffer + count) the program may read or write, from the first on; 0:
 * none.
 */
function usableBytes(buffer: word, count: word, isWrite: bool): word {
  let usable: word = 0;
  while (usable < count) {
    const at = buffer + usable;
    const step = min(count - usable, alignDown(at, PAGE_SIZE) + PAGE_SIZE - at);
    if (!isUserMemory(at, step, isWrite)) break;
    usable += step;
  }
  return usable;
}

/** What pread and pwrite both refuse: 0 or an error result. */
function checkTransfer(file: OpenFile, isAllowed: bool, position: i64): word {
  if (position < 0) return errorResult(EINVAL);
  if (file.kind == FileKind.PIPE) return errorResult(ESPIPE);
  if (!isAllowed) return errorResult(EBADF);
  return file.kind == FileKind.DIRECTORY ? errorResult(EISDIR) : 0;
}

/** The pread64 system call: bytes read, or -errno (pread(2)). */
export function sysPread(fd: i32, buffer: word, count: word, position: i64): word {
  const file = describe(fd);
  if (file == NO_FILE) return errorResult(position < 0 ? EINVAL : EBADF);
  const refused = checkTransfer(file, file.isReadable, position);
  if (refused != 0) return refused;
  const isZero = file.kind == FileKind.ZERO;
  if (!isZero) {
    const error = learnSize(file);
    if (error != 0) return error;
    const size = file.inode.size;
    if (<u64>position >= size && file.kind == FileKind.REGULAR) return 0;
    if (file.kind == FileKind.REGULAR) count = <word>min(<u64>count, size - <u64>position);
  }
  const usable = usableBytes(buffer, min(count, COUNT_MAX), true);
  if (usable == 0) return count == 0 ? 0 : errorResult(EFAULT);
  if (isZero) {
    memory.fill(<usize>buffer, 0, <usize>usable);
    return usable;
  }
  const error = writeBackInode(file.inode, <u64>position, <u64>position + <u64>usable);
  if (error != 0) return error;
  return <word>(<isize>file_read(file.host, <f64>position, <usize>buffer, <usize>usable));
}

/**
 * The pwrite64 system call: bytes written, or -errno (pwrite(2)). With O_APPEND they go to the end
 * of the file, as on Linux. Beyond RLIMIT_FSIZE nothing is written (EFBIG); there is no SIGXFSZ, as
 * in a program that ignores it.
 */
export function sysPwrite(fd: i32, buffer: word, count: word, position: i64): word {
  const file = describe(fd);
  if (file == NO_FILE) return errorResult(position < 0 ? EINVAL : EBADF);
  const refused = checkTransfer(file, file.isWritable, position);
  if (refused != 0) return refused;
  let error = learnSize(file);
  if (error != 0) return error;
  const inode = file.inode;
  const from = file.flags & O_APPEND ? inode.size : <u64>position;
  if (file.kind == FileKind.REGULAR && count != 0) {
    const limit = rlimit(RLIMIT_FSIZE);
    if (from >= limit) return errorResult(EFBIG);
    count = <word>min(<u64>count, limit - from);
  }
  const usable = usableBytes(buffer, min(count, COUNT_MAX), false);
  if (usable == 0) return count == 0 ? 0 : errorResult(EFAULT);
  if (file.kind == FileKind.ZERO) return usable;
  const to = from + <u64>usable;
  error = writeBackInode(inode, from, to);
  if (error != 0) return error;
  const written = file_write(file.host, <f64>from, <usize>buffer, <usize>usable);
  if (written < 0) return <word>(<isize>written);
  if (to > inode.size) error = noteSize(inode, to);
  if (error == 0) error = refill(inode, from, to);
  return error != 0 ? error : <word>written;
}

/** The ftruncate system call. 0 or -errno (ftruncate(2)). */
export function sysFtruncate(fd: i32, size: i64): word {
  if (size < 0) return errorResult(EINVAL);
  const file = describe(fd);
  if (file == NO_FILE) return errorResult(EBADF);
  if (file.kind != FileKind.REGULAR || !file.isWritable) return errorResult(EINVAL);
  const error = learnSize(file);
  if (error != 0) return error;
  // What a limit forbids is making a file longer, not its being long.
  const isGrowing = <u64>size > file.inode.size;
  if (isGrowing && <u64>size > rlimit(RLIMIT_FSIZE)) return errorResult(EFBIG);
  return truncateFile(file, <u64>size);
}

/** The fsync system call, and with `isDataOnly` fdatasync. 0 or -errno (fsync(2)). */
export function sysFsync(fd: i32, isDataOnly: bool): word {
  const file = describe(fd);
  if (file == NO_FILE) return errorResult(EBADF);
  if (file.kind != FileKind.REGULAR && file.kind != FileKind.DIRECTORY) return errorResult(EINVAL);
  const error = writeBackFile(file);
  return error != 0 ? error : <word>(<isize>file_sync(file.host, isDataOnly ? 1 : 0));
}
