// A trace on what the JavaScript engine allocates itself: everything is decided before the clock
// runs, and what is left is to make, resize and drop blocks.
//
// A block is alive exactly as long as the trace says, its first and last byte are written, an
// alignment is ignored. Requests that the allocator in WebAssembly refused are left out, so that
// all have the same live set; those too large for the engine are counted as failed.

import { runInThisContext } from "node:vm";
import { OpKind } from "../../layout/generated.js";
import type { Outcome } from "../../trace/measure.js";
import { playAnswers } from "../../trace/player.js";
import { KIND_BITS, type Trace } from "../../trace/trace.js";

/** How one kind makes blocks. Sizes in bytes. */
export interface Maker<Block> {
  /** @returns a block; null when it is too large for the engine */
  make(size: number): Block | null;
  /**
   * @returns what becomes of a live block that is given another size; null when that is too large
   */
  resize(old: Block, size: number): Block | null;
  free(block: Block): void;
}

/** What is left to do once a trace's answers are known: in place of the kind in `idKinds`. */
const Deed = { NOTHING: 0, MAKE: 1, RESIZE: 2, DROP: 3 } as const;

/** A trace as an engine does it: as many deeds as the trace has operations. */
export interface Deeds {
  /** A slot and a {@link Deed}, packed as in `Trace.idKinds`. */
  readonly slotDeeds: Uint32Array;
  /** Bytes of each MAKE and RESIZE. */
  readonly sizes: Float64Array;
  readonly slots: number;
}

/**
 * The player decides what operations mean, here, outside the clock: played by it as its allocator,
 * an object took 24 ns instead of 6, a piece of the pool 67 instead of 43.
 */
export function deedsOf(trace: Trace, { abi, refused }: Outcome): Deeds {
  const slotDeeds = new Uint32Array(trace.count);
  const sizes = new Float64Array(trace.count);
  playAnswers(trace, abi, refused, ({ index, kind, slot, bytes, result, isRefused }) => {
    const deed = isRefused
      ? Deed.NOTHING
      : result === 0
        ? Deed.DROP
        : kind === OpKind.REALLOC
          ? Deed.RESIZE
          : Deed.MAKE;
    slotDeeds[index] = (slot << KIND_BITS) | deed;
    sizes[index] = bytes;
  });
  return { slotDeeds, sizes, slots: trace.slots };
}

/** A loop over some of the deeds. @returns how many requests the engine refused */
type Loop = <Block>(
  maker: Maker<Block>,
  blocks: (Block | null)[],
  deeds: Deeds,
  first: number,
  end: number,
) => number;

/**
 * The loop. It closes over nothing, and the numbers in it are KIND_BITS and those of Deed: every
 * kind gets a copy of its own, compiled from its text.
 */
const loop: Loop = (maker, blocks, { slotDeeds, sizes }, first, end) => {
  let failed = 0;
  for (let i = first; i < end; i++) {
    const slotDeed = slotDeeds[i]!;
    const slot = slotDeed >>> 3;
    const deed = slotDeed & 7;
    if (deed === 0) continue;
    // What the engine was too small for is not there, whatever the allocator had.
    const old = blocks[slot]!;
    if (deed === 3) {
      if (old !== null) maker.free(old);
      blocks[slot] = null;
      continue;
    }
    const size = sizes[i]!;
    const block = deed === 2 && old !== null ? maker.resize(old, size) : maker.make(size);
    if (block === null) failed++;
    else blocks[slot] = block;
  }
  return failed;
};

/**
 * Compiles a function anew: the engine optimises a function for what it has seen at its calls, and
 * one that has seen many allocators is slow for all of them.
 *
 * @param of a function that closes over nothing
 */
function freshCopy<F>(of: F): F {
  return runInThisContext(`"use strict"; (${String(of)})`) as F;
}

/** @returns the loop, for one kind of blocks alone */
export function ownLoop(): Loop {
  return freshCopy(loop);
}

/** A trace on one kind of blocks. */
export class EngineRun<Block> {
  readonly #loop: Loop;
  readonly #maker: Maker<Block>;
  readonly #deeds: Deeds;
  readonly #blocks: (Block | null)[];

  /** @param own of this kind of blocks: {@link ownLoop} */
  constructor(own: Loop, maker: Maker<Block>, deeds: Deeds) {
    this.#loop = own;
    this.#maker = maker;
    this.#deeds = deeds;
    this.#blocks = new Array<Block | null>(deeds.slots).fill(null);
  }

  /** Runs some of the operations. @returns how many requests the engine refused */
  run(first = 0, end = this.#deeds.slotDeeds.length): number {
    return this.#loop(this.#maker, this.#blocks, this.#deeds, first, end);
  }

  /** Drops every block. */
  drain(): void {
    for (const block of this.#blocks) if (block !== null) this.#maker.free(block);
    this.#blocks.fill(null);
  }
}
