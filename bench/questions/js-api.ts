// What does each way to allocate from JavaScript cost?
//
// Rationale: the bare exports are the fastest and least comfortable way; checked functions, handles
// and scopes cost something on top. `mallocMany` checks its arguments and makes a call for 64
// blocks. Beside it a module of one's own, which does the loop in WebAssembly over lists that lie
// in the heap.
//
// Caveats: a batch is allocated, then freed in the same order; sizes of 16 to 215 bytes. Handles
// make garbage, whose collection is inside the clock.

import { createHeapSync } from "../../src/heap/create.js";
import type { Heap } from "../../src/heap/heap.js";
import type { RawExports } from "../../src/binary/exports.js";
import type { Abi } from "../../src/layout/address.js";
import type { Contestant } from "../lab/harness.js";
import { ratio, scaled, type Question } from "../lab/question.js";
import { cellOf, raceSizes } from "../lab/sizes.js";
import { wasmModule } from "../contestants/binaries.js";

const COUNTS = [8, 100, 10_000];
/** Blocks a call, at least: so that a call takes some microseconds. */
const CALL_BLOCKS = 2000;

interface ManyExports {
  readonly malloc_many: (list: number, count: number) => void;
  readonly free_many: (list: number, count: number) => void;
}

/** One way: allocates all and frees all. */
type Way = (heap: Heap, sizes: Uint32Array) => () => void;

function rawLoop(heap: Heap, sizes: Uint32Array): () => void {
  return heap.abi === "ilp32"
    ? narrowLoop(heap.raw as never, sizes)
    : wideLoop(heap.raw as never, sizes);
}

function narrowLoop({ malloc, free }: RawExports<"ilp32">, sizes: Uint32Array): () => void {
  const blocks = new Uint32Array(sizes.length);
  return () => {
    for (let i = 0; i < sizes.length; i++) blocks[i] = malloc(sizes[i]!);
    for (let i = 0; i < sizes.length; i++) free(blocks[i]!);
  };
}

function wideLoop({ malloc, free }: RawExports<"lp64">, sizes: Uint32Array): () => void {
  const blocks = new Uint32Array(sizes.length);
  return () => {
    for (let i = 0; i < sizes.length; i++) blocks[i] = Number(malloc(BigInt(sizes[i]!)));
    for (let i = 0; i < sizes.length; i++) free(BigInt(blocks[i]!));
  };
}

function moduleLoop(heap: Heap, sizes: Uint32Array): () => void {
  const { memory, raw, abi } = heap;
  const module = wasmModule(`bench/many.${abi}`);
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, many: { ...raw } });
  const { malloc_many, free_many } = exports as unknown as ManyExports;
  const list = heap.malloc(sizes.byteLength);
  const view = () => new Uint32Array(memory.buffer, list, sizes.length);
  return () => {
    view().set(sizes);
    malloc_many(list, sizes.length);
    const blocks = view().slice();
    view().set(blocks);
    free_many(list, blocks.length);
  };
}

const ways: Readonly<Record<string, Way>> = {
  "heap.raw in a loop": rawLoop,
  "mallocMany, freeMany": (heap, sizes) => () => heap.freeMany(heap.mallocMany(sizes)),
  "loop in a second module": moduleLoop,
  "heap.malloc, heap.free": (heap, sizes) => () => {
    const blocks = new Uint32Array(sizes.length);
    for (let i = 0; i < sizes.length; i++) blocks[i] = heap.malloc(sizes[i]!);
    for (let i = 0; i < sizes.length; i++) heap.free(blocks[i]!);
  },
  "scope.malloc": (heap, sizes) => () => {
    const scope = heap.scope();
    for (let i = 0; i < sizes.length; i++) scope.malloc(sizes[i]!);
    scope.dispose();
  },
  "heap.alloc, block.free": (heap, sizes) => () => {
    const blocks = Array.from(sizes, (size) => heap.alloc(Uint8Array, size));
    for (const block of blocks) block.free();
  },
};

function contestant(name: string, way: Way, abi: Abi, count: number): Contestant {
  const sizes = Uint32Array.from({ length: count }, (_, i) => 16 + ((i * 37) % 200));
  const work = way(createHeapSync<Abi>({ abi, wasm: wasmModule(`core.${abi}`) }), sizes);
  const repeats = Math.ceil(CALL_BLOCKS / count);
  const call = () => {
    for (let i = 0; i < repeats; i++) work();
  };
  return { name, unitsPerCall: repeats * count, call, clocked: null };
}

const LP64 = ["heap.raw in a loop", "mallocMany, freeMany", "loop in a second module"];

const entrants = [
  ...Object.entries(ways).map(([name, way]) => ({ name, way, abi: "ilp32" as const })),
  ...LP64.map((name) => ({ name: `${name}, lp64`, way: ways[name]!, abi: "lp64" as const })),
];

export const jsApi: Question = {
  name: "js-api",
  question: "What does each way to allocate from JavaScript cost?",
  async answer(scale) {
    const names = entrants.map(({ name }) => name);
    const effort = scaled({ rounds: 6, seconds: 0.06 }, scale);
    const rows = await raceSizes("ways from JavaScript", names, COUNTS, effort, (count) =>
      entrants.map(({ name, way, abi }) => contestant(name, way, abi, count)),
    );
    return {
      unit: "ns a block",
      columns: COUNTS.map((count) => `${count} blocks`),
      rows,
      ratios: COUNTS.flatMap((count, at) => [
        ...["", ", lp64"].flatMap((suffix) =>
          ratio(
            `${count}: mallocMany to a second module${suffix}`,
            cellOf(rows, `mallocMany, freeMany${suffix}`, at),
            cellOf(rows, `loop in a second module${suffix}`, at),
          ),
        ),
        ...ratio(
          `${count}: mallocMany to heap.malloc`,
          cellOf(rows, "mallocMany, freeMany", at),
          cellOf(rows, "heap.malloc, heap.free", at),
        ),
      ]),
      notes: [],
    };
  },
};
