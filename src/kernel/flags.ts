// The bits that the memory system calls take, under Linux's names (bits/mman-linux.h; identical on i386 and x86-64), and how
// strace 6.1 spells them: known bits in a fixed order, joined by "|", the rest in hexadecimal.

/** Protection of pages: mmap, mprotect. */
export const PROT = {
  NONE: 0,
  READ: 1,
  WRITE: 2,
  EXEC: 4,
  SEM: 8,
  GROWSDOWN: 0x0100_0000,
  GROWSUP: 0x0200_0000,
} as const;

/** Kinds and options of a mapping: mmap. */
export const MAP = {
  SHARED: 0x01,
  PRIVATE: 0x02,
  SHARED_VALIDATE: 0x03,
  DROPPABLE: 0x08,
  TYPE: 0x0f,
  FIXED: 0x10,
  ANONYMOUS: 0x20,
  "32BIT": 0x40,
  GROWSDOWN: 0x0100,
  DENYWRITE: 0x0800,
  EXECUTABLE: 0x1000,
  LOCKED: 0x2000,
  NORESERVE: 0x4000,
  POPULATE: 0x8000,
  NONBLOCK: 0x1_0000,
  STACK: 0x2_0000,
  HUGETLB: 0x4_0000,
  SYNC: 0x8_0000,
  FIXED_NOREPLACE: 0x10_0000,
} as const;

/** Bits of mmap's flags from this one on are the binary logarithm of a huge page's size. */
export const MAP_HUGE_SHIFT = 26;

/** Options of mremap. */
export const MREMAP = { MAYMOVE: 1, FIXED: 2, DONTUNMAP: 4 } as const;

/** Advice for madvise: a number, not bits. */
export const MADV = {
  NORMAL: 0,
  RANDOM: 1,
  SEQUENTIAL: 2,
  WILLNEED: 3,
  DONTNEED: 4,
  FREE: 8,
  REMOVE: 9,
  DONTFORK: 10,
  DOFORK: 11,
  MERGEABLE: 12,
  UNMERGEABLE: 13,
  HUGEPAGE: 14,
  NOHUGEPAGE: 15,
  DONTDUMP: 16,
  DODUMP: 17,
  WIPEONFORK: 18,
  KEEPONFORK: 19,
  COLD: 20,
  PAGEOUT: 21,
  POPULATE_READ: 22,
  POPULATE_WRITE: 23,
  DONTNEED_LOCKED: 24,
  COLLAPSE: 25,
  HWPOISON: 100,
  SOFT_OFFLINE: 101,
  GUARD_INSTALL: 102,
  GUARD_REMOVE: 103,
} as const;

/** Options of msync. */
export const MS = { ASYNC: 1, INVALIDATE: 2, SYNC: 4 } as const;

/** Options of mlockall. */
export const MCL = { CURRENT: 1, FUTURE: 2, ONFAULT: 4 } as const;

/** Options of mlock2. */
export const MLOCK = { ONFAULT: 1 } as const;

/** How a file is opened (man 2 open), with the numbers of Linux on x86: a host that has other ones is told its own. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  ACCMODE: 3,
  CREAT: 0x40,
  EXCL: 0x80,
  NOCTTY: 0x100,
  TRUNC: 0x200,
  APPEND: 0x400,
  NONBLOCK: 0x800,
  DSYNC: 0x1000,
  DIRECT: 0x4000,
  LARGEFILE: 0x8000,
  DIRECTORY: 0x1_0000,
  NOFOLLOW: 0x2_0000,
  NOATIME: 0x4_0000,
  CLOEXEC: 0x8_0000,
  SYNC: 0x10_1000,
  PATH: 0x20_0000,
  TMPFILE: 0x41_0000,
} as const;

/** Policies of mbind with their flags (F), and what it does about pages in memory (MF). */
export const MPOL = {
  DEFAULT: 0,
  PREFERRED: 1,
  BIND: 2,
  INTERLEAVE: 3,
  LOCAL: 4,
  PREFERRED_MANY: 5,
  WEIGHTED_INTERLEAVE: 6,
  F_STATIC_NODES: 0x8000,
  F_RELATIVE_NODES: 0x4000,
  F_NUMA_BALANCING: 0x2000,
  MF_STRICT: 1,
  MF_MOVE: 2,
  MF_MOVE_ALL: 4,
} as const;

/** What prctl can do here: PR.SET_VMA, and its only attribute. */
export const PR = { SET_VMA: 0x5356_4d41, SET_VMA_ANON_NAME: 0 } as const;

/** Resources of getrlimit, setrlimit and prlimit. The model enforces DATA, STACK, MEMLOCK, AS, NOFILE and FSIZE. */
export const RLIMIT = {
  CPU: 0,
  FSIZE: 1,
  DATA: 2,
  STACK: 3,
  CORE: 4,
  RSS: 5,
  NPROC: 6,
  NOFILE: 7,
  MEMLOCK: 8,
  AS: 9,
  LOCKS: 10,
  SIGPENDING: 11,
  MSGQUEUE: 12,
  NICE: 13,
  RTPRIO: 14,
  RTTIME: 15,
} as const;

/** Bits of a VMA's vm_flags (include/linux/mm.h). SEALED and DROPPABLE are bits 42 and 40 there, beyond what 32-bit words hold. */
export const VM = {
  READ: 0x1,
  WRITE: 0x2,
  EXEC: 0x4,
  SHARED: 0x8,
  MAYREAD: 0x10,
  MAYWRITE: 0x20,
  MAYEXEC: 0x40,
  MAYSHARE: 0x80,
  GROWSDOWN: 0x100,
  MAYBE_GUARD: 0x800,
  LOCKED: 0x2000,
  SEQ_READ: 0x8000,
  RAND_READ: 0x1_0000,
  DONTCOPY: 0x2_0000,
  DONTEXPAND: 0x4_0000,
  LOCKONFAULT: 0x8_0000,
  ACCOUNT: 0x10_0000,
  NORESERVE: 0x20_0000,
  WIPEONFORK: 0x200_0000,
  DONTDUMP: 0x400_0000,
  SEALED: 0x800_0000,
  DROPPABLE: 0x1000_0000,
  HUGEPAGE: 0x2000_0000,
  NOHUGEPAGE: 0x4000_0000,
  MERGEABLE: 0x8000_0000,
} as const;

type Names = readonly (readonly [value: number, name: string])[];

const MMAP_TYPES: Names = [
  [0, "MAP_FILE"],
  [MAP.SHARED, "MAP_SHARED"],
  [MAP.PRIVATE, "MAP_PRIVATE"],
  [MAP.SHARED_VALIDATE, "MAP_SHARED_VALIDATE"],
];

// The order in which strace writes them, which is not that of the bits.
const MMAP_OPTIONS = named("MAP", MAP, [
  "FIXED",
  "ANONYMOUS",
  "32BIT",
  "NORESERVE",
  "POPULATE",
  "NONBLOCK",
  "GROWSDOWN",
  "DENYWRITE",
  "EXECUTABLE",
  "LOCKED",
  "STACK",
  "HUGETLB",
  "SYNC",
  "FIXED_NOREPLACE",
]);

const PROT_NAMES = named("PROT", PROT, ["READ", "WRITE", "EXEC", "SEM", "GROWSDOWN", "GROWSUP"]);
const MREMAP_NAMES = named("MREMAP", MREMAP, ["MAYMOVE", "FIXED", "DONTUNMAP"]);
const MSYNC_NAMES = named("MS", MS, ["SYNC", "ASYNC", "INVALIDATE"]);
const MLOCKALL_NAMES = named("MCL", MCL, ["CURRENT", "FUTURE", "ONFAULT"]);
const MLOCK2_NAMES = named("MLOCK", MLOCK, ["ONFAULT"]);
// strace 6.1 does not know the advice that came after it.
const ADVICE_NAMES = named("MADV", MADV, Object.keys(MADV) as (keyof typeof MADV)[]).filter(
  ([advice]) => advice < MADV.GUARD_INSTALL,
);
const POLICIES = ["DEFAULT", "PREFERRED", "BIND", "INTERLEAVE", "LOCAL", "PREFERRED_MANY"] as const;
const POLICY_NAMES = named("MPOL", MPOL, POLICIES);
const POLICY_FLAGS = ["F_STATIC_NODES", "F_RELATIVE_NODES", "F_NUMA_BALANCING"] as const;
const POLICY_FLAG_NAMES = named("MPOL", MPOL, POLICY_FLAGS);
const BIND_NAMES = named("MPOL", MPOL, ["MF_STRICT", "MF_MOVE", "MF_MOVE_ALL"]);
const VMA_ATTRIBUTES: Names = [[PR.SET_VMA_ANON_NAME, "PR_SET_VMA_ANON_NAME"]];
const PRCTL_NAMES: Names = [[PR.SET_VMA, "PR_SET_VMA"]];
const RESOURCE_NAMES = named("RLIMIT", RLIMIT, Object.keys(RLIMIT) as (keyof typeof RLIMIT)[]);

function named<T extends Readonly<Record<string, number>>>(
  prefix: string,
  values: T,
  order: readonly (keyof T & string)[],
): Names {
  return order.map((name) => [values[name] as number, `${prefix}_${name}`]);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The bits of `value` that `names` knows, and what is left. */
function known(value: number, names: Names): { parts: string[]; rest: number } {
  const parts: string[] = [];
  let rest = value >>> 0;
  for (const [bit, name] of names) {
    if ((rest & bit) >>> 0 !== bit) continue;
    parts.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  return { parts, rest };
}

/** Bits as strace writes them; `zero` is what no bit at all is called. Names are of the lowest 32 bits only. */
function bits(value: number | bigint, names: Names, zero: string, unknown: string): string {
  if (BigInt(value) === 0n) return zero;
  const { parts, rest: low } = known(Number(BigInt.asUintN(32, BigInt(value))), names);
  const high = typeof value === "bigint" ? (value >> 32n) << 32n : 0n;
  const rest = `0x${(high | BigInt(low)).toString(16)}`;
  if (parts.length === 0) return `${rest} /* ${unknown} */`;
  return [...parts, ...(rest === "0x0" ? [] : [rest])].join("|");
}

/** A number that stands for one thing, as strace writes it. */
function choice(value: number, names: Names, unknown: string): string {
  const found = names.find(([number]) => number === value);
  return found === undefined ? `${hex(value >>> 0)} /* ${unknown} */` : found[1];
}

/** `PROT_READ|PROT_WRITE`: of 32 bits, or, as a bigint, of as many as there are. */
export function protText(prot: number | bigint): string {
  return bits(prot, PROT_NAMES, "PROT_NONE", "PROT_???");
}

/** `MAP_PRIVATE|MAP_ANONYMOUS`: the type first, then options, then the size of huge pages. */
export function mapFlagsText(flags: number): string {
  const type = choice(flags & MAP.TYPE, MMAP_TYPES, "MAP_???");
  const huge = flags >>> MAP_HUGE_SHIFT;
  const { parts, rest } = known(flags & ((1 << MAP_HUGE_SHIFT) - 1) & ~MAP.TYPE, MMAP_OPTIONS);
  const words = [type, ...parts];
  if (rest !== 0) words.push(hex(rest));
  if (huge !== 0) words.push(`${huge}<<MAP_HUGE_SHIFT`);
  return words.join("|");
}

/** `MREMAP_MAYMOVE|MREMAP_FIXED`. */
export function mremapFlagsText(flags: number): string {
  return bits(flags, MREMAP_NAMES, "0", "MREMAP_???");
}

/** `MADV_DONTNEED`. */
export function adviceText(advice: number): string {
  return choice(advice, ADVICE_NAMES, "MADV_???");
}

/** `MS_SYNC|MS_INVALIDATE`. */
export function msyncFlagsText(flags: number): string {
  return bits(flags, MSYNC_NAMES, "0", "MS_???");
}

/** `MCL_CURRENT|MCL_FUTURE`. */
export function mlockallFlagsText(flags: number): string {
  return bits(flags, MLOCKALL_NAMES, "0", "MCL_???");
}

/** `MLOCK_ONFAULT`. */
export function mlock2FlagsText(flags: number): string {
  return bits(flags, MLOCK2_NAMES, "0", "MLOCK_???");
}

/** `RLIMIT_DATA`. */
export function resourceText(resource: number): string {
  return choice(resource, RESOURCE_NAMES, "RLIMIT_???");
}

/** `MPOL_BIND|MPOL_F_STATIC_NODES`: mbind's mode. */
export function policyText(mode: number): string {
  const { parts, rest } = known(mode, POLICY_FLAG_NAMES);
  if (parts.length === 0) return choice(rest, POLICY_NAMES, "MPOL_???");
  const policy = POLICY_NAMES.find(([value]) => value === rest)?.[1];
  return policy === undefined ? [...parts, hex(rest)].join("|") : [policy, ...parts].join("|");
}

/** `MPOL_MF_STRICT|MPOL_MF_MOVE`. */
export function bindFlagsText(flags: number): string {
  return bits(flags, BIND_NAMES, "0", "MPOL_???");
}

/** `PR_SET_VMA`. strace knows many more, which this kernel does not have. */
export function prctlText(which: number): string {
  return choice(which, PRCTL_NAMES, "PR_???");
}

/** `PR_SET_VMA_ANON_NAME`. */
export function vmaAttributeText(attribute: number): string {
  return choice(attribute, VMA_ATTRIBUTES, "PR_SET_VMA_???");
}
