// The numbers of the system calls that the model's kernel has: i386's in ilp32, x86-64's in lp64.

import type { Abi } from "../layout/address.js";
import { SyscallI386, SyscallX86_64 } from "../layout/generated.js";

/** The names that the layouts' enums have, in small letters, as everybody else writes them. */
type NamesOf<E> = Lowercase<keyof E & string>;

function lowercase<E extends Readonly<Record<string, number>>>(numbers: E) {
  const entries = Object.entries(numbers).map(([name, nr]) => [name.toLowerCase(), nr]);
  return Object.fromEntries(entries) as Readonly<Record<NamesOf<E>, number>>;
}

/** Numbers by name, for both layouts. */
export const syscallNumbers = {
  /** i386's. */
  ilp32: lowercase(SyscallI386),
  /** x86-64's. */
  lp64: lowercase(SyscallX86_64),
} as const;

/** The name of a system call in either layout. */
export type SyscallName =
  keyof (typeof syscallNumbers)["ilp32"] | keyof (typeof syscallNumbers)["lp64"];

const namesByNumber: Readonly<Record<Abi, ReadonlyMap<number, SyscallName>>> = {
  ilp32: byNumber(syscallNumbers.ilp32),
  lp64: byNumber(syscallNumbers.lp64),
};

function byNumber(
  numbers: Readonly<Partial<Record<SyscallName, number>>>,
): Map<number, SyscallName> {
  return new Map(Object.entries(numbers).map(([name, nr]) => [nr, name as SyscallName]));
}

/**
 * The name of a system call.
 * @param nr its number in the layout
 * @param abi the layout: i386's numbers or x86-64's
 * @returns such as "mmap2"; undefined for a number that this kernel does not know
 */
export function syscallName(nr: number, abi: Abi): SyscallName | undefined {
  return namesByNumber[abi].get(nr);
}

/** System calls that came after strace 6.1. */
const TOO_NEW_FOR_STRACE: ReadonlySet<string> = new Set<SyscallName>(["mseal"]);

/** @returns what strace 6.1 calls a system call; undefined where it has no name for it */
export function straceName(nr: number, abi: Abi): SyscallName | undefined {
  const name = syscallName(nr, abi);
  return name === undefined || TOO_NEW_FOR_STRACE.has(name) ? undefined : name;
}

/** @returns the names that strace 6.1 has for a layout's system calls, by number */
export function straceNames(abi: Abi): SyscallName[] {
  return syscallNames(abi).filter((name) => !TOO_NEW_FOR_STRACE.has(name));
}

/**
 * The number of a system call.
 * @param name such as "mmap2"
 * @param abi the layout: i386's numbers or x86-64's
 * @returns undefined when the layout has none of this name
 */
export function syscallNumber(name: string, abi: Abi): number | undefined {
  const numbers: Readonly<Record<string, number>> = syscallNumbers[abi];
  return Object.hasOwn(numbers, name) ? numbers[name] : undefined;
}

/**
 * The names of the system calls that this kernel has.
 * @param abi the layout: i386's numbers or x86-64's
 * @returns by number
 */
export function syscallNames(abi: Abi): SyscallName[] {
  return [...namesByNumber[abi]].sort(([a], [b]) => a - b).map(([, name]) => name);
}
