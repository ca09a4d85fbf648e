// A program whose data lies in a heap: a table of slots, found by the heap's root, each with a
// block that says what must be in it. What operation number n does depends on the seed, on n and on
// the table alone, so the program can be interrupted and gone on with, and a heap that was never
// interrupted shows what must be there, down to the addresses. Plain JavaScript: a child process
// runs it, too.

/**
 * What the program needs of a heap.
 * @typedef {object} WorkHeap
 * @property {(size: number) => number} malloc
 * @property {(count: number, size: number) => number} calloc
 * @property {(mem: number, size: number) => number} realloc
 * @property {(mem: number) => void} free
 * @property {(address: number, length: number) => Uint32Array} u32
 */

const SLOTS = 256;
const HEAD_WORDS = 4;
const SLOT_WORDS = 3;
const MAGIC = 0x51077ab1;

/** Words of the table. */
export const TABLE_WORDS = HEAD_WORDS + SLOTS * SLOT_WORDS;

/**
 * A random number that depends on its arguments alone, 32 bits.
 * @param {number} seed
 * @param {number} n
 * @param {number} which
 */
function draw(seed, n, which) {
  let z = (seed ^ Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(which + 1, 0x85ebca77)) >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/**
 * Bytes that operation n asks for: small ones mostly, some of many pages.
 * @param {number} seed
 * @param {number} n
 */
function bytesFor(seed, n) {
  const kind = draw(seed, n, 1) % 16;
  const limit = kind === 0 ? 200_000 : kind < 4 ? 20_000 : kind < 9 ? 2000 : 200;
  return 4 + (draw(seed, n, 2) % limit);
}

/** The program. */
export class Workload {
  /**
   * @param {WorkHeap} heap
   * @param {number} table the address of its table, or 0 to make one
   * @param {number} seed what a new table begins with
   */
  constructor(heap, table, seed) {
    this.heap = heap;
    this.table = table;
    if (table !== 0) return;
    this.table = heap.calloc(TABLE_WORDS, 4);
    heap.u32(this.table, TABLE_WORDS).set([MAGIC, 0, seed]);
  }

  /** How many operations were done. */
  get ops() {
    return this.words()[1] ?? NaN;
  }

  /** The table: valid until the next operation. */
  words() {
    return this.heap.u32(this.table, TABLE_WORDS);
  }

  /**
   * Goes on until `ops` operations are done.
   * @param {number} ops
   */
  runTo(ops) {
    for (let n = this.ops; n < ops; n++) {
      this.#operation(n);
      this.words()[1] = n + 1;
    }
  }

  /** @param {number} n */
  #operation(n) {
    const seed = this.words()[2] ?? NaN;
    const slot = HEAD_WORDS + (draw(seed, n, 0) % SLOTS) * SLOT_WORDS;
    const [old = 0] = this.words().subarray(slot);
    // The heap grows, stays and shrinks in turn.
    const freed = [20, 50, 90][Math.floor(n / 300) % 3] ?? 0;
    if (old !== 0 && draw(seed, n, 3) % 100 < freed) {
      this.heap.free(old);
      this.words().fill(0, slot, slot + SLOT_WORDS);
      return;
    }
    if (freed === 90 && old === 0) return;
    const bytes = bytesFor(seed, n);
    const block = old === 0 ? this.heap.malloc(bytes) : this.heap.realloc(old, bytes);
    if (block === 0) throw new Error(`no memory for ${bytes} bytes`);
    this.words().set([block, bytes, n], slot);
    const words = this.heap.u32(block, bytes >>> 2);
    const first = draw(seed, n, 4);
    for (let i = 0; i < words.length; i++) words[i] = first + Math.imul(i, 0x9e3779b1);
  }
}

/**
 * The blocks that a table knows.
 * @param {Uint32Array} table
 */
export function blocksOf(table) {
  const blocks = [];
  for (let at = HEAD_WORDS; at < table.length; at += SLOT_WORDS) {
    const [address = 0, bytes = 0, stamp = 0] = table.subarray(at, at + SLOT_WORDS);
    if (address !== 0) blocks.push({ address, bytes, stamp });
  }
  return blocks;
}

/**
 * What is wrong with the blocks that a table knows: their addresses. Empty when everything is in
 * them that should be.
 * @param {WorkHeap} heap
 * @param {Uint32Array} table
 * @param {(block: { address: number, bytes: number, stamp: number }) => boolean} [isAsked] which
 *   blocks to look at
 */
export function damagedBlocks(heap, table, isAsked = () => true) {
  const seed = table[2] ?? NaN;
  return blocksOf(table)
    .filter(isAsked)
    .filter(({ address, bytes, stamp }) => {
      const words = heap.u32(address, bytes >>> 2);
      const first = draw(seed, stamp, 4);
      return words.some((word, i) => word !== (first + Math.imul(i, 0x9e3779b1)) >>> 0);
    })
    .map(({ address }) => address);
}
