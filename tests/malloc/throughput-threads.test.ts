// Several simulated threads in the profile "throughput": each has a cache and an arena; blocks are
// freed by whoever has them; threads end, and others come. Contents stay, arenas are sound.

import { describe, expect, it } from "vitest";
import { readArenas } from "../../src/inspect/arenas.js";
import { campaign } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import {
  Plan,
  abis,
  attach,
  cachedBytes,
  chunkBytes,
  expectSound,
  fill,
  firstChanged,
  isMapped,
  many,
  start,
  sum,
  usableBytes,
  type Checked,
} from "./throughput.js";

const SEEDS = campaign({ short: 3, ci: 12, full: 200 });
const OPERATIONS = 6000;
const LOOK_EVERY = 400;

interface Block {
  address: number;
  bytes: number;
  usable: number;
  seed: number;
}

/** A random program of several threads that hand blocks to each other. */
class Program {
  readonly process: Checked;
  readonly threads: Checked[];
  readonly blocks: Block[] = [];
  /** How many blocks a thread freed that lie in another's arena. */
  strange = 0;
  readonly #random: Prng;
  readonly #plan = new Plan();
  #seed = 0;

  constructor(process: Checked, count: number, seed: number) {
    this.process = process;
    this.threads = [process, ...Array.from({ length: count - 1 }, () => attach(process))];
    this.#random = new Prng(seed);
  }

  /** One call, by any thread. */
  step(): void {
    const random = this.#random;
    const thread = random.pick(this.threads);
    const bytes = random.chance(0.02) ? random.int(0, 300_000) : random.power(0, 13);
    const isFull = this.blocks.length > 600;
    if (this.blocks.length > 0 && random.chance(isFull ? 0.7 : 0.4)) {
      const old = this.#take();
      if (!random.chance(0.2)) return this.#free(thread, old);
      this.#plan.give(old.address, old.usable);
      const kept = Math.min(old.bytes, bytes);
      const moved = thread.realloc(old.address, bytes + 1);
      expect(firstChanged(this.process, moved, kept, old.seed)).toBe(-1);
      return this.#add(moved, bytes + 1);
    }
    if (random.chance(0.1)) return this.#add(thread.memalign(2 ** random.int(4, 12), bytes), bytes);
    if (random.chance(0.8)) return this.#add(thread.malloc(bytes), bytes);
    const cleared = thread.calloc(1, bytes);
    expect(
      this.process
        .u8()
        .subarray(cleared, cleared + bytes)
        .every((byte) => byte === 0),
    ).toBe(true);
    this.#add(cleared, bytes);
  }

  /** A thread other than the first ends, and another begins. */
  replaceThread(): void {
    const index = this.#random.int(1, this.threads.length - 1);
    const thread = this.threads[index]!;
    thread.exitThread();
    if (this.#random.chance(0.5)) thread.rejoin();
    else this.threads[index] = attach(this.process);
  }

  /** Frees all blocks, each by any thread. */
  end(): void {
    while (this.blocks.length > 0) this.#free(this.#random.pick(this.threads), this.#take());
  }

  #take(): Block {
    const [block] = this.blocks.splice(this.#random.int(0, this.blocks.length - 1), 1);
    expect(firstChanged(this.process, block!.address, block!.bytes, block!.seed)).toBe(-1);
    return block!;
  }

  #free(thread: Checked, { address, usable }: Block): void {
    this.#plan.give(address, usable);
    const isOfMain = (this.process.readWord(address - this.#headerBytes()) & 4) === 0;
    if (isOfMain !== (thread === this.process)) this.strange++;
    thread.free(address);
  }

  #headerBytes = (): number => (this.process.abi === "ilp32" ? 4 : 8);

  #add(address: number, bytes: number): void {
    expect(address).not.toBe(0);
    expect(address % 16).toBe(0);
    const usable = usableBytes(this.process, address);
    expect(usable).toBeGreaterThanOrEqual(bytes);
    expect(this.#plan.take(address, usable)).toBe(true);
    const seed = this.#seed++ % 256;
    fill(this.process, address, bytes, seed);
    this.blocks.push({ address, bytes, usable, seed });
  }
}

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

describe.each(abis)("threads in the profile throughput, %s", (abi) => {
  it.each(seeds)("hand blocks to each other, end and begin: seed %i", (seed) => {
    const program = new Program(start(abi, { cores: 2 }), 2 + (seed % 4), seed);
    const { process } = program;
    for (let done = 1; done <= OPERATIONS; done++) {
      program.step();
      if (done % LOOK_EVERY === 0) expectSound(process, `seed ${seed}, ${done} operations`);
      if (done % (2 * LOOK_EVERY) === 0) program.replaceThread();
    }
    expect(program.strange).toBeGreaterThan(100);
    expect(readArenas(process).length).toBeGreaterThan(1);
    program.end();
    for (const thread of program.threads.slice(1)) thread.exitThread();
    process.trim();
    expectSound(process, `seed ${seed}, at the end`);
    // Only the first thread's cache is left.
    const { size } = process.structs.ClassCache;
    expect(process.mallinfo2().hblks).toBe(0);
    const arenas = readArenas(process).length - 1;
    // An arena other than the first has its own struct in its heap.
    const structs =
      (process.structs.MallocState.size + process.structs.HeapInfo.size + 64) * arenas;
    // What ends a heap that is full, and cannot be used any more: see HeapInfo.
    expect(process.mallinfo2().uordblks).toBeLessThan(size + structs + 4096);
  });

  it("a block goes to the cache of the thread that frees it, and back at its end", () => {
    const process = start(abi);
    const [one, other] = [attach(process), attach(process)];
    const blocks = many(one, 50, 200);
    other.free(other.malloc(5000));
    const before = sum(cachedBytes(other));
    for (const block of blocks) other.free(block);
    const bytes = sum(blocks.map((block) => chunkBytes(process, block)));
    expect(sum(cachedBytes(other))).toBe(before + bytes);
    expect(other.malloc(200)).toBe(blocks.at(-1));
    other.free(blocks.at(-1)!);
    const { uordblks } = process.mallinfo2();
    other.exitThread();
    // All that it had cached is free, and the cache itself.
    expect(process.mallinfo2().uordblks).toBeLessThanOrEqual(uordblks - before - bytes);
    expectSound(process);
    expect(readArenas(process).map(({ state }) => state.attachedThreads)).toContain(0);
    other.rejoin();
    other.free(other.malloc(100));
    expectSound(process);
  });

  it("heaps of other arenas grow, are trimmed and go", () => {
    const process = start(abi);
    const thread = attach(process);
    const blocks = Array.from({ length: 60 }, (_, i) => thread.malloc(40_000 + i * 500));
    expect(blocks.some((block) => isMapped(process, block))).toBe(false);
    const held = readArenas(process)[1]!.state.systemMem;
    expectSound(process, "full");
    for (const block of blocks) process.free(block);
    expectSound(process, "freed by another");
    process.trim();
    thread.trim();
    expectSound(process, "trimmed");
    expect(readArenas(process)[1]!.state.systemMem).toBeLessThan(held / 2);
  });
});
