// The log of system calls, as strace would write it; it can be turned on and off while the program
// runs. Off, the WebAssembly side does not call out at all.

import type { Abi } from "../../layout/address.js";
import { countTable, type CallCount, type CountOrder } from "./counts.js";
import { parseFilter, type StraceFilter } from "./filter.js";
import { errorNumber, formatSyscall, type MemoryReader, type SyscallRecord } from "./format.js";
import { straceName } from "../syscall-names.js";

/** How to trace. Everything is optional. */
export interface StraceOptions {
  /** -e expressions: `trace=…` or its value, `status=…`. */
  filter?: string | readonly string[];
  /**
   * Takes each line, without its newline, and the call that it is about. Without it lines are kept:
   * see `lines`.
   */
  write?: (line: string, call: SyscallRecord) => void;
  /** Count calls instead of writing them, as -c. */
  countOnly?: boolean;
  /** Column of the results, as -a. Default 40. */
  column?: number;
}

/** A trace in progress. */
export class Strace {
  /** The lines so far; empty when `write` takes them, or with `countOnly`. */
  readonly lines: string[] = [];
  readonly #abi: Abi;
  readonly #read: MemoryReader;
  readonly #options: StraceOptions;
  readonly #filter: StraceFilter;
  readonly #counts = new Map<number, CallCount>();

  /**
   * @param abi the process's layout
   * @param read reads the process's memory
   * @param options which calls, and where the lines go
   * @throws FilterError for a filter that strace would refuse
   */
  constructor(abi: Abi, read: MemoryReader, options: StraceOptions = {}) {
    this.#abi = abi;
    this.#read = read;
    this.#options = options;
    const { filter = [] } = options;
    this.#filter = parseFilter(typeof filter === "string" ? [filter] : filter, abi);
  }

  /** Takes one finished call: the arguments of the import `host.trace`. */
  take(nr: number, args: readonly (number | bigint)[], result: number | bigint): void {
    const bits = this.#abi === "ilp32" ? 32 : 64;
    const unsigned = (value: number | bigint) => BigInt.asUintN(bits, BigInt(value));
    const name = straceName(nr, this.#abi);
    const { calls, successful, failed } = this.#filter;
    // What strace has no name for passes every filter, and is in no table.
    if (calls !== undefined && name !== undefined && !calls.has(name)) return;
    const record = { nr, name, args: args.map(unsigned), result: unsigned(result) };
    const isError = errorNumber(record.result, this.#abi) !== 0;
    this.#count(record, isError);
    if (!(isError ? failed : successful)) return;
    if (this.#options.countOnly === true) return;
    const { column } = this.#options;
    const line = formatSyscall(record, { abi: this.#abi, read: this.#read, column });
    if (this.#options.write === undefined) this.lines.push(line);
    else this.#options.write(line, record);
  }

  /**
   * The counts so far, in the order in which the calls first came. A filter by status does not
   * affect them, as in strace.
   */
  counts(): CallCount[] {
    return [...this.#counts.values()].map((count) => ({ ...count }));
  }

  /**
   * The table of -c.
   * @param order how it is sorted; "time" by default, which is by number here
   */
  table(order?: CountOrder): string {
    return countTable(this.counts(), order);
  }

  /** The lines so far as text, each with its newline. */
  text(): string {
    return this.lines.map((line) => `${line}\n`).join("");
  }

  #count({ nr, name }: SyscallRecord, isError: boolean): void {
    if (name === undefined) return;
    let count = this.#counts.get(nr);
    if (count === undefined) {
      count = { name, nr, calls: 0, errors: 0 };
      this.#counts.set(nr, count);
    }
    count.calls++;
    if (isError) count.errors++;
  }
}
