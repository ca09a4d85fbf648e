// How strace 6.1 spells the bits that the memory system calls take (flags.ts): known bits in a
// fixed order, joined by "|", the rest in hexadecimal.

import {
  MADV,
  MAP,
  MAP_HUGE_SHIFT,
  MCL,
  MLOCK,
  MPOL,
  MREMAP,
  MS,
  PR,
  PROT,
  RLIMIT,
} from "../flags.js";

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

/**
 * Bits as strace writes them; `zero` is what no bit at all is called. Names are of the lowest 32
 * bits only.
 */
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
