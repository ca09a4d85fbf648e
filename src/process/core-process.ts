// A process, as far as a heap of the core build needs it: one instance of the WebAssembly side in
// one memory, with its address space set up.

import { wordBytes, type Abi } from "../layout/address.js";
import type { Mallinfo2 } from "../layout/generated.js";
import { begin, type Start } from "./begin.js";
import { described, inspect } from "../base/describe.js";
import { dispose } from "../base/dispose.js";
import type { Build, RawExports, Word } from "../binary/exports.js";
import { assertionPlaces } from "../binary/glibc.js";
import { failureCode, type FailureName } from "./failures.js";
import type { Fate, ProcessEnd } from "./fate.js";
import type { Loaded } from "../binary/load.js";
import type { ProcessPlan } from "./options.js";
import { BRK, giveUpPlace } from "./places.js";
import { isTrap } from "../base/realm.js";
import { guarded } from "./traps.js";

export type { Mallinfo2 } from "../layout/generated.js";

/**
 * The names of its fields, which are words, in their order: what is read without the tables of
 * structs.
 */
const MALLINFO_FIELDS = [
  "arena",
  "ordblks",
  "smblks",
  "hblks",
  "hblkhd",
  "usmblks",
  "fsmblks",
  "uordblks",
  "fordblks",
  "keepcost",
] as const;

/**
 * What a heap needs of a started process, as one of its threads sees it: usually there is but one.
 */
export class CoreProcess<A extends Abi = Abi, B extends Build = Build> {
  /** The memory layout. */
  readonly abi: A;
  /** The memory that it lives in. */
  readonly memory: WebAssembly.Memory;
  /**
   * The instance's exports, untouched: what other modules import. A trap in one leaves it as the
   * engine's own error, and nothing here comes to know of it, unless that error is passed to
   * `caught`.
   */
  readonly exports: RawExports<A, B>;
  /** The binary, compiled: other threads can be given it. */
  readonly module: WebAssembly.Module;
  /** How the process was set up. Not for use from outside. @internal */
  readonly plan: ProcessPlan<A, B>;
  #isOver = false;
  #raw: RawExports<A, B> | undefined;
  protected number: number;
  protected readonly fate: Fate;

  /**
   * Not for use from outside: see `startProcess` and `attachThread`.
   * @internal
   * @param start makes the instance a thread, and gives its number
   */
  constructor(
    plan: ProcessPlan<A, B>,
    { module, raw, fate }: Loaded<A, B, Fate>,
    start: Start = begin,
  ) {
    this.abi = plan.abi;
    this.memory = plan.memory;
    this.exports = raw;
    this.module = module;
    this.plan = plan;
    this.fate = fate;
    fate.places = assertionPlaces(module);
    this.number = start(plan, raw, module);
  }

  /**
   * What ended the process, if something did: a failed integrity check or, in the threaded build,
   * also what another thread did.
   */
  get aborted(): ProcessEnd | undefined {
    return this.fate.end;
  }

  /**
   * The exports for callers from JavaScript: C's names, no checks; in ilp32 results are signed (use
   * `>>> 0`), in lp64 size_t is a BigInt. A trap, natively a segmentation fault, is a HeapAbort,
   * and the process is at its end.
   */
  get raw(): RawExports<A, B> {
    return (this.#raw ??= guarded(this.exports, (call, error) => this.caught(error, call)));
  }

  /**
   * Ends the process, as the host found something that would have ended it natively.
   * @param failure what would have
   * @param address what `HeapAbort.address` shall be
   * @throws HeapAbort always
   */
  abort(failure: FailureName, address: number): never {
    return this.fate.fail(failureCode(failure), address);
  }

  /**
   * What ended a call: after a trap, which natively is a segmentation fault, the process is at its
   * end, and its threads come to know.
   * @param error what the call threw
   * @param call the function that was called, if that is known
   * @returns what is to be thrown: for a trap the HeapAbort that ended the process, else the error
   *   itself
   */
  caught(error: unknown, call = ""): unknown {
    return isTrap(error) ? this.fate.trapped(error, call) : error;
  }

  /**
   * Gives the process's place in the memory up: another one may begin there. Its functions are not
   * to be called any more. A second time it does nothing.
   */
  dispose(): void {
    if (!this.#isOver) giveUpPlace(this.view(), this.plan.base);
    this.#isOver = true;
  }

  /** For `using process = …`. */
  [dispose](): void {
    this.dispose();
  }

  /** One line, for people. It reads the memory, and calls nothing. */
  toString(kind = "Process", ...more: string[]): string {
    const { abi, base } = this.plan;
    const brk = this.readWord(base + BRK * wordBytes(abi)).toString(16);
    return described(
      kind,
      `abi: "${abi}"`,
      `base: 0x${base.toString(16)}`,
      `brk: 0x${brk}`,
      ...more,
    );
  }

  /** For console.log. */
  [inspect](): string {
    return this.toString();
  }

  /** A DataView over the whole memory; fetch it anew after every call that can allocate. */
  view(): DataView {
    return new DataView(this.memory.buffer);
  }

  /**
   * A number as a size_t for the raw functions.
   * @param value unsigned
   * @throws RangeError when it does not fit (in ilp32 it would silently wrap)
   */
  toWord(value: number | bigint): Word<A> {
    if (this.abi === "lp64") return BigInt(value) as Word<A>;
    if (!(value <= 0xffffffff)) throw new RangeError(`${value} does not fit a 32-bit size_t`);
    return Number(value) as Word<A>;
  }

  /** A raw function's size_t or pointer as an unsigned number; above 2^53 it is rounded. */
  fromWord(word: Word<A>): number {
    return typeof word === "bigint" ? Number(BigInt.asUintN(64, word)) : word >>> 0;
  }

  /** The size_t in memory at `address`, unsigned; in lp64 a value above 2^53 is rounded. */
  readWord(address: number): number {
    return this.abi === "ilp32"
      ? this.view().getUint32(address, true)
      : Number(this.view().getBigUint64(address, true));
  }

  /** The C library's error number of the last failed call (errno(3)); 12 is ENOMEM, 22 EINVAL. */
  get errno(): number {
    return this.view().getInt32(this.fromWord(this.exports.__errno_location()), true);
  }

  /** The allocator's statistics (man 3 mallinfo2), bytes and counts. */
  mallinfo2(): Mallinfo2 {
    const out = this.exports.scratch() >>> 0;
    (this.raw as RawExports<A>).mallinfo2(this.toWord(out));
    const bytes = wordBytes(this.abi);
    return Object.fromEntries(
      MALLINFO_FIELDS.map((name, i) => [name, this.readWord(out + i * bytes)]),
    ) as unknown as Mallinfo2;
  }
}
