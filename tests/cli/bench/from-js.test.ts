// The loop in JavaScript calls what the player of traces calls, in that order, and touches blocks
// also where the memory has grown.

import { expect, it } from "vitest";
import { Player, type Allocator } from "../../../src/trace/player.js";
import { C_CALLS, FromJsHeap, type JsFunctions } from "../../../src/cli/bench/from-js.js";
import { labTrace, mixture } from "./lab-trace.js";

const SEED = 1887;
const BLOCK_BYTES = 1 << 20;

/** Gives a new place to every request, in a memory that grows with each. */
class Recorder implements JsFunctions {
  readonly calls: string[] = [];
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  #next = 16;

  malloc = (size: number): number => this.#give(`malloc ${size}`, size);
  calloc = (count: number, size: number): number => this.#give(`calloc ${count} ${size}`, 0);
  memalign = (to: number, size: number): number => this.#give(`memalign ${to} ${size}`, size);
  realloc = (block: number, size: number): number => this.#give(`realloc ${block} ${size}`, size);
  free = (block: number): void => {
    this.calls.push(`free ${block}`);
  };

  #give(call: string, size: number): number {
    this.calls.push(call);
    if (size > BLOCK_BYTES) return 0;
    const block = this.#next;
    this.#next += 16 + Math.ceil(size / 16) * 16;
    const missing = this.#next - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / 65_536));
    return block;
  }

  /** Forgets what was before. */
  reset(): void {
    this.calls.length = 0;
    this.#next = 16;
  }
}

it(`calls what the player calls (seed ${SEED})`, () => {
  const lab = labTrace([...mixture(SEED), "a 900 4294967295", "r 0 4294967295", "f -1"]);
  const heap = new Recorder();
  const { memory } = heap;
  const held = (): number => 0;
  const loop = new FromJsHeap("recorder", C_CALLS, { heap, memory, held }, lab);
  heap.reset();
  loop.pass();
  loop.drain();
  const found = [...heap.calls];

  heap.reset();
  const now = {
    abi: "ilp32",
    malloc: heap.malloc,
    calloc: heap.calloc,
    memalign: heap.memalign,
    // What C leaves open, and what is no call at all for a heap that is called from JavaScript.
    realloc: (block: number, size: number) => {
      if (block === 0) return heap.malloc(size);
      if (size !== 0) return heap.realloc(block, size);
      heap.free(block);
      return 0;
    },
    free: (block: number) => {
      if (block !== 0) heap.free(block);
    },
  } as unknown as Allocator<number>;
  const player = new Player(lab.trace, { now, take: () => undefined });
  player.to();
  player.release();
  expect(found).toEqual(heap.calls);
  expect(found.length).toBeGreaterThan(lab.trace.count / 2);
  // Both are refused by this package's heap, too.
  expect(loop.refused).toBe(0);
});

it("touches the first and the last byte, in a memory that grows", () => {
  const lab = labTrace(["a 0 100000", "c 1 10 10", "m 2 64 70000", "r 0 200000"]);
  const heap = new Recorder();
  const { memory } = heap;
  const loop = new FromJsHeap("recorder", C_CALLS, { heap, memory, held: null }, lab);
  heap.reset();
  new Uint8Array(memory.buffer).fill(0);
  loop.pass();
  const bytes = new Uint8Array(memory.buffer);
  const touched: number[] = [];
  bytes.forEach((byte, at) => byte !== 0 && touched.push(at));
  const third = 16 + 16 + 100_000 + 16;
  const fourth = third + 16 + 70_000;
  expect(touched).toEqual(
    [16, 100_015, third, third + 69_999, fourth, fourth + 199_999].sort((a, b) => a - b),
  );
});
