/**
 * The kernel's side: a process whose system calls, `/proc` texts, checked memory and strace log are
 * those of Linux. Addresses and sizes are bytes; a call that fails returns -1 and sets `errno`, or
 * throws a SystemCallError in `kernel.orThrow`. Begin with {@link startKernel}.
 *
 * @module ptmalloc-wasm/kernel
 */

export { Kernel, PAGE_SIZE, startKernel, startKernelSync } from "./kernel/kernel.js";
export type { FullProcess, KernelOptionName, KernelOptions } from "./kernel/kernel.js";
export { SystemCalls } from "./kernel/syscalls.js";
export { FAILED } from "./kernel/raw-calls.js";
export type { Limits } from "./kernel/limits.js";
export type { ErrorStyle, Size } from "./kernel/raw-calls.js";
export { Errno, errnoMessage, errnoName, SystemCallError } from "./kernel/errno.js";
export type { ErrnoName } from "./kernel/errno.js";
export {
  MADV,
  MAP,
  MCL,
  MLOCK,
  MPOL,
  MREMAP,
  MS,
  O,
  PR,
  PROT,
  RLIMIT,
  VM,
} from "./kernel/flags.js";
export { BusError, MemoryFault, SegmentationFault } from "./kernel/faults.js";
export type { Access, FaultCode } from "./kernel/faults.js";
export { openNodeFile } from "./kernel/files/node.js";
export { BlobFile, HandleFile, openBlob, openFileHandle } from "./kernel/files/blob.js";
export type { BlobLike, FileHandle, WritableFile } from "./kernel/files/blob.js";
export { FileError, FileKind } from "./kernel/files/host-file.js";
export type { HostFile } from "./kernel/files/host-file.js";
export { BufferFile, MemoryFile } from "./kernel/files/memory-file.js";
export type { FileOptions } from "./kernel/files/memory-file.js";
export { openSyncHandle } from "./kernel/files/opfs.js";
export type { SyncHandle } from "./kernel/files/opfs.js";
export { FileTable } from "./kernel/files/table.js";
export { LINUX_6_1, LINUX_6_18 } from "./kernel/regions.js";
export type { Region, Usage } from "./kernel/regions.js";
export type { Vma } from "./kernel/vmas.js";
export { VmaKind } from "./layout/generated.js";
export {
  syscallName,
  syscallNames,
  syscallNumber,
  syscallNumbers,
} from "./kernel/syscall-names.js";
export type { SyscallName } from "./kernel/syscall-names.js";
export { Strace } from "./kernel/strace/log.js";
export type { StraceOptions } from "./kernel/strace/log.js";
export { countTable } from "./kernel/strace/counts.js";
export type { CallCount, CountOrder } from "./kernel/strace/counts.js";
export { FilterError, parseFilter, SHOW_ALL } from "./kernel/strace/filter.js";
export type { StraceFilter } from "./kernel/strace/filter.js";
export { errorNumber, formatSyscall } from "./kernel/strace/format.js";
export type { FormatContext, MemoryReader, SyscallRecord } from "./kernel/strace/format.js";
export { procLimits } from "./kernel/proc/limits.js";
export type { ProcLimit } from "./kernel/proc/limits.js";
export { mapsLine, permissions, procMaps } from "./kernel/proc/maps.js";
export { procSmaps, procSmapsRollup, smapsEntry, vmFlagsText } from "./kernel/proc/smaps.js";
export { procStat, procStatm, procStatus, statFields } from "./kernel/proc/status.js";
export type { MemoryCounts } from "./kernel/proc/status.js";
