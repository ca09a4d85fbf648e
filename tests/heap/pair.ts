// Two threads of the threaded build that are instances in one JavaScript thread and call in turn,
// so that every step is the same each time.

import { expect } from "vitest";
import { Tunable, layouts } from "../../src/layout/generated.js";
import { moduleOf } from "../stress/thread-crew.js";

const BASE = 65536;

export type Exports = Record<string, (...args: unknown[]) => number | bigint>;

/** How the process of a `Pair` differs from glibc's. */
export interface PairOptions {
  build?: "threads" | "threads-throughput";
  queuesFrees?: boolean;
  /** Bytes. */
  largeTcache?: number;
  tunables?: Partial<Record<keyof typeof Tunable, number>>;
}

/**
 * A process of two threads: the second has an arena of its own, and its blocks are freed by the
 * first, which has main_arena.
 */
export class Pair {
  readonly memory = new WebAssembly.Memory({ initial: 32, maximum: 4096, shared: true });
  readonly abi: "ilp32" | "lp64";
  readonly #module: WebAssembly.Module;
  readonly first: Exports;
  readonly second: Exports;

  constructor(
    abi: "ilp32" | "lp64",
    { build = "threads", queuesFrees = false, largeTcache = 0, tunables = {} }: PairOptions = {},
  ) {
    this.abi = abi;
    this.#module = moduleOf(build, abi);
    this.first = this.#instance();
    const startBrk = BASE + Number(this.first["kernel_bytes"]!());
    this.first["initialize"]!(BASE, startBrk, 0x400_0000, 0xfff_0000, 4);
    for (const [name, value] of Object.entries(tunables))
      this.first["set_tunable"]!(Tunable[name as keyof typeof Tunable], this.word(value));
    this.first["share"]!(1);
    this.first["set_queued_frees"]!(queuesFrees ? 1 : 0);
    this.first["set_large_tcache"]!(largeTcache);
    this.first["malloc"]!(this.word(1));
    this.second = this.#instance();
    this.second["attach"]!(BASE);
    this.second["share"]!(1);
  }

  #instance(): Exports {
    const fail = (code: number, address: number): never => {
      throw new Error(`failure ${code} at ${address}`);
    };
    const imports = { env: { memory: this.memory }, host: { fail } };
    return new WebAssembly.Instance(this.#module, imports).exports as Exports;
  }

  word(value: number): number | bigint {
    return this.abi === "lp64" ? BigInt(value) : value;
  }

  /** Bytes in use in all arenas. */
  used(): number {
    const at = Number(this.first["scratch"]!()) >>> 0;
    this.first["mallinfo2"]!(this.word(at));
    const { uordblks } = layouts[this.abi].Mallinfo2.fields;
    const view = new DataView(this.memory.buffer);
    return this.abi === "lp64"
      ? Number(view.getBigUint64(at + uordblks.offset, true))
      : view.getUint32(at + uordblks.offset, true);
  }

  /** Blocks of the second thread's. */
  allocate(count: number, bytes: number): (number | bigint)[] {
    return Array.from({ length: count }, () => this.second["malloc"]!(this.word(bytes)));
  }

  check(): void {
    expect(this.first["check_heap"]!()).toBe(0);
  }
}
