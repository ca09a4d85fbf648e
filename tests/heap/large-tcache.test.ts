// The option largeTcache: tcache's classes for blocks of 1 to 64 KiB, how much they keep, and where
// they come back.

import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeapSync } from "../../src/heap/threads/create.js";
import { Failure, layouts } from "../../src/layout/generated.js";
import { Prng } from "../support/prng.js";
import { Pair, type PairOptions } from "./pair.js";

const MIB = 2 ** 20;
const FREED_TWICE = `failure ${Failure.FREE_TCACHE_DOUBLE} at`;

/** The second thread's calls, in numbers. */
class Caller {
  readonly pair: Pair;

  constructor(abi: "ilp32" | "lp64", options: PairOptions = { largeTcache: MIB }) {
    this.pair = new Pair(abi, options);
  }

  #call(name: string, ...args: number[]): number {
    return Number(this.pair.second[name]!(...args.map((arg) => this.pair.word(arg))));
  }

  malloc(bytes: number): number {
    return this.#call("malloc", bytes);
  }

  free(block: number): void {
    this.#call("free", block);
  }

  usable(block: number): number {
    return this.#call("malloc_usable_size", block);
  }
}

/** The limits of tcache's own bins, and of the classes: the largest request, bytes. */
const LIMITS = { ilp32: { own: 1020, word: 4 }, lp64: { own: 1032, word: 8 } } as const;
const CEILING = 65_536;

/**
 * The size of the chunk for a request, by the definition of the classes: eighths of powers of two.
 */
function classSize(bytes: number, word: number): number {
  let power = 1024;
  while (power * 2 < bytes + word) power *= 2;
  return Math.ceil((bytes + word) / (power / 8)) * (power / 8);
}

describe.each(["ilp32", "lp64"] as const)("large blocks in tcache, %s", (abi) => {
  const { own, word } = LIMITS[abi];

  it("every request is rounded up to its class", () => {
    const caller = new Caller(abi);
    for (let bytes = own + 1; bytes <= CEILING - word; bytes += bytes < 3000 ? 1 : 61) {
      const block = caller.malloc(bytes);
      const wanted = classSize(bytes, word) - word;
      // What is left of a chunk may be too small to be one.
      expect([wanted, wanted + 16], `${bytes} bytes`).toContain(caller.usable(block));
      caller.free(block);
    }
    caller.pair.check();
  });

  it("what is smaller or larger is glibc's", () => {
    const caller = new Caller(abi);
    const plain = new Caller(abi, {});
    for (const bytes of [own, own - 1, 24, CEILING - word + 1, 100_000]) {
      expect(caller.usable(caller.malloc(bytes))).toBe(plain.usable(plain.malloc(bytes)));
    }
  });

  it("a block serves its class, the latest first, and no other", () => {
    const caller = new Caller(abi);
    const [one, two] = [caller.malloc(5000), caller.malloc(5000)];
    caller.malloc(1);
    caller.free(one);
    caller.free(two);
    // 5,000 bytes and a word are in the class from 4,608 to 5,120.
    const other = [caller.malloc(4600 - word), caller.malloc(5121)];
    expect(other).not.toContain(one);
    expect(other).not.toContain(two);
    expect(caller.malloc(4609)).toBe(two);
    expect(caller.malloc(5120 - word)).toBe(one);
    caller.pair.check();
  });

  it("counts as in use, and keeps so many bytes at most: then it gives all of them back first", () => {
    const caller = new Caller(abi, { largeTcache: 100_000 });
    const before = caller.pair.used();
    const blocks = Array.from({ length: 12 }, () => caller.malloc(10_000));
    const full = caller.pair.used() - before;
    for (const block of blocks.slice(0, 9)) caller.free(block);
    expect(caller.pair.used() - before).toBe(full);
    caller.free(blocks[9]!);
    // 10,240 bytes each: nine fit.
    expect(full - (caller.pair.used() - before)).toBe(9 * 10_240);
    caller.pair.check();
    expect(caller.malloc(10_000)).toBe(blocks[9]);
  });

  it("a block larger than the limit is freed at once", () => {
    const caller = new Caller(abi, { largeTcache: 4096 });
    const block = caller.malloc(5000);
    caller.malloc(1);
    const full = caller.pair.used();
    caller.free(block);
    expect(caller.pair.used()).toBe(full - 5120);
    caller.pair.check();
  });

  it("goes back to the arenas with its thread", () => {
    const caller = new Caller(abi);
    caller.malloc(1);
    const before = caller.pair.used();
    const blocks = Array.from({ length: 50 }, (_, index) => caller.malloc(1500 + 700 * index));
    for (const block of blocks) caller.free(block);
    caller.pair.second["thread_exit"]!();
    expect(caller.pair.used()).toBeLessThanOrEqual(before);
    caller.pair.check();
  });

  it("goes back to the arenas when its thread is killed", () => {
    const caller = new Caller(abi);
    caller.malloc(1);
    const before = caller.pair.used();
    const blocks = Array.from({ length: 50 }, (_, index) => caller.malloc(1500 + 700 * index));
    for (const block of blocks) caller.free(block);
    expect(caller.pair.first["thread_died"]!(1)).toBe(0);
    expect(caller.pair.used()).toBeLessThanOrEqual(before);
    caller.pair.check();
  });

  it("a block that is freed twice is noticed", () => {
    const caller = new Caller(abi);
    const blocks = [caller.malloc(3000), caller.malloc(3000), caller.malloc(3000)];
    for (const block of blocks) caller.free(block);
    expect(() => caller.free(blocks[1]!)).toThrow(FREED_TWICE);
  });

  it("the checker looks at its lists", () => {
    const caller = new Caller(abi);
    const blocks = [caller.malloc(3000), caller.malloc(3000)];
    for (const block of blocks) caller.free(block);
    caller.pair.check();
    // The link of the latest block.
    new DataView(caller.pair.memory.buffer).setUint32(blocks[1]!, 0x1230, true);
    expect(caller.pair.first["check_heap"]!()).not.toBe(0);
  });

  it.each([
    ["alone", {}],
    ["with a tcache that ends at 100 bytes", { TCACHE_MAX: 100 }],
    ["without tcache's own bins", { TCACHE_COUNT: 0 }],
    ["with a low mmap threshold", { MMAP_THRESHOLD: 20_000 }],
  ])("random calls of both threads, %s", (_, tunables) => {
    const caller = new Caller(abi, { largeTcache: 200_000, tunables });
    const { pair } = caller;
    const random = new Prng(7);
    const before = pair.used();
    const live: { block: number; bytes: number; mark: number }[] = [];
    const check = ({ block, bytes, mark }: (typeof live)[number]): void => {
      const found = new Uint8Array(pair.memory.buffer, block, bytes);
      expect(found.every((byte) => byte === mark)).toBe(true);
    };
    for (let step = 0; step < 4000; step++) {
      const raw = random.int(0, 1) === 0 ? pair.first : pair.second;
      if (live.length < 40 || random.int(0, 1) === 0) {
        const bytes = random.power(0, 17);
        const block = Number(raw["malloc"]!(pair.word(bytes)));
        const mark = random.int(0, 255);
        new Uint8Array(pair.memory.buffer, block, bytes).fill(mark);
        live.push({ block, bytes, mark });
      } else {
        const [one] = live.splice(random.int(0, live.length - 1), 1);
        check(one!);
        raw["free"]!(pair.word(one!.block));
      }
      if (step % 100 === 0) pair.check();
    }
    live.forEach(check);
    for (const { block } of live) pair.first["free"]!(pair.word(block));
    pair.second["thread_exit"]!();
    pair.first["thread_exit"]!();
    pair.check();
    expect(pair.used()).toBeLessThanOrEqual(before + 16_384);
  });
});

describe("the option", () => {
  it("is for the threaded build", () => {
    // @ts-expect-error: the types say so, too
    expect(() => createHeapSync({ largeTcache: 1 })).toThrow(
      'option "largeTcache" is for the build "threads"',
    );
  });

  it("is a number of bytes", () => {
    expect(() => createThreadedHeapSync({ largeTcache: -1 })).toThrow(
      'option "largeTcache" must be from 0 to 1073741824, got -1',
    );
  });

  it.each([undefined, 5 * MIB])("%s reaches the process", (largeTcache) => {
    const heap = createThreadedHeapSync({ ...(largeTcache && { largeTcache }) });
    const state = heap.raw.shared_state() >>> 0;
    const { offset } = layouts.ilp32.SharedState.fields.largeTcache;
    expect(new DataView(heap.memory.buffer).getUint32(state + offset, true)).toBe(largeTcache ?? 0);
  });
});
