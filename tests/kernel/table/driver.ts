// The full build, driven through raw system calls, and a naive look at its region table.

import type { AddressLayout, ProcessOptions } from "../../../src/process/process.js";
import { startProcessSync, type Process } from "../../../src/process/process.js";
import { layouts, SyscallI386, SyscallX86_64, VmaKind } from "../../../src/layout/generated.js";
import type { Abi } from "../../../src/layout/address.js";

export const PAGE = 4096;
export const MAP = { SHARED: 1, PRIVATE: 2, FIXED: 0x10, ANONYMOUS: 0x20 } as const;
export const ANYWHERE = MAP.PRIVATE | MAP.ANONYMOUS;
export const FIXED = ANYWHERE | MAP.FIXED;

/** A region as the walk shows it; addresses in bytes. */
export interface Region {
  start: number;
  end: number;
  flags: number;
  kind: number;
}

/** A process with its table. Results are unsigned addresses or -errno. */
export class Table {
  readonly process: Process<Abi, "full">;
  readonly #numbers: Readonly<Record<string, number>>;

  constructor(abi: Abi, layout: AddressLayout, options: ProcessOptions = {}) {
    this.process = startProcessSync<Abi, "full">({ ...options, abi, layout, build: "full" });
    this.#numbers =
      abi === "ilp32" ? { ...SyscallI386, MMAP: SyscallI386.MMAP2 } : { ...SyscallX86_64 };
  }

  /** One system call. */
  call(name: keyof typeof SyscallX86_64, ...args: number[]): number {
    const words = [0, 1, 2, 3, 4, 5].map((i) =>
      this.process.abi === "lp64" ? BigInt(args[i] ?? 0) : (args[i] ?? 0),
    );
    const syscall = this.process.raw.syscall as (
      nr: number,
      ...words: unknown[]
    ) => number | bigint;
    const result = syscall(this.#numbers[name]!, ...words);
    const signed = typeof result === "bigint" ? Number(BigInt.asIntN(64, result)) : result;
    return signed < 0 && signed > -4096 ? signed : signed < 0 ? signed + 2 ** 32 : signed;
  }

  /** Every region that maps shows, in order. */
  regions(): Region[] {
    const { raw, abi } = this.process;
    const view = this.process.view();
    const fields = layouts[abi].Vma.fields;
    const word = (at: number): number =>
      abi === "lp64" ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
    const found: Region[] = [];
    for (let vma = raw.first_vma() >>> 0; vma !== 0; vma = raw.next_vma(vma) >>> 0) {
      found.push({
        start: word(vma + fields.vmStart.offset),
        end: word(vma + fields.vmEnd.offset),
        flags: word(vma + fields.vmFlags.offset),
        kind: view.getInt32(vma + fields.kind.offset, true),
      });
    }
    return found;
  }

  /** How many of them are the program's. */
  countUser(): number {
    return this.regions().filter(({ kind }) => kind === VmaKind.USER).length;
  }

  /** What the checker of the kernel's invariants says: 0 when all hold. */
  broken(): number {
    return this.process.raw.check_kernel();
  }
}
