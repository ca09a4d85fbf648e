// A process, as far as a heap of the core build needs it: one instance of the WebAssembly side in one memory, with its address space set up.

import { wordBytes, type Abi } from "../layout/address.js";
import type { Mallinfo2 } from "../layout/generated.js";
import { begin } from "./begin.js";
import type { Build, RawExports, Word } from "./exports.js";
import type { Fate, ProcessEnd } from "./fate.js";
import type { Loaded } from "./load.js";
import type { ProcessPlan } from "./options.js";

export type { Mallinfo2 } from "../layout/generated.js";

/** The names of its fields, which are words, in their order: what is read without the tables of structs. */
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

/** What a heap needs of a started process, as one of its threads sees it: usually there is but one. */
export class CoreProcess<A extends Abi = Abi, B extends Build = Build> {
  /** The memory layout. */
  readonly abi: A;
  /** The memory that it lives in. */
  readonly memory: WebAssembly.Memory;
  /** The instance's exports, untouched. In ilp32 results are signed (use `>>> 0`), in lp64 size_t is a BigInt. */
  readonly raw: RawExports<A, B>;
  /** The binary, compiled: other threads can be given it. */
  readonly module: WebAssembly.Module;
  /** How the process was set up. Not for use from outside. @internal */
  readonly plan: ProcessPlan<A, B>;
  protected number: number;
  protected readonly fate: Fate;

  /**
   * Not for use from outside: see `startProcess` and `attachThread`.
   * @internal
   * @param start makes the instance a thread, and gives its number
   */
  constructor(
    plan: ProcessPlan<A, B>,
    { module, raw, fate }: Loaded<A, B>,
    start: (plan: ProcessPlan, raw: RawExports) => number = begin,
  ) {
    this.abi = plan.abi;
    this.memory = plan.memory;
    this.raw = raw;
    this.module = module;
    this.plan = plan;
    this.fate = fate;
    this.number = start(plan, raw);
  }

  /** What ended the process, if something did: a failed integrity check or, in the threaded build, also what another thread did. */
  get aborted(): ProcessEnd | undefined {
    return this.fate.end;
  }

  /** Tells threads that run at the same time that a call of this one trapped (a WebAssembly.RuntimeError). */
  reportTrap(): void {
    this.fate.trapped();
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
    if (value > 0xffffffff) throw new RangeError(`${value} does not fit a 32-bit size_t`);
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
    return this.view().getInt32(this.fromWord(this.raw.__errno_location()), true);
  }

  /** The allocator's statistics (man 3 mallinfo2), bytes and counts. */
  mallinfo2(): Mallinfo2 {
    const out = this.raw.scratch() >>> 0;
    (this.raw as RawExports<A>).mallinfo2(this.toWord(out));
    const bytes = wordBytes(this.abi);
    return Object.fromEntries(
      MALLINFO_FIELDS.map((name, i) => [name, this.readWord(out + i * bytes)]),
    ) as unknown as Mallinfo2;
  }
}
