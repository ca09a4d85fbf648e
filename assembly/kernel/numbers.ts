// System call numbers of the two architectures whose layouts this project has.

import { ILP32 } from "../abi/word";

/** i386's numbers (ilp32). */
export enum SyscallI386 {
  CLOSE = 6,
  GETPID = 20,
  BRK = 45,
  SETRLIMIT = 75,
  MUNMAP = 91,
  FTRUNCATE = 93,
  FSYNC = 118,
  MPROTECT = 125,
  MSYNC = 144,
  FDATASYNC = 148,
  MLOCK = 150,
  MUNLOCK = 151,
  MLOCKALL = 152,
  MUNLOCKALL = 153,
  MREMAP = 163,
  PREAD64 = 180,
  PWRITE64 = 181,
  PRCTL = 172,
  UGETRLIMIT = 191,
  MMAP2 = 192,
  FTRUNCATE64 = 194,
  MINCORE = 218,
  MADVISE = 219,
  GETTID = 224,
  REMAP_FILE_PAGES = 257,
  MBIND = 274,
  PRLIMIT64 = 340,
  MLOCK2 = 376,
  MSEAL = 462,
}

/** x86-64's numbers (lp64). */
export enum SyscallX86_64 {
  CLOSE = 3,
  MMAP = 9,
  MPROTECT = 10,
  MUNMAP = 11,
  BRK = 12,
  PREAD64 = 17,
  PWRITE64 = 18,
  MREMAP = 25,
  MSYNC = 26,
  MINCORE = 27,
  MADVISE = 28,
  FSYNC = 74,
  FDATASYNC = 75,
  FTRUNCATE = 77,
  GETPID = 39,
  GETRLIMIT = 97,
  MLOCK = 149,
  MUNLOCK = 150,
  MLOCKALL = 151,
  MUNLOCKALL = 152,
  PRCTL = 157,
  SETRLIMIT = 160,
  GETTID = 186,
  REMAP_FILE_PAGES = 216,
  MBIND = 237,
  PRLIMIT64 = 302,
  MLOCK2 = 325,
  MSEAL = 462,
}

export const NR_BRK: i32 = ILP32 ? SyscallI386.BRK : SyscallX86_64.BRK;
export const NR_MMAP: i32 = ILP32 ? SyscallI386.MMAP2 : SyscallX86_64.MMAP;
export const NR_MUNMAP: i32 = ILP32 ? SyscallI386.MUNMAP : SyscallX86_64.MUNMAP;
export const NR_MREMAP: i32 = ILP32 ? SyscallI386.MREMAP : SyscallX86_64.MREMAP;
export const NR_MPROTECT: i32 = ILP32 ? SyscallI386.MPROTECT : SyscallX86_64.MPROTECT;
export const NR_MADVISE: i32 = ILP32 ? SyscallI386.MADVISE : SyscallX86_64.MADVISE;
export const NR_MSYNC: i32 = ILP32 ? SyscallI386.MSYNC : SyscallX86_64.MSYNC;
export const NR_MINCORE: i32 = ILP32 ? SyscallI386.MINCORE : SyscallX86_64.MINCORE;
export const NR_MLOCK: i32 = ILP32 ? SyscallI386.MLOCK : SyscallX86_64.MLOCK;
export const NR_MLOCK2: i32 = ILP32 ? SyscallI386.MLOCK2 : SyscallX86_64.MLOCK2;
export const NR_MUNLOCK: i32 = ILP32 ? SyscallI386.MUNLOCK : SyscallX86_64.MUNLOCK;
export const NR_MLOCKALL: i32 = ILP32 ? SyscallI386.MLOCKALL : SyscallX86_64.MLOCKALL;
export const NR_MUNLOCKALL: i32 = ILP32 ? SyscallI386.MUNLOCKALL : SyscallX86_64.MUNLOCKALL;
export const NR_GETRLIMIT: i32 = ILP32 ? SyscallI386.UGETRLIMIT : SyscallX86_64.GETRLIMIT;
export const NR_SETRLIMIT: i32 = ILP32 ? SyscallI386.SETRLIMIT : SyscallX86_64.SETRLIMIT;
export const NR_PRLIMIT64: i32 = ILP32 ? SyscallI386.PRLIMIT64 : SyscallX86_64.PRLIMIT64;
export const NR_CLOSE: i32 = ILP32 ? SyscallI386.CLOSE : SyscallX86_64.CLOSE;
export const NR_PREAD64: i32 = ILP32 ? SyscallI386.PREAD64 : SyscallX86_64.PREAD64;
export const NR_PWRITE64: i32 = ILP32 ? SyscallI386.PWRITE64 : SyscallX86_64.PWRITE64;
export const NR_FTRUNCATE: i32 = ILP32 ? SyscallI386.FTRUNCATE : SyscallX86_64.FTRUNCATE;
export const NR_FTRUNCATE64: i32 = ILP32 ? SyscallI386.FTRUNCATE64 : -1;
export const NR_FSYNC: i32 = ILP32 ? SyscallI386.FSYNC : SyscallX86_64.FSYNC;
export const NR_FDATASYNC: i32 = ILP32 ? SyscallI386.FDATASYNC : SyscallX86_64.FDATASYNC;
export const NR_GETPID: i32 = ILP32 ? SyscallI386.GETPID : SyscallX86_64.GETPID;
export const NR_GETTID: i32 = ILP32 ? SyscallI386.GETTID : SyscallX86_64.GETTID;
export const NR_PRCTL: i32 = ILP32 ? SyscallI386.PRCTL : SyscallX86_64.PRCTL;
export const NR_REMAP_FILE_PAGES: i32 = ILP32
  ? SyscallI386.REMAP_FILE_PAGES
  : SyscallX86_64.REMAP_FILE_PAGES;
export const NR_MBIND: i32 = ILP32 ? SyscallI386.MBIND : SyscallX86_64.MBIND;
export const NR_MSEAL: i32 = ILP32 ? SyscallI386.MSEAL : SyscallX86_64.MSEAL;
