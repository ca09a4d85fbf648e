// Loops in JavaScript, as text: each contestant's is compiled anew. One shared function would see
// many allocators at one call site, and engines optimise calls to WebAssembly only where they have
// seen one callee. This file is for any engine: it imports nothing of Node.js.

/** How a loop in JavaScript gets, drops and keeps a block: pieces of source text. */
export interface LoopPieces {
  /** An expression that gives a new block of `bytes` bytes; may use `malloc`, `pool` and `i`. */
  readonly get: string;
  /** A statement that gives back `block`; may use `free`, `pool`, `table` and `i`. */
  readonly drop: string;
}

/** A loop in JavaScript. */
export type JsLoop = (rounds: number, bytes: unknown) => unknown;

/** An allocator as JavaScript calls it: a size_t is a number or, in lp64, a BigInt. */
export interface JsHeap {
  readonly malloc: (bytes: number | bigint) => number | bigint;
  readonly free: (block: number | bigint) => unknown;
}

/** What the text of a loop may refer to. */
export interface LoopScope extends Partial<JsHeap> {
  /** An allocator whose functions are methods. */
  readonly pool?: object;
  /** Keeps the engine's latest blocks. */
  readonly table?: readonly unknown[];
}

/** Blocks of the engine that stay reachable. */
export const KEPT_BLOCKS = 16;

/** Of an allocator in WebAssembly. */
export const CALLS: LoopPieces = { get: "malloc(bytes)", drop: "free(block);" };

/**
 * 24 bytes of header and five fields of 8: an object of 64 bytes in a V8 without pointer
 * compression, as Node has.
 */
export const FIVE_FIELDS = "({ a: i, b: i, c: i, d: i, e: i })";

/**
 * Dropping an object is forgetting it; the last ones stay in the table, so that the engine cannot
 * leave them out.
 *
 * @param get what makes one
 */
export function ofEngine(get: string): LoopPieces {
  return { get, drop: `table[i & ${KEPT_BLOCKS - 1}] = block;` };
}

/**
 * @param parameters of the loop: `rounds`, and `bytes` where that is no constant around it
 * @returns the body of what returns a loop that gets one block and drops it, `rounds` times
 */
export function pairText({ get, drop }: LoopPieces, parameters: string): string {
  return `return function pairs(${parameters}) {
    let block = null;
    for (let i = 0; i < rounds; i++) {
      block = ${get};
      ${drop}
    }
    return block;
  };`;
}

/**
 * A block is seldom alone in its heap: pairs run between two live blocks of the same size, so that
 * nobody merges the one that comes and goes with the rest of the heap each time.
 */
export function surround({ malloc, free }: JsHeap, bytes: number | bigint): void {
  const blocks = [malloc(bytes), malloc(bytes), malloc(bytes)] as const;
  free(blocks[1]);
}
