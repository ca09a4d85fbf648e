// The bits that the memory system calls take, under Linux's names (bits/mman-linux.h; identical on
// i386 and x86-64).

import * as linux from "../layout/generated.js";

/** Protection of pages: mmap, mprotect. @enum */
export const PROT = {
  /** No access at all. */
  NONE: linux.PROT_NONE,
  /** Pages may be read. */
  READ: linux.PROT_READ,
  /** Pages may be written. */
  WRITE: linux.PROT_WRITE,
  /** Pages may be executed. */
  EXEC: 4,
  /** Pages may be used for atomic operations; without effect on x86. */
  SEM: linux.PROT_SEM,
  /** mprotect: from the start of the mapping, which must grow down. */
  GROWSDOWN: linux.PROT_GROWSDOWN,
  /** mprotect: up to the end of the mapping, which must grow up; there are none on x86. */
  GROWSUP: linux.PROT_GROWSUP,
} as const;

/** Kinds and options of a mapping: mmap. @enum */
export const MAP = {
  /** What is written is seen by all who map the same, and goes to the file. */
  SHARED: linux.MAP_SHARED,
  /** What is written is this mapping's alone: copy on write. */
  PRIVATE: linux.MAP_PRIVATE,
  /** As SHARED, and unknown options are refused (EOPNOTSUPP). */
  SHARED_VALIDATE: linux.MAP_SHARED_VALIDATE,
  /** Anonymous memory that the kernel may drop when memory is short (Linux 6.11). */
  DROPPABLE: linux.MAP_DROPPABLE,
  /** The bits that say which of these four it is. */
  TYPE: linux.MAP_TYPE,
  /** Exactly at the address, in place of whatever is there. */
  FIXED: linux.MAP_FIXED,
  /** Memory of no file; it reads as zero. */
  ANONYMOUS: linux.MAP_ANONYMOUS,
  /** In the lowest 2 GiB; x86-64 only. */
  "32BIT": linux.MAP_32BIT,
  /** For stacks: the mapping grows down when the page below is touched. */
  GROWSDOWN: linux.MAP_GROWSDOWN,
  /** Ignored. */
  DENYWRITE: linux.MAP_DENYWRITE,
  /** Ignored. */
  EXECUTABLE: linux.MAP_EXECUTABLE,
  /** Locks the pages, as mlock does. */
  LOCKED: linux.MAP_LOCKED,
  /** Does not count as committed memory. */
  NORESERVE: linux.MAP_NORESERVE,
  /** Makes all pages resident at once. */
  POPULATE: linux.MAP_POPULATE,
  /** With POPULATE: does nothing more. */
  NONBLOCK: linux.MAP_NONBLOCK,
  /** Ignored: says that it is a stack. */
  STACK: linux.MAP_STACK,
  /** Of explicit huge pages. */
  HUGETLB: linux.MAP_HUGETLB,
  /** With SHARED_VALIDATE: for files in persistent memory. */
  SYNC: 0x8_0000,
  /** Exactly at the address, or EEXIST when something is there. */
  FIXED_NOREPLACE: linux.MAP_FIXED_NOREPLACE,
} as const;

/** Bits of mmap's flags from this one on are the binary logarithm of a huge page's size. */
export const MAP_HUGE_SHIFT = linux.MAP_HUGE_SHIFT;

/** Options of mremap. @enum */
export const MREMAP = {
  /** It may be moved. */
  MAYMOVE: linux.MREMAP_MAYMOVE,
  /** To the given address, in place of what is there; with MAYMOVE. */
  FIXED: linux.MREMAP_FIXED,
  /** The old range stays mapped, empty; with MAYMOVE. */
  DONTUNMAP: linux.MREMAP_DONTUNMAP,
} as const;

/** Advice for madvise: a number, not bits. @enum */
export const MADV = {
  /** No special treatment. */
  NORMAL: 0,
  /** Accesses will be in no order. */
  RANDOM: 1,
  /** Accesses will be in order. */
  SEQUENTIAL: 2,
  /** Pages will be needed soon. */
  WILLNEED: 3,
  /** Pages are dropped: anonymous memory reads as zero, a file's is read again. */
  DONTNEED: 4,
  /** Pages may be dropped when memory is short, unless written to before. */
  FREE: 8,
  /** Punches a hole into the shared memory or file. */
  REMOVE: 9,
  /** A child does not get the range. */
  DONTFORK: 10,
  /** Undoes DONTFORK. */
  DOFORK: 11,
  /** Pages with the same content may be merged (KSM). */
  MERGEABLE: 12,
  /** Undoes MERGEABLE. */
  UNMERGEABLE: 13,
  /** Transparent huge pages are welcome. */
  HUGEPAGE: 14,
  /** No transparent huge pages. */
  NOHUGEPAGE: 15,
  /** Not in core dumps. */
  DONTDUMP: 16,
  /** Undoes DONTDUMP. */
  DODUMP: 17,
  /** A child gets zeros. */
  WIPEONFORK: 18,
  /** Undoes WIPEONFORK. */
  KEEPONFORK: 19,
  /** Pages may be reclaimed early. */
  COLD: 20,
  /** Pages are reclaimed now. */
  PAGEOUT: 21,
  /** Makes pages resident, as by reading. */
  POPULATE_READ: 22,
  /** Makes pages resident, as by writing. */
  POPULATE_WRITE: 23,
  /** As DONTNEED, also of locked pages. */
  DONTNEED_LOCKED: 24,
  /** Collapses pages into a huge one now. */
  COLLAPSE: 25,
  /** Plays a memory error; privileged. */
  HWPOISON: 100,
  /** Moves pages off their frames; privileged. */
  SOFT_OFFLINE: 101,
  /** Makes pages guards: any access is a SIGSEGV (Linux 6.13). */
  GUARD_INSTALL: 102,
  /** Undoes GUARD_INSTALL. */
  GUARD_REMOVE: 103,
} as const;

/** Options of msync. @enum */
export const MS = {
  /** Does not wait. */
  ASYNC: linux.MS_ASYNC,
  /** Other mappings of the file see the new bytes; EBUSY for locked pages. */
  INVALIDATE: linux.MS_INVALIDATE,
  /** Waits until the bytes are in the file. */
  SYNC: linux.MS_SYNC,
} as const;

/** Options of mlockall. @enum */
export const MCL = {
  /** Everything that is mapped now. */
  CURRENT: linux.MCL_CURRENT,
  /** Everything that will be mapped. */
  FUTURE: linux.MCL_FUTURE,
  /** Pages are locked when they are touched, not at once. */
  ONFAULT: linux.MCL_ONFAULT,
} as const;

/** Options of mlock2. @enum */
export const MLOCK = {
  /** Pages are locked when they are touched, not at once. */
  ONFAULT: linux.MLOCK_ONFAULT,
} as const;

/**
 * How a file is opened (man 2 open), with the numbers of Linux on x86: a host that has other ones
 * is told its own. @enum
 */
export const O = {
  /** For reading. */
  RDONLY: linux.O_RDONLY,
  /** For writing. */
  WRONLY: linux.O_WRONLY,
  /** For both. */
  RDWR: linux.O_RDWR,
  /** The bits that say which of these it is. */
  ACCMODE: linux.O_ACCMODE,
  /** Makes the file if there is none. */
  CREAT: 0x40,
  /** With CREAT: fails when there is one (EEXIST). */
  EXCL: 0x80,
  /** A terminal does not become the controlling one. */
  NOCTTY: 0x100,
  /** Empties the file. */
  TRUNC: 0x200,
  /** Writes go to the end. */
  APPEND: linux.O_APPEND,
  /** Does not wait. */
  NONBLOCK: 0x800,
  /** Each write waits for the data to be stored. */
  DSYNC: 0x1000,
  /** Past the page cache. */
  DIRECT: 0x4000,
  /** Offsets of 64 bits. */
  LARGEFILE: 0x8000,
  /** Fails unless it is a directory. */
  DIRECTORY: 0x1_0000,
  /** Fails when the last part of the path is a symbolic link. */
  NOFOLLOW: 0x2_0000,
  /** Reading does not change the time of access. */
  NOATIME: 0x4_0000,
  /** Closed by exec. */
  CLOEXEC: 0x8_0000,
  /** Each write waits for data and metadata to be stored. */
  SYNC: 0x10_1000,
  /** A place in the file system only: nothing can be read. */
  PATH: linux.O_PATH,
  /** A file without a name. */
  TMPFILE: 0x41_0000,
} as const;

/** Policies of mbind with their flags (F), and what it does about pages in memory (MF). @enum */
export const MPOL = {
  /** No policy of its own. */
  DEFAULT: linux.MPOL_DEFAULT,
  /** From the node that is given, else from others. */
  PREFERRED: linux.MPOL_PREFERRED,
  /** From the given nodes only. */
  BIND: linux.MPOL_BIND,
  /** From the given nodes in turn. */
  INTERLEAVE: 3,
  /** From the node that the thread runs on. */
  LOCAL: linux.MPOL_LOCAL,
  /** From the given nodes, else from others. */
  PREFERRED_MANY: linux.MPOL_PREFERRED_MANY,
  /** From the given nodes in turn, by weight (Linux 6.9). */
  WEIGHTED_INTERLEAVE: linux.MPOL_WEIGHTED_INTERLEAVE,
  /** Nodes are meant as given, whatever the process may use. */
  F_STATIC_NODES: linux.MPOL_F_STATIC_NODES,
  /** Nodes are counted among those that the process may use. */
  F_RELATIVE_NODES: linux.MPOL_F_RELATIVE_NODES,
  /** With BIND: pages may be moved between the nodes. */
  F_NUMA_BALANCING: linux.MPOL_F_NUMA_BALANCING,
  /** Pages that are elsewhere are an error (EIO). */
  MF_STRICT: linux.MPOL_MF_STRICT,
  /** Pages that only this process uses are moved. */
  MF_MOVE: 2,
  /** All pages are moved; privileged (EPERM). */
  MF_MOVE_ALL: linux.MPOL_MF_MOVE_ALL,
} as const;

/** What prctl can do here: PR.SET_VMA, and its only attribute. @enum */
export const PR = {
  /** Sets an attribute of mappings. */
  SET_VMA: linux.PR_SET_VMA,
  /** The attribute: what anonymous memory is called in maps. */
  SET_VMA_ANON_NAME: linux.PR_SET_VMA_ANON_NAME,
} as const;

/**
 * Resources of getrlimit, setrlimit and prlimit. The model enforces DATA, STACK, MEMLOCK, AS,
 * NOFILE and FSIZE. @enum
 */
export const RLIMIT = {
  /** Time of the processor, seconds. */
  CPU: 0,
  /** Size of a file that is written, bytes. */
  FSIZE: linux.RLIMIT_FSIZE,
  /** Private writable memory, bytes. */
  DATA: linux.RLIMIT_DATA,
  /** The stack, bytes. */
  STACK: linux.RLIMIT_STACK,
  /** A core dump, bytes. */
  CORE: linux.RLIMIT_CORE,
  /** Resident memory, bytes; without effect. */
  RSS: 5,
  /** Processes of the user. */
  NPROC: linux.RLIMIT_NPROC,
  /** Descriptors: one more than the greatest. */
  NOFILE: linux.RLIMIT_NOFILE,
  /** Locked memory, bytes. */
  MEMLOCK: linux.RLIMIT_MEMLOCK,
  /** The address space, bytes. */
  AS: linux.RLIMIT_AS,
  /** Locks of files; without effect. */
  LOCKS: 10,
  /** Signals that wait. */
  SIGPENDING: linux.RLIMIT_SIGPENDING,
  /** POSIX message queues, bytes. */
  MSGQUEUE: linux.RLIMIT_MSGQUEUE,
  /** 20 less the lowest nice value. */
  NICE: linux.RLIMIT_NICE,
  /** The highest real-time priority. */
  RTPRIO: linux.RLIMIT_RTPRIO,
  /** Time of the processor without a system call, of real-time threads, µs. */
  RTTIME: 15,
} as const;

/**
 * Bits of a VMA's vm_flags (include/linux/mm.h). SEALED and DROPPABLE are bits 42 and 40 there,
 * beyond what 32-bit words hold. @enum
 */
export const VM = {
  /** Readable now. */
  READ: linux.VM_READ,
  /** Writable now. */
  WRITE: linux.VM_WRITE,
  /** Executable now. */
  EXEC: linux.VM_EXEC,
  /** Shared, and may be written. */
  SHARED: linux.VM_SHARED,
  /** mprotect may allow reading. */
  MAYREAD: linux.VM_MAYREAD,
  /** mprotect may allow writing. */
  MAYWRITE: linux.VM_MAYWRITE,
  /** mprotect may allow execution. */
  MAYEXEC: linux.VM_MAYEXEC,
  /** Mapped with MAP.SHARED. */
  MAYSHARE: linux.VM_MAYSHARE,
  /** Grows down. */
  GROWSDOWN: linux.VM_GROWSDOWN,
  /** Some page may be a guard. */
  MAYBE_GUARD: linux.VM_MAYBE_GUARD,
  /** Its pages are locked. */
  LOCKED: linux.VM_LOCKED,
  /** MADV.SEQUENTIAL. */
  SEQ_READ: linux.VM_SEQ_READ,
  /** MADV.RANDOM. */
  RAND_READ: linux.VM_RAND_READ,
  /** MADV.DONTFORK. */
  DONTCOPY: linux.VM_DONTCOPY,
  /** mremap may not make it longer. */
  DONTEXPAND: linux.VM_DONTEXPAND,
  /** Pages are locked when touched. */
  LOCKONFAULT: linux.VM_LOCKONFAULT,
  /** Counts as committed memory. */
  ACCOUNT: linux.VM_ACCOUNT,
  /** MAP.NORESERVE. */
  NORESERVE: linux.VM_NORESERVE,
  /** MADV.WIPEONFORK. */
  WIPEONFORK: linux.VM_WIPEONFORK,
  /** MADV.DONTDUMP. */
  DONTDUMP: linux.VM_DONTDUMP,
  /** mseal. */
  SEALED: linux.VM_SEALED,
  /** MAP.DROPPABLE. */
  DROPPABLE: linux.VM_DROPPABLE,
  /** MADV.HUGEPAGE. */
  HUGEPAGE: linux.VM_HUGEPAGE,
  /** MADV.NOHUGEPAGE. */
  NOHUGEPAGE: linux.VM_NOHUGEPAGE,
  /** MADV.MERGEABLE. */
  MERGEABLE: linux.VM_MERGEABLE,
} as const;
