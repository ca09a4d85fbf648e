// A contestant that a loop in JavaScript calls, a block at a time. The loop is compiled from text
// once for each contestant: one shared function would see many allocators at one call site, and V8
// optimises calls to WebAssembly only where it has seen one callee.

import { compileFunction } from "node:vm";
import { OpKind } from "../../layout/generated.js";
import { KIND_BITS } from "../../trace/trace.js";
import { narrow } from "../../trace/player.js";
import type { LabTrace, RacerHeap, Slices } from "./contestant.js";
import { runAll, timedPass, timedSlices, type RunOps } from "./slices.js";

/** An allocator as JavaScript calls it. Addresses may be signed; 0 is NULL. Sizes in bytes. */
export interface JsFunctions {
  malloc(size: number): number;
  calloc(count: number, size: number): number;
  memalign(alignment: number, size: number): number;
  /** Never called with a block and 0 bytes, or without a block. */
  realloc(block: number, size: number): number;
  free(block: number): unknown;
}

/** A heap that is called from JavaScript. */
export interface JsHeap {
  /** What the expressions of {@link JsCalls} refer to as `heap`. */
  readonly heap: object;
  /** Where the blocks are. Where it grows, its buffer is replaced, and the old one detached. */
  readonly memory: { readonly buffer: ArrayBufferLike };
  /** Tells the bytes that it has from its host, since it was started; null where nobody can. */
  readonly held: (() => number) | null;
}

/** How the loop calls an allocator: source text, in which functions of the heap are in scope. */
export interface JsCalls {
  /** Names of functions of `heap` that are called without looking them up. */
  readonly names: readonly string[];
  /** Expressions, of `x` and `y` as in a packed operation, and `old`, the slot's block. */
  readonly malloc: string;
  readonly calloc: string;
  readonly memalign: string;
  readonly realloc: string;
  /** A statement, of `old`. */
  readonly free: string;
}

/** C's functions, each called by its name. */
export const C_CALLS: JsCalls = {
  names: ["malloc", "calloc", "memalign", "realloc", "free"],
  malloc: "malloc(x)",
  calloc: "calloc(x, y)",
  memalign: "memalign(x, y)",
  realloc: "realloc(old, x)",
  free: "free(old);",
};

/**
 * Operations in front of the trace's, on a slot of their own: the loop is new with each heap, and
 * the first pass is to tell of the heap, not of the compiler. They leave no block, and the heap as
 * good as fresh. Kind, x and y of each.
 */
const WARM_UP: readonly (readonly [OpKind, number, number])[] = [
  [OpKind.MALLOC, 24, 0],
  [OpKind.REALLOC, 48, 0],
  [OpKind.FREE, 0, 0],
  [OpKind.CALLOC, 4, 8],
  [OpKind.FREE, 0, 0],
  [OpKind.MEMALIGN, 32, 64],
  [OpKind.FREE, 0, 0],
];
const WARM_UP_OPS = 128 * WARM_UP.length;
const WARM_UP_PASSES = 200;

/** What a loop works on. */
interface Tables {
  readonly idKinds: Uint32Array;
  readonly xs: Uint32Array;
  readonly ys: Uint32Array;
  /** 1 for each operation that this package's heap refuses. */
  readonly expected: Uint8Array;
  readonly blocks: Int32Array;
}

interface Loop {
  readonly replay: RunOps;
  drain(): void;
  refused(): number;
}

function source(calls: JsCalls): string {
  return `"use strict";
    const { ${calls.names.join(", ")} } = heap;
    const { idKinds, xs, ys, expected, blocks } = tables;
    let bytes = new Uint8Array(memory.buffer);
    let refusals = 0;
    function replay(begin, end) {
      for (let i = begin; i < end; i++) {
        const idKind = idKinds[i];
        const kind = idKind & ${(1 << KIND_BITS) - 1};
        const slot = idKind >>> ${KIND_BITS};
        const x = xs[i];
        let old = blocks[slot];
        if (kind === ${OpKind.FREE} || (kind === ${OpKind.REALLOC} && x === 0 && old !== 0)) {
          blocks[slot] = 0;
          if (old !== 0) { ${calls.free} }
          continue;
        }
        let result = 0;
        let size = x;
        if (kind === ${OpKind.MALLOC}) result = ${calls.malloc};
        else if (kind === ${OpKind.REALLOC}) {
          result = old === 0 ? ${calls.malloc} : ${calls.realloc};
        } else {
          const y = ys[i];
          if (kind === ${OpKind.CALLOC}) { result = ${calls.calloc}; size = 0; }
          else { result = ${calls.memalign}; size = y; }
        }
        if (result === 0) {
          if (expected[i] === 0) refusals++;
          // Of a realloc the old block stays.
          continue;
        }
        if (size !== 0) {
          // Growth has detached it. To ask a memory for its buffer each time would take long.
          if (bytes.length === 0) bytes = new Uint8Array(memory.buffer);
          const first = result >>> 0;
          bytes[first] = 1;
          bytes[first + size - 1] = 1;
        }
        if (slot !== 0) blocks[slot] = result;
      }
    }
    function drain() {
      for (let slot = 0; slot < blocks.length; slot++) {
        const old = blocks[slot];
        blocks[slot] = 0;
        if (old !== 0) { ${calls.free} }
      }
    }
    return { replay, drain, refused: () => refusals };`;
}

/** A heap with a trace, run by a loop in JavaScript of its own. */
export class FromJsHeap implements RacerHeap {
  readonly #loop: Loop;
  readonly #operations: number;
  readonly #held: (() => number) | null;

  /** @param name of the contestant, for profiles */
  constructor(name: string, calls: JsCalls, { heap, memory, held }: JsHeap, lab: LabTrace) {
    const names = ["heap", "memory", "tables"];
    const make = compileFunction(source(calls), names, { filename: `${name} loop` });
    this.#loop = (make as (...scope: unknown[]) => Loop)(heap, memory, tablesOf(lab));
    this.#operations = lab.trace.count;
    this.#held = held;
    for (let pass = 0; pass < WARM_UP_PASSES; pass++) runAll(this.#loop.replay, 0, WARM_UP_OPS);
  }

  readonly #run: RunOps = (begin, end) => this.#loop.replay(WARM_UP_OPS + begin, WARM_UP_OPS + end);

  pass(): number {
    return timedPass(this.#run, this.#operations);
  }

  drain(): void {
    this.#loop.drain();
  }

  slices(count: number): Slices {
    return timedSlices(this.#run, this.#operations, count, this.#held);
  }

  get refused(): number {
    return this.#loop.refused();
  }

  close(): void {
    // The engine collects it.
  }
}

function tablesOf({ trace, outcome }: LabTrace): Tables {
  const { count, slots, xLow, xHigh, yLow, yHigh } = trace;
  const all = WARM_UP_OPS + count;
  const idKinds = new Uint32Array(all);
  const xs = new Uint32Array(all);
  const ys = new Uint32Array(all);
  for (let i = 0; i < WARM_UP_OPS; i++) {
    const [kind, x, y] = WARM_UP[i % WARM_UP.length]!;
    idKinds[i] = (slots << KIND_BITS) | kind;
    xs[i] = x;
    ys[i] = y;
  }
  idKinds.set(trace.idKinds, WARM_UP_OPS);
  for (let i = 0; i < count; i++) {
    xs[WARM_UP_OPS + i] = narrow(xLow[i]!, xHigh[i]!);
    ys[WARM_UP_OPS + i] = narrow(yLow[i]!, yHigh[i]!);
  }
  const expected = new Uint8Array(all);
  expected.set(outcome.refused, WARM_UP_OPS);
  // The first use of its pages is no part of the first pass.
  const blocks = new Int32Array(slots + 1).fill(0);
  return { idKinds, xs, ys, expected, blocks };
}
