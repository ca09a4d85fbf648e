// For blocks, by address, the operations that made them: a table of pages, as the kernel has one
// for memory. A Map of as many entries takes several times as long.

import { NONE } from "../model/types.js";

/** Blocks begin at multiples of 16; a page of the table is for 64 KiB of addresses. */
const BLOCK_SHIFT = 4;
const PAGE_SHIFT = 16;
const PAGE_ENTRIES = 1 << (PAGE_SHIFT - BLOCK_SHIFT);

/** Operations by address. */
export class BlockTable {
  readonly #pages = new Array<Uint32Array | undefined>(1 << (32 - PAGE_SHIFT)).fill(undefined);

  /** @returns the operation noted for a block; NONE where there is none */
  get(mem: number): number {
    return this.#pages[mem >>> PAGE_SHIFT]?.[(mem >>> BLOCK_SHIFT) % PAGE_ENTRIES] ?? NONE;
  }

  /** Notes the operation of a block; NONE forgets it. */
  set(mem: number, operation: number): void {
    const page = (this.#pages[mem >>> PAGE_SHIFT] ??= new Uint32Array(PAGE_ENTRIES).fill(NONE));
    page[(mem >>> BLOCK_SHIFT) % PAGE_ENTRIES] = operation;
  }
}
