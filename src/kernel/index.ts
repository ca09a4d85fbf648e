// The package's entry "ptmalloc-wasm/kernel": system calls, the texts of /proc, strace's log.

export { Kernel, PAGE_SIZE, startKernel, startKernelSync } from "./kernel.js";
export type { FullProcess, KernelOptionName, KernelOptions } from "./kernel.js";
export { FAILED, SystemCalls } from "./syscalls.js";
export type { ErrorStyle, Limits, Size } from "./syscalls.js";
export { Errno, errnoMessage, errnoName, SystemCallError } from "./errno.js";
export type { ErrnoName } from "./errno.js";
export { MADV, MAP, MCL, MLOCK, MREMAP, MS, PROT, RLIMIT, VM } from "./flags.js";
export { BusError, MemoryFault, SegmentationFault } from "./faults.js";
export type { Access, FaultCode } from "./faults.js";
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
export { mapsLine, permissions, procMaps } from "./proc-maps.js";
export { procSmaps, procSmapsRollup, smapsEntry, vmFlagsText } from "./proc-smaps.js";
export { procStat, procStatm, procStatus, statFields } from "./proc-status.js";
export type { MemoryCounts } from "./proc-status.js";
