// Random actions on the safe heap, checked against a naive model: a list of live blocks, each
// filled with its own byte. fast-check shrinks the actions of a failure and prints them with the
// seed. PTMALLOC_SEED=N tries other actions.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import type { Heap, HeapOptions } from "../../src/heap/heap.js";
import { firstOther } from "../support/bytes.js";

const SEED = Number(process.env.PTMALLOC_SEED ?? 2036);

interface Block {
  address: number;
  size: number;
  fill: number;
}

type Action =
  | { kind: "malloc" | "calloc"; size: number }
  | { kind: "memalign"; shift: number; size: number }
  | { kind: "realloc"; pick: number; size: number }
  | { kind: "free"; pick: number };

const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300) },
  { weight: 3, arbitrary: fc.nat(5000) },
  { weight: 1, arbitrary: fc.nat(400_000) },
);
const pick = fc.nat(1000);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("malloc" as const), size }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("calloc" as const), size }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("memalign" as const), shift: fc.nat(13), size }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("realloc" as const), pick, size }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("free" as const), pick }) },
);

/** The model and the heap side by side. `check` says whether a block is as the model has it. */
class Run {
  readonly blocks: Block[] = [];
  readonly heap: Heap;
  /** What every block is a multiple of. */
  readonly #alignment: number;
  #fills = 0;

  constructor(heap: Heap) {
    this.heap = heap;
    const { abi, profile } = heap.process;
    this.#alignment = profile === "small" && abi === "ilp32" ? 8 : 16;
  }

  check(block: Block): void {
    const bytes = this.heap.u8(block.address, block.size);
    const wrong = firstOther(bytes, block.fill);
    if (wrong >= 0) throw new Error(`block at ${block.address} changed at byte ${wrong}`);
  }

  add(address: number, size: number, alignment: number): void {
    if (address === 0) throw new Error("out of memory");
    if (address % alignment !== 0) throw new Error(`${address} is not ${alignment}-aligned`);
    const usable = this.heap.usableSize(address);
    if (usable < size) throw new Error(`usable ${usable} of ${size}`);
    for (const other of this.blocks) {
      if (address < other.address + other.size && other.address < address + usable) {
        throw new Error(`block at ${address} overlaps the one at ${other.address}`);
      }
    }
    const fill = 1 + (this.#fills++ % 255);
    this.heap.u8(address, size).fill(fill);
    this.blocks.push({ address, size, fill });
  }

  take(pick: number): Block | undefined {
    const [block] = this.blocks.splice(pick % Math.max(1, this.blocks.length), 1);
    if (block !== undefined) this.check(block);
    return block;
  }

  do(action: Action): void {
    const { heap } = this;
    switch (action.kind) {
      case "malloc":
        return this.add(heap.malloc(action.size), action.size, this.#alignment);
      case "calloc": {
        const address = heap.calloc(1, action.size);
        this.check({ address, size: action.size, fill: 0 });
        return this.add(address, action.size, this.#alignment);
      }
      case "memalign": {
        const alignment = 2 ** action.shift;
        return this.add(heap.memalign(alignment, action.size), action.size, alignment);
      }
      case "realloc": {
        const old = this.take(action.pick);
        const address = heap.realloc(old?.address ?? 0, action.size);
        if (old !== undefined && action.size === 0) return expect(address).toBe(0);
        const kept = Math.min(old?.size ?? 0, action.size);
        if (old !== undefined) this.check({ address, size: kept, fill: old.fill });
        return this.add(address, action.size, this.#alignment);
      }
      case "free": {
        const old = this.take(action.pick);
        return heap.free(old?.address ?? 0);
      }
    }
  }
}

function dirtyMemory(): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 40 });
  new Uint8Array(memory.buffer).fill(0xd5);
  return memory;
}

const settings: [string, () => HeapOptions][] = [
  ["compact", () => ({})],
  ["linux", () => ({ layout: "linux" })],
  ["top-down", () => ({ layout: "top-down" })],
  ["compact, lp64", () => ({ abi: "lp64" })],
  ["compact with mapping", () => ({ tunables: { mmap_threshold: 20_000 } })],
  ["without tcache", () => ({ tunables: { tcache_count: 0, top_pad: 0, trim_threshold: 0 } })],
  ["in the caller's dirty memory", () => ({ memory: dirtyMemory() })],
  ["throughput", () => ({ profile: "throughput" })],
  ["throughput, lp64, mapping", () => ({ profile: "throughput", abi: "lp64", layout: "linux" })],
  [
    "throughput, in the caller's dirty memory",
    () => ({ profile: "throughput", memory: dirtyMemory() }),
  ],
  ["throughput, checked at each call", () => ({ profile: "throughput", build: "checked" })],
  [
    "throughput, checked at each call, lp64",
    () => ({ profile: "throughput", build: "checked", abi: "lp64" }),
  ],
  ["small", () => ({ profile: "small" })],
  ["small, lp64, mapping", () => ({ profile: "small", abi: "lp64", layout: "linux" })],
  ["small, in the caller's dirty memory", () => ({ profile: "small", memory: dirtyMemory() })],
  ["small, checked at each call", () => ({ profile: "small", build: "checked" })],
  [
    "small, checked at each call, lp64",
    () => ({ profile: "small", build: "checked", abi: "lp64" }),
  ],
];

describe("the safe heap against a naive model", () => {
  it.each(settings)("%s", (_name, options) => {
    const actions = fc.array(action, { minLength: 20, maxLength: 300, size: "max" });
    const property = fc.property(actions, (list) => {
      const run = new Run(createHeapSync(options()));
      for (const next of list) run.do(next);
      while (run.blocks.length > 0) run.do({ kind: "free", pick: 0 });
      // Empties the cache of the profile "throughput", which keeps more than tcache.
      run.heap.trim();
      const { uordblks, hblks } = run.heap.stats();
      expect(hblks).toBe(0);
      // What is left in use are the tcache's own blocks.
      expect(uordblks).toBeLessThan(7 * 64 * 1040);
    });
    fc.assert(property, { numRuns: 40, seed: SEED });
  });

  it("would notice a heap that hands out a block twice", () => {
    const heap = createHeapSync();
    const run = new Run(heap);
    run.do({ kind: "malloc", size: 100 });
    run.do({ kind: "malloc", size: 100 });
    heap.free(run.blocks[1]?.address ?? 0);
    expect(() => run.do({ kind: "malloc", size: 100 })).toThrow(/overlaps/);
    heap.u8(run.blocks[0]?.address ?? 0, 1)[0] = 0;
    expect(() => run.do({ kind: "free", pick: 0 })).toThrow(/changed at byte 0/);
  });
});
