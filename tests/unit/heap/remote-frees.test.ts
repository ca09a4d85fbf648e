// The option remoteFrees: "queue": what becomes of blocks that one thread allocates and another one frees. The two are instances in one
// JavaScript thread that call in turn, so every step is the same each time.

import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../../src/heap/create.js";
import { layouts } from "../../../src/layout/generated.js";
import { moduleOf } from "../../stress/thread-crew.js";

const BASE = 65536;
const BLOCKS = 100;
const BYTES = 2000;

type Exports = Record<string, (...args: unknown[]) => number | bigint>;

/** A process of two threads: the second has an arena of its own, and its blocks are freed by the first, which has main_arena. */
class Pair {
  readonly memory = new WebAssembly.Memory({ initial: 32, maximum: 4096, shared: true });
  readonly abi: "ilp32" | "lp64";
  readonly first: Exports;
  readonly second: Exports;

  constructor(abi: "ilp32" | "lp64", queues: boolean) {
    this.abi = abi;
    this.first = this.#instance();
    const startBrk = BASE + Number(this.first["kernel_bytes"]!());
    this.first["initialize"]!(BASE, startBrk, 0x400_0000, 0xfff_0000, 4);
    this.first["share"]!(1);
    this.first["set_queued_frees"]!(queues ? 1 : 0);
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
    const module = moduleOf("threads", this.abi);
    return new WebAssembly.Instance(module, imports).exports as Exports;
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
  allocate(count: number, bytes = BYTES): (number | bigint)[] {
    return Array.from({ length: count }, () => this.second["malloc"]!(this.word(bytes)));
  }

  check(): void {
    expect(this.first["check_heap"]!()).toBe(0);
  }
}

describe.each(["ilp32", "lp64"] as const)("blocks of another thread's, %s", (abi) => {
  it('"lock": they are free at once', () => {
    const pair = new Pair(abi, false);
    const blocks = pair.allocate(BLOCKS);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(full - pair.used()).toBeGreaterThan(BLOCKS * BYTES);
    pair.check();
  });

  it('"queue": when the other one next allocates from its arena', () => {
    const pair = new Pair(abi, true);
    const blocks = pair.allocate(BLOCKS);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(pair.used()).toBe(full);
    pair.check();
    // Beyond tcache, so that the arena is asked.
    pair.second["malloc"]!(pair.word(5000));
    expect(full - pair.used()).toBeGreaterThan((BLOCKS - 4) * BYTES);
    pair.check();
  });

  it('"queue": when somebody trims', () => {
    const pair = new Pair(abi, true);
    const full = pair.used();
    for (const block of pair.allocate(BLOCKS)) pair.first["free"]!(block);
    pair.first["malloc_trim"]!(pair.word(0));
    expect(pair.used()).toBeLessThan(full + 30 * BYTES);
    pair.check();
  });

  it('"queue": after a megabyte, by the freeing thread', () => {
    const pair = new Pair(abi, true);
    const blocks = pair.allocate(700);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(full - pair.used()).toBeGreaterThan(1_000_000);
    expect(full - pair.used()).toBeLessThan(1_200_000);
    pair.check();
  });

  it('"queue": at once, when nobody has that arena any more', () => {
    const pair = new Pair(abi, true);
    const blocks = pair.allocate(BLOCKS);
    pair.second["thread_exit"]!();
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    expect(full - pair.used()).toBeGreaterThan(BLOCKS * BYTES);
    pair.check();
  });

  it('"queue": at the end of the thread that has the arena', () => {
    const pair = new Pair(abi, true);
    const blocks = pair.allocate(BLOCKS);
    const full = pair.used();
    for (const block of blocks) pair.first["free"]!(block);
    pair.second["thread_exit"]!();
    expect(full - pair.used()).toBeGreaterThan(BLOCKS * BYTES);
    pair.check();
  });

  it('"queue": a block that is freed twice is noticed when they are taken back', () => {
    const pair = new Pair(abi, true);
    const blocks = pair.allocate(BLOCKS, 3000);
    for (const block of blocks) pair.first["free"]!(block);
    pair.first["free"]!(blocks[50]);
    expect(() => pair.second["malloc"]!(pair.word(5000))).toThrow(/failure/);
  });
});

describe("the option", () => {
  it("is for the threaded build", () => {
    expect(() => createHeapSync({ remoteFrees: "queue" })).toThrow(
      'option "remoteFrees" is for the build "threads"',
    );
  });

  it("has two values", () => {
    expect(() => createHeapSync({ threads: true, remoteFrees: "later" as "lock" })).toThrow(
      /option "remoteFrees" must be one of .*"lock".*"queue"/,
    );
  });

  it.each(["lock", "queue"] as const)("%s reaches the process", (remoteFrees) => {
    const heap = createHeapSync({ threads: true, remoteFrees });
    const state = heap.raw.shared_state() >>> 0;
    const { offset } = layouts.ilp32.SharedState.fields.queuesFrees;
    const view = new DataView(heap.memory.buffer);
    expect(view.getInt32(state + offset, true)).toBe(remoteFrees === "queue" ? 1 : 0);
  });
});
