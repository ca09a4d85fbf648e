// Logs of the calls that an allocator makes, in a form that does not depend on where the kernel put
// things: breaks as offsets from the first one, mappings as their number and an offset (`m3+1000`).
// A mapping keeps its number when mremap moves it.

import { SyscallI386 } from "../../../src/layout/generated.js";
import type { TracedCall } from "./machine.js";

interface Mapping {
  number: number;
  start: number;
  length: number;
}

const pageUp = (bytes: number): number => Math.ceil(bytes / 4096) * 4096;
const hex = (value: number): string => value.toString(16);

/** Writes the log of one process. Lengths are decimal, the rest hexadecimal. */
class Log {
  readonly lines: string[] = [];
  readonly #startBrk: number;
  #mappings: Mapping[] = [];
  #count = 0;

  constructor(startBrk: number) {
    this.#startBrk = startBrk;
  }

  brk(address: number, result: number): void {
    const asked = address === 0 ? "NULL" : hex(address - this.#startBrk);
    this.lines.push(`brk ${asked} = ${hex(result - this.#startBrk)}`);
  }

  mmap(args: readonly number[], result: number | string): void {
    const [address = 0, length = 0, prot = 0, flags = 0, fd = 0, offset = 0] = args;
    const call = `mmap2 ${address === 0 ? "NULL" : this.#place(address)} ${length} ${hex(prot)} ${hex(flags)} ${fd | 0} ${hex(offset)}`;
    if (typeof result === "number") {
      this.#mappings.push({ number: ++this.#count, start: result, length: pageUp(length) });
    }
    this.#result(call, result);
  }

  munmap(address: number, length: number, result: number | string): void {
    this.lines.push(`munmap ${this.#place(address)} ${length} = ${result}`);
    const end = address + pageUp(length);
    this.#mappings = this.#mappings.flatMap((mapping) => {
      const { number, start } = mapping;
      const last = start + mapping.length;
      if (last <= address || start >= end) return [mapping];
      const before = { number, start, length: address - start };
      const after = { number, start: end, length: last - end };
      return [before, after].filter((part) => part.length > 0);
    });
  }

  mremap(args: readonly number[], result: number | string): void {
    const [address = 0, oldLength = 0, newLength = 0, flags = 0] = args;
    const call = `mremap ${this.#place(address)} ${oldLength} ${newLength} ${hex(flags)}`;
    const mapping = this.#holding(address);
    if (typeof result === "number" && mapping !== undefined) {
      mapping.start = result;
      mapping.length = pageUp(newLength);
    }
    this.#result(call, result);
  }

  #result(call: string, result: number | string): void {
    this.lines.push(`${call} = ${typeof result === "number" ? this.#place(result) : result}`);
  }

  #holding(address: number): Mapping | undefined {
    return this.#mappings.find(({ start, length }) => address >= start && address < start + length);
  }

  #place(address: number): string {
    const mapping = this.#holding(address);
    if (mapping === undefined) throw new Error(`0x${hex(address)} is in no mapping`);
    return `m${mapping.number}+${hex(address - mapping.start)}`;
  }
}

const SYMBOLS: Readonly<Record<string, number>> = {
  NULL: 0,
  PROT_NONE: 0,
  PROT_READ: 1,
  PROT_WRITE: 2,
  PROT_EXEC: 4,
  MAP_PRIVATE: 2,
  MAP_ANONYMOUS: 0x20,
  MAP_NORESERVE: 0x4000,
  MREMAP_MAYMOVE: 1,
};

/** The number that strace's word stands for: symbols joined by `|`, or a number. */
function numberOf(word: string): number {
  return word.split("|").reduce((sum, part) => {
    const value = SYMBOLS[part] ?? Number(part);
    if (Number.isNaN(value)) throw new Error(`unknown word of strace's: ${part}`);
    return sum | value;
  }, 0);
}

/** Numbers of strace's that may exceed 31 bits. */
const unsigned = (word: string): number => numberOf(word) >>> 0;

/** A result as strace writes it: a number, or the error's name. */
function resultOf(text: string): number | string {
  return text.startsWith("-1 ") ? `-${text.split(" ")[1]}` : unsigned(text);
}

/**
 * The log of what strace saw of native/replay.c (tests/oracle). What comes before the first
 * operation is dropped: the last of it moves the break to a multiple of 16 MiB.
 * @param text strace's output with `-e trace=brk,mmap2,munmap,mremap`
 */
export function logOfStrace(text: string): string[] {
  let log: Log | undefined;
  for (const line of text.split("\n")) {
    const match = /^(\w+)\((.*)\) += (.*)$/.exec(line);
    if (match === null) continue;
    const [, name = "", list = "", answer = ""] = match;
    if (log === undefined) {
      const start = name === "brk" ? unsigned(list) : 0;
      if (start !== 0 && start % 2 ** 24 === 0) log = new Log(start);
      continue;
    }
    const args = list.split(", ").map(unsigned);
    const result = resultOf(answer);
    const [first = 0, second = 0] = args;
    if (name === "brk") log.brk(first, Number(result));
    else if (name === "mmap2") log.mmap(args, result);
    else if (name === "munmap") log.munmap(first, second, result);
    else if (name === "mremap") log.mremap(args, result);
  }
  if (log === undefined) throw new Error("strace saw no break at a multiple of 16 MiB");
  return log.lines;
}

/** The same of what the trace point reported. @param startBrk where the heap began */
export function logOfTrace(calls: readonly TracedCall[], startBrk: number): string[] {
  const log = new Log(startBrk);
  for (const { number, args, result } of calls) {
    const [first = 0, second = 0] = args;
    const outcome = result > 0xfffff000 ? `-errno ${2 ** 32 - result}` : result;
    if (number === SyscallI386.BRK) log.brk(first, result);
    else if (number === SyscallI386.MMAP2) log.mmap(args, outcome);
    else if (number === SyscallI386.MUNMAP) log.munmap(first, second, outcome);
    else if (number === SyscallI386.MREMAP) log.mremap(args, outcome);
    else throw new Error(`malloc made system call ${number}`);
  }
  return log.lines;
}
