/**
 * The kernel's side: a process whose system calls, `/proc` texts, checked memory and strace log are
 * those of Linux. Addresses and sizes are bytes; a call that fails returns -1 and sets `errno`, or
 * throws a SystemCallError in `kernel.orThrow`. Begin with {@link startKernel}.
 *
 * @module ptmalloc-wasm/kernel
 */

export { Kernel, PAGE_SIZE, startKernel, startKernelSync } from "./kernel.js";
export type { FullProcess, KernelOptionName, KernelOptions } from "./kernel.js";
export { SystemCalls } from "./syscalls.js";
export { FAILED } from "./raw-calls.js";
export type { Limits } from "./syscalls.js";
export type { ErrorStyle, Size } from "./raw-calls.js";
export { Errno, errnoMessage, errnoName, SystemCallError } from "./errno.js";
export type { ErrnoName } from "./errno.js";
export { MADV, MAP, MCL, MLOCK, MPOL, MREMAP, MS, O, PR, PROT, RLIMIT, VM } from "./flags.js";
export { BusError, MemoryFault, SegmentationFault } from "./faults.js";
export type { Access, FaultCode } from "./faults.js";
export { openNodeFile } from "./files/node.js";
export { BlobFile, HandleFile, openBlob, openFileHandle } from "./files/blob.js";
export type { BlobLike, FileHandle, WritableFile } from "./files/blob.js";
export { FileError, FileKind } from "./files/host-file.js";
export type { HostFile } from "./files/host-file.js";
export { BufferFile, MemoryFile } from "./files/memory-file.js";
export type { FileOptions } from "./files/memory-file.js";
export { openSyncHandle } from "./files/opfs.js";
export type { SyncHandle } from "./files/opfs.js";
export { FileTable } from "./files/table.js";
export { LINUX_6_1, LINUX_6_18 } from "./regions.js";
export type { Region, Usage } from "./regions.js";
export type { Vma } from "./vmas.js";
export { VmaKind } from "../layout/generated.js";
export { syscallName, syscallNames, syscallNumber, syscallNumbers } from "./syscall-names.js";
export type { SyscallName } from "./syscall-names.js";
export { Strace } from "./strace.js";
export type { StraceOptions } from "./strace.js";
export { countTable } from "./strace-counts.js";
export type { CallCount, CountOrder } from "./strace-counts.js";
export { FilterError, parseFilter, SHOW_ALL } from "./strace-filter.js";
export type { StraceFilter } from "./strace-filter.js";
export { errorNumber, formatSyscall } from "./strace-format.js";
export type { FormatContext, MemoryReader, SyscallRecord } from "./strace-format.js";
export { procLimits } from "./proc-limits.js";
export type { ProcLimit } from "./proc-limits.js";
export { mapsLine, permissions, procMaps } from "./proc-maps.js";
export { procSmaps, procSmapsRollup, smapsEntry, vmFlagsText } from "./proc-smaps.js";
export { procStat, procStatm, procStatus, statFields } from "./proc-status.js";
export type { MemoryCounts } from "./proc-status.js";
