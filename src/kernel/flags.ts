// The bits that the memory system calls take, under Linux's names (bits/mman-linux.h; identical on
// i386 and x86-64).

/** Protection of pages: mmap, mprotect. @enum */
export const PROT = {
  /** No access at all. */
  NONE: 0,
  /** Pages may be read. */
  READ: 1,
  /** Pages may be written. */
  WRITE: 2,
  /** Pages may be executed. */
  EXEC: 4,
  /** Pages may be used for atomic operations; without effect on x86. */
  SEM: 8,
  /** mprotect: from the start of the mapping, which must grow down. */
  GROWSDOWN: 0x0100_0000,
  /** mprotect: up to the end of the mapping, which must grow up; there are none on x86. */
  GROWSUP: 0x0200_0000,
} as const;

/** Kinds and options of a mapping: mmap. @enum */
export const MAP = {
  /** What is written is seen by all who map the same, and goes to the file. */
  SHARED: 0x01,
  /** What is written is this mapping's alone: copy on write. */
  PRIVATE: 0x02,
  /** As SHARED, and unknown options are refused (EOPNOTSUPP). */
  SHARED_VALIDATE: 0x03,
  /** Anonymous memory that the kernel may drop when memory is short (Linux 6.11). */
  DROPPABLE: 0x08,
  /** The bits that say which of these four it is. */
  TYPE: 0x0f,
  /** Exactly at the address, in place of whatever is there. */
  FIXED: 0x10,
  /** Memory of no file; it reads as zero. */
  ANONYMOUS: 0x20,
  /** In the lowest 2 GiB; x86-64 only. */
  "32BIT": 0x40,
  /** For stacks: the mapping grows down when the page below is touched. */
  GROWSDOWN: 0x0100,
  /** Ignored. */
  DENYWRITE: 0x0800,
  /** Ignored. */
  EXECUTABLE: 0x1000,
  /** Locks the pages, as mlock does. */
  LOCKED: 0x2000,
  /** Does not count as committed memory. */
  NORESERVE: 0x4000,
  /** Makes all pages resident at once. */
  POPULATE: 0x8000,
  /** With POPULATE: does nothing more. */
  NONBLOCK: 0x1_0000,
  /** Ignored: says that it is a stack. */
  STACK: 0x2_0000,
  /** Of explicit huge pages. */
  HUGETLB: 0x4_0000,
  /** With SHARED_VALIDATE: for files in persistent memory. */
  SYNC: 0x8_0000,
  /** Exactly at the address, or EEXIST when something is there. */
  FIXED_NOREPLACE: 0x10_0000,
} as const;

/** Bits of mmap's flags from this one on are the binary logarithm of a huge page's size. */
export const MAP_HUGE_SHIFT = 26;

/** Options of mremap. @enum */
export const MREMAP = {
  /** It may be moved. */
  MAYMOVE: 1,
  /** To the given address, in place of what is there; with MAYMOVE. */
  FIXED: 2,
  /** The old range stays mapped, empty; with MAYMOVE. */
  DONTUNMAP: 4,
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
  ASYNC: 1,
  /** Other mappings of the file see the new bytes; EBUSY for locked pages. */
  INVALIDATE: 2,
  /** Waits until the bytes are in the file. */
  SYNC: 4,
} as const;

/** Options of mlockall. @enum */
export const MCL = {
  /** Everything that is mapped now. */
  CURRENT: 1,
  /** Everything that will be mapped. */
  FUTURE: 2,
  /** Pages are locked when they are touched, not at once. */
  ONFAULT: 4,
} as const;

/** Options of mlock2. @enum */
export const MLOCK = {
  /** Pages are locked when they are touched, not at once. */
  ONFAULT: 1,
} as const;

/**
 * How a file is opened (man 2 open), with the numbers of Linux on x86: a host that has other ones
 * is told its own. @enum
 */
export const O = {
  /** For reading. */
  RDONLY: 0,
  /** For writing. */
  WRONLY: 1,
  /** For both. */
  RDWR: 2,
  /** The bits that say which of these it is. */
  ACCMODE: 3,
  /** Makes the file if there is none. */
  CREAT: 0x40,
  /** With CREAT: fails when there is one (EEXIST). */
  EXCL: 0x80,
  /** A terminal does not become the controlling one. */
  NOCTTY: 0x100,
  /** Empties the file. */
  TRUNC: 0x200,
  /** Writes go to the end. */
  APPEND: 0x400,
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
  PATH: 0x20_0000,
  /** A file without a name. */
  TMPFILE: 0x41_0000,
} as const;

/** Policies of mbind with their flags (F), and what it does about pages in memory (MF). @enum */
export const MPOL = {
  /** No policy of its own. */
  DEFAULT: 0,
  /** From the node that is given, else from others. */
  PREFERRED: 1,
  /** From the given nodes only. */
  BIND: 2,
  /** From the given nodes in turn. */
  INTERLEAVE: 3,
  /** From the node that the thread runs on. */
  LOCAL: 4,
  /** From the given nodes, else from others. */
  PREFERRED_MANY: 5,
  /** From the given nodes in turn, by weight (Linux 6.9). */
  WEIGHTED_INTERLEAVE: 6,
  /** Nodes are meant as given, whatever the process may use. */
  F_STATIC_NODES: 0x8000,
  /** Nodes are counted among those that the process may use. */
  F_RELATIVE_NODES: 0x4000,
  /** With BIND: pages may be moved between the nodes. */
  F_NUMA_BALANCING: 0x2000,
  /** Pages that are elsewhere are an error (EIO). */
  MF_STRICT: 1,
  /** Pages that only this process uses are moved. */
  MF_MOVE: 2,
  /** All pages are moved; privileged (EPERM). */
  MF_MOVE_ALL: 4,
} as const;

/** What prctl can do here: PR.SET_VMA, and its only attribute. @enum */
export const PR = {
  /** Sets an attribute of mappings. */
  SET_VMA: 0x5356_4d41,
  /** The attribute: what anonymous memory is called in maps. */
  SET_VMA_ANON_NAME: 0,
} as const;

/**
 * Resources of getrlimit, setrlimit and prlimit. The model enforces DATA, STACK, MEMLOCK, AS,
 * NOFILE and FSIZE. @enum
 */
export const RLIMIT = {
  /** Time of the processor, seconds. */
  CPU: 0,
  /** Size of a file that is written, bytes. */
  FSIZE: 1,
  /** Private writable memory, bytes. */
  DATA: 2,
  /** The stack, bytes. */
  STACK: 3,
  /** A core dump, bytes. */
  CORE: 4,
  /** Resident memory, bytes; without effect. */
  RSS: 5,
  /** Processes of the user. */
  NPROC: 6,
  /** Descriptors: one more than the greatest. */
  NOFILE: 7,
  /** Locked memory, bytes. */
  MEMLOCK: 8,
  /** The address space, bytes. */
  AS: 9,
  /** Locks of files; without effect. */
  LOCKS: 10,
  /** Signals that wait. */
  SIGPENDING: 11,
  /** POSIX message queues, bytes. */
  MSGQUEUE: 12,
  /** 20 less the lowest nice value. */
  NICE: 13,
  /** The highest real-time priority. */
  RTPRIO: 14,
  /** Time of the processor without a system call, of real-time threads, µs. */
  RTTIME: 15,
} as const;

/**
 * Bits of a VMA's vm_flags (include/linux/mm.h). SEALED and DROPPABLE are bits 42 and 40 there,
 * beyond what 32-bit words hold. @enum
 */
export const VM = {
  /** Readable now. */
  READ: 0x1,
  /** Writable now. */
  WRITE: 0x2,
  /** Executable now. */
  EXEC: 0x4,
  /** Shared, and may be written. */
  SHARED: 0x8,
  /** mprotect may allow reading. */
  MAYREAD: 0x10,
  /** mprotect may allow writing. */
  MAYWRITE: 0x20,
  /** mprotect may allow execution. */
  MAYEXEC: 0x40,
  /** Mapped with MAP.SHARED. */
  MAYSHARE: 0x80,
  /** Grows down. */
  GROWSDOWN: 0x100,
  /** Some page may be a guard. */
  MAYBE_GUARD: 0x800,
  /** Its pages are locked. */
  LOCKED: 0x2000,
  /** MADV.SEQUENTIAL. */
  SEQ_READ: 0x8000,
  /** MADV.RANDOM. */
  RAND_READ: 0x1_0000,
  /** MADV.DONTFORK. */
  DONTCOPY: 0x2_0000,
  /** mremap may not make it longer. */
  DONTEXPAND: 0x4_0000,
  /** Pages are locked when touched. */
  LOCKONFAULT: 0x8_0000,
  /** Counts as committed memory. */
  ACCOUNT: 0x10_0000,
  /** MAP.NORESERVE. */
  NORESERVE: 0x20_0000,
  /** MADV.WIPEONFORK. */
  WIPEONFORK: 0x200_0000,
  /** MADV.DONTDUMP. */
  DONTDUMP: 0x400_0000,
  /** mseal. */
  SEALED: 0x800_0000,
  /** MAP.DROPPABLE. */
  DROPPABLE: 0x1000_0000,
  /** MADV.HUGEPAGE. */
  HUGEPAGE: 0x2000_0000,
  /** MADV.NOHUGEPAGE. */
  NOHUGEPAGE: 0x4000_0000,
  /** MADV.MERGEABLE. */
  MERGEABLE: 0x8000_0000,
} as const;
