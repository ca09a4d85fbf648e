// A contestant that a loop in JavaScript calls, a block at a time. The loop is compiled from text
// once for each contestant: one shared function would see many allocators at one call site, and V8
// optimises calls to WebAssembly only where it has seen one callee.

import { compileFunction } from "node:vm";
import { OpKind } from "../../layout/generated.js";
import { KIND_BITS } from "../../trace/trace.js";
import { narrow } from "../../trace/player.js";
import type { LabTrace, RacerHeap, Slices } from "./contestant.js";
import { timedPass, timedSlices, type RunOps } from "./slices.js";

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
  /** Where the blocks are; the buffer may be another one after every call. */
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
          if (bytes.length === 0 || bytes.buffer !== memory.buffer)
            bytes = new Uint8Array(memory.buffer);
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
  }

  pass(): number {
    return timedPass(this.#loop.replay, this.#operations);
  }

  drain(): void {
    this.#loop.drain();
  }

  slices(count: number): Slices {
    return timedSlices(this.#loop.replay, this.#operations, count, this.#held);
  }

  get refused(): number {
    return this.#loop.refused();
  }

  close(): void {
    // The engine collects it.
  }
}

function tablesOf({ trace, outcome }: LabTrace): Tables {
  const { count, idKinds, xLow, xHigh, yLow, yHigh } = trace;
  const xs = new Uint32Array(count);
  const ys = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    xs[i] = narrow(xLow[i]!, xHigh[i]!);
    ys[i] = narrow(yLow[i]!, yHigh[i]!);
  }
  // The first use of its pages is no part of the first pass.
  const blocks = new Int32Array(trace.slots).fill(0);
  return { idKinds, xs, ys, expected: outcome.refused, blocks };
}
