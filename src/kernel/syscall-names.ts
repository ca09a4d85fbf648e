// The numbers of the system calls that the model's kernel has: i386's in ilp32, x86-64's in lp64.

import type { Abi } from "../layout/address.js";

/** Numbers by name, for both layouts. */
export const syscallNumbers = {
  ilp32: {
    brk: 45,
    setrlimit: 75,
    munmap: 91,
    mprotect: 125,
    msync: 144,
    mlock: 150,
    munlock: 151,
    mlockall: 152,
    munlockall: 153,
    mremap: 163,
    ugetrlimit: 191,
    mmap2: 192,
    mincore: 218,
    madvise: 219,
    prlimit64: 340,
    mlock2: 376,
  },
  lp64: {
    mmap: 9,
    mprotect: 10,
    munmap: 11,
    brk: 12,
    mremap: 25,
    msync: 26,
    mincore: 27,
    madvise: 28,
    getrlimit: 97,
    mlock: 149,
    munlock: 150,
    mlockall: 151,
    munlockall: 152,
    setrlimit: 160,
    prlimit64: 302,
    mlock2: 325,
  },
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

/** @returns a system call's name; undefined for a number that this kernel does not know */
export function syscallName(nr: number, abi: Abi): SyscallName | undefined {
  return namesByNumber[abi].get(nr);
}

/** @returns a system call's number; undefined when the layout has none of this name */
export function syscallNumber(name: string, abi: Abi): number | undefined {
  const numbers: Readonly<Record<string, number>> = syscallNumbers[abi];
  return Object.hasOwn(numbers, name) ? numbers[name] : undefined;
}

/** @returns the names of a layout's system calls, by number */
export function syscallNames(abi: Abi): SyscallName[] {
  return [...namesByNumber[abi]].sort(([a], [b]) => a - b).map(([, name]) => name);
}
