// A process of the full build as the kernel tests drive it: raw system calls by name, touches, and
// what the kernel's structs say. Numbers are plain; a failed call gives -errno, an address is never
// negative.

import { Errno } from "../../../src/kernel/errno.js";
import type { Abi } from "../../../src/layout/address.js";
import { layouts, SyscallI386, SyscallX86_64 } from "../../../src/layout/generated.js";
import { startProcessSync } from "../../../src/process/process.js";
import type { Process, ProcessOptions } from "../../../src/process/process.js";
import { Place } from "../../support/place.js";

/** Bytes of a page. */
export const PAGE = 4096;

/** Linux error numbers. */
export const ERRNO = Errno;

/** The calls that the tests make, with the numbers of both layouts. */
const NUMBERS = {
  ilp32: { ...SyscallI386, MMAP: SyscallI386.MMAP2, GETRLIMIT: SyscallI386.UGETRLIMIT },
  lp64: SyscallX86_64,
} as const;

/** Name of a system call that both layouts have; `mmap` is mmap2 on i386. */
export type CallName = Lowercase<keyof typeof SyscallX86_64>;

/** One region. Addresses are bytes; `pgoff` is pages. */
export interface Region {
  start: number;
  end: number;
  flags: number;
  pgoff: number;
  file: number;
  anon: number;
}

/** A system call as the trace point reports it; words are unsigned. */
export interface TracedCall {
  number: number;
  args: number[];
  result: number;
}

type StructName = "MmStruct" | "Vma" | "OpenFile" | "Inode";
type Field<S extends StructName> = keyof (typeof layouts)["ilp32"][S]["fields"] & string;

/** A number as JavaScript's modulo 2^64. */
const wrap = (value: number | bigint): bigint => BigInt.asUintN(64, BigInt(value));

/** How to start one, beyond what a process can be asked to be. */
export interface MachineOptions extends Omit<ProcessOptions<Abi, "full">, "build"> {
  abi: Abi;
}

const place = new Place();

/** A machine in the place of the one before it, which must not be used any more. */
export function nextMachine(options: MachineOptions): Machine {
  return place.taken(new Machine({ ...options, memory: place.freed() }));
}

/** A running process. */
export class Machine {
  readonly process: Process<Abi, "full">;
  readonly abi: Abi;
  /** What the trace point has reported since tracing was turned on. */
  readonly traced: TracedCall[] = [];

  constructor(options: MachineOptions) {
    this.abi = options.abi;
    const trace = (number: number, ...words: (number | bigint)[]): void => {
      const values = words.map((word) => this.unsigned(word));
      this.traced.push({ number, args: values.slice(0, 6), result: values[6] ?? 0 });
    };
    this.process = startProcessSync({ ...options, build: "full", trace });
  }

  /** Gives its place in the memory up. */
  dispose(): void {
    this.process.dispose();
  }

  /**
   * A size_t as it comes from WebAssembly, unsigned; in lp64 only -errno and addresses matter, and
   * both are exact.
   */
  unsigned(word: number | bigint): number {
    return typeof word === "bigint" ? Number(BigInt.asUintN(64, word)) : word >>> 0;
  }

  /** A number, taken modulo the word size, as WebAssembly wants it. */
  word(value: number | bigint): number | bigint {
    return this.abi === "lp64" ? wrap(value) : Number(BigInt.asIntN(32, BigInt(value)));
  }

  /** One system call by its number. @returns the raw result: an unsigned number, or -errno */
  syscall(number: number, ...args: (number | bigint)[]): number {
    return this.#make([number, ...[0, 1, 2, 3, 4, 5].map((i) => this.word(args[i] ?? 0))]);
  }

  /** One system call by name. mmap's offset is in bytes in both layouts. */
  call(name: CallName, ...args: (number | bigint)[]): number {
    return this.#make(this.rawArguments(name, ...args));
  }

  /** What `process.raw.syscall` takes for a call: its number and six words. */
  rawArguments(name: CallName, ...args: (number | bigint)[]): (number | bigint)[] {
    const numbers: Readonly<Record<string, number>> = NUMBERS[this.abi];
    const words = [0, 1, 2, 3, 4, 5].map((i) => args[i] ?? 0);
    if (name === "mmap" && this.abi === "ilp32") words[5] = wrap(words[5] ?? 0) >> 12n;
    const number = numbers[name.toUpperCase()];
    if (number === undefined) throw new Error(`${this.abi} has no ${name}`);
    return [number, ...words.map((word) => this.word(word))];
  }

  #make(call: readonly (number | bigint)[]): number {
    const raw = this.process.raw as unknown as {
      syscall(...call: readonly (number | bigint)[]): number | bigint;
    };
    const result = raw.syscall(...call);
    const signed = typeof result === "bigint" ? Number(BigInt.asIntN(64, result)) : result | 0;
    return signed < 0 && signed > -4096 ? signed : this.unsigned(result);
  }

  /** Turns the trace point on or off. */
  trace(on: boolean): void {
    this.process.raw.trace_syscalls(on ? 1 : 0);
  }

  /** Sets one of `KernelOption`. */
  option(id: number, value: number | bigint): void {
    const set = this.process.raw.set_kernel_option as (id: number, value: unknown) => number;
    const error = set(id, this.word(value));
    if (error !== 0) throw new Error(`kernel option ${id} refused ${value}: ${error}`);
  }

  /** Models an access: 0, or the signal (11 SIGSEGV, 7 SIGBUS). */
  touch(address: number, length: number, isWrite: boolean): number {
    return this.process.raw.touch(address | 0, length, isWrite ? 1 : 0);
  }

  /** Models the fetching of an instruction, as `touch`. */
  fetch(address: number, length: number): number {
    return this.process.raw.fetch(address | 0, length);
  }

  /** Whether the page at an address is resident, in the model. */
  isResident(address: number): boolean {
    return this.process.raw.is_resident(address | 0) !== 0;
  }

  /** A byte of memory, without asking whether it may be read. */
  peek(address: number): number {
    return this.process.u8()[address] ?? 0;
  }

  /** Changes a byte of memory, without asking. */
  poke(address: number, value: number): void {
    this.process.u8()[address] = value;
  }

  /** A field of a struct in memory, unsigned. */
  field<S extends StructName>(struct: S, at: number, name: Field<S>): number {
    const { offset, size } = this.#fieldOf(struct, name);
    const view = this.process.view();
    return size === 8
      ? Number(view.getBigUint64(at + offset, true))
      : view.getUint32(at + offset, true);
  }

  /** A field of mm_struct. */
  mm(name: Field<"MmStruct">): number {
    return this.field("MmStruct", this.process.raw.mm_struct() >>> 0, name);
  }

  /** Changes a field of mm_struct. */
  setMm(name: Field<"MmStruct">, value: number): void {
    const at = this.process.raw.mm_struct() >>> 0;
    const { offset, size } = this.#fieldOf("MmStruct", name);
    const view = this.process.view();
    if (size === 8) view.setBigUint64(at + offset, BigInt(value), true);
    else view.setUint32(at + offset, value, true);
  }

  #fieldOf(struct: StructName, name: string): { offset: number; size: number } {
    const fields: Readonly<Record<string, { offset: number; size: number }>> =
      layouts[this.abi][struct].fields;
    const field = fields[name];
    if (field === undefined) throw new Error(`${struct} has no ${name}`);
    return field;
  }

  /** The region at a Vma's address. */
  region(vma: number): Region {
    return {
      start: this.field("Vma", vma, "vmStart"),
      end: this.field("Vma", vma, "vmEnd"),
      flags: this.field("Vma", vma, "vmFlags"),
      pgoff: this.field("Vma", vma, "vmPgoff"),
      file: this.field("Vma", vma, "fileId"),
      anon: this.field("Vma", vma, "anonId"),
    };
  }

  /** All regions that meet [start, end), ascending. */
  regions(start = 0, end = 2 ** 32): Region[] {
    const { raw } = this.process;
    const found: Region[] = [];
    for (let vma = raw.first_vma() >>> 0; vma !== 0; vma = raw.next_vma(vma) >>> 0) {
      const region = this.region(vma);
      if (region.end > start && region.start < end) found.push(region);
    }
    return found;
  }
}

/** The name of the error that a raw result stands for, or undefined. */
export function errorName(result: number): string | undefined {
  if (result >= 0) return undefined;
  const found = Object.entries(ERRNO).find(([, number]) => number === -result);
  return found?.[0] ?? `errno ${-result}`;
}
