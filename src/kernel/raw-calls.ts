// What all the named system calls stand on: the bare call, and what its failure does. A call with
// numbers makes no objects in ilp32.

import { checkInteger, show } from "../base/checks.js";
import type { Process } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import { SystemCallError } from "./errno.js";
import { syscallNumber, type SyscallName } from "./syscall-names.js";
import { MAX_ERRNO } from "../layout/generated.js";

/** A number of bytes or an address: unsigned; a negative one wraps round as in C. */
export type Size = number | bigint;

/** What a failure does. */
export type ErrorStyle = "errno" | "throw";

/** What C's functions return on failure; MAP_FAILED is the same number. */
export const FAILED = -1;

/** The bare system calls of one process, and what the failure of one does. */
export class RawCalls {
  /** The process that makes them. */
  readonly process: Process<Abi, "full">;
  readonly #style: ErrorStyle;

  constructor(process: Process<Abi, "full">, style: ErrorStyle) {
    this.process = process;
    this.#style = style;
  }

  /** The error number of the last failed call, as C's errno: successful calls leave it alone. */
  get errno(): number {
    return this.process.errno;
  }

  /** The raw system call: an unsigned result, or -errno. */
  raw(
    name: SyscallName,
    a1: Size = 0,
    a2: Size = 0,
    a3: Size = 0,
    a4: Size = 0,
    a5: Size = 0,
    a6: Size = 0,
  ): number {
    const { process } = this;
    return rawSyscall(process, syscallNumber(name, process.abi) ?? -1, a1, a2, a3, a4, a5, a6);
  }

  /** As libc wraps it: a failure is one of the style's. */
  done(
    name: SyscallName,
    a1: Size = 0,
    a2: Size = 0,
    a3: Size = 0,
    a4: Size = 0,
    a5: Size = 0,
    a6: Size = 0,
  ): number {
    const result = this.raw(name, a1, a2, a3, a4, a5, a6);
    return result < 0 ? this.fail(name, -result) : result;
  }

  /** What a function of libc returned, which has set errno when that is -1. */
  libc(name: string, result: number | bigint): number {
    const bits = this.process.abi === "ilp32" ? 32 : 64;
    if (BigInt.asIntN(bits, BigInt(result)) === -1n) return this.fail(name, this.errno);
    return Number(BigInt.asUintN(bits, BigInt(result)));
  }

  /** What a failed call gives. */
  fail(name: string, errno: number): number {
    if (this.#style === "throw") throw new SystemCallError(name, errno);
    const { process } = this;
    process.view().setInt32(process.fromWord(process.raw.__errno_location()), errno, true);
    return FAILED;
  }
}

/**
 * A bare system call, as the machine instruction.
 * @param nr its number; -ENOSYS for one that this kernel does not have
 * @param a1 the first argument; a negative one wraps round to the layout's word
 * @returns an unsigned result, or -errno
 * @throws TypeError for what is no whole number
 */
export function rawSyscall(
  process: Process<Abi, "full">,
  nr: number,
  a1: Size = 0,
  a2: Size = 0,
  a3: Size = 0,
  a4: Size = 0,
  a5: Size = 0,
  a6: Size = 0,
): number {
  const { abi, raw } = process;
  checkInteger("system call: its number", nr, { min: -(2 ** 31), max: 2 ** 31 - 1 });
  const result: number | bigint = raw.syscall(
    nr,
    toWord(abi, a1),
    toWord(abi, a2),
    toWord(abi, a3),
    toWord(abi, a4),
    toWord(abi, a5),
    toWord(abi, a6),
  );
  if (typeof result === "number") return result < 0 && result >= -MAX_ERRNO ? result : result >>> 0;
  const signed = BigInt.asIntN(64, result);
  return Number(signed < 0n && signed >= -BigInt(MAX_ERRNO) ? signed : BigInt.asUintN(64, result));
}

/**
 * What the raw exports take: numbers in ilp32, BigInts in lp64.
 * @throws TypeError for what is no whole number: WebAssembly would take it for 0
 */
export function toWord(abi: Abi, value: Size): never {
  if (!Number.isInteger(value) && typeof value !== "bigint")
    throw new TypeError(`a system call takes whole numbers, got ${show(value)}`);
  return (abi === "lp64" ? BigInt.asUintN(64, BigInt(value)) : narrow(value)) as never;
}

function narrow(value: Size): number {
  return typeof value === "bigint" || Math.abs(value) > 2 ** 31
    ? Number(BigInt.asUintN(32, BigInt(value)))
    : value;
}
