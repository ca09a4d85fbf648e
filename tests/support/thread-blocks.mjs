// What threads that may be killed know of their blocks: tables in a SharedArrayBuffer, so that
// others see what a dead one had, and what it was in the middle of. Every block is filled with a
// pattern that its address, its size and a seed decide. Plain JavaScript: the workers run it, too.

/** Words of a place's status, see `Status`. */
export const STATUS_WORDS = 16;
/** Entries of a place's table. */
export const ENTRIES = 384;
/**
 * An entry is its state, a block's address, size and seed, and the size that realloc was asked for.
 */
const ENTRY_WORDS = 5;
/** Blocks that can be on their way from one thread to another. */
export const SLOTS = 32;

/** Words at the start of the control block. */
export const Control = { COMMAND: 0, FAILURES: 1, NEVER: 2, WORDS: 16 };
/** What everybody is told by COMMAND. */
export const Command = { RUN: 0, PAUSE: 1, FINISH: 2 };
/** Words of a place's status. The counters go on when another worker takes the place. */
export const Status = {
  STATE: 0,
  NUMBER: 1,
  OPS: 2,
  NULLS: 3,
  GIVEN: 4,
  TAKEN: 5,
  ORDER: 6, // ORDER_EXIT: end like a thread that returns
  TARGET: 7, // the crash point to stop at, or -1
  PASSES: 8, // stop when it comes by for the n-th time
  PARKED: 9,
  TRIMS: 10,
  TURNS: 11, // thread exits with a new thread in the same instance
  LARGE: 12, // blocks larger than a megabyte
  CONTENDED: 13, // of threads that have ended: times that a lock was found taken
  WAITED: 14, // … and that the thread slept over one
};
export const State = { NONE: 0, STARTING: 1, RUNNING: 2, PAUSED: 3, ENDED: 4 };
export const ORDER_EXIT = 1;

/** What an entry is. */
export const Entry = {
  EMPTY: 0,
  FILLED: 1, // a block with its pattern
  FRESH: 2, // a block without
  ASKING: 3, // a call that gets a block is under way; `size` is the most that it may take
  GOING: 4, // free
  RESIZING: 5, // realloc
  GIVING: 6, // on its way into slot 0; 7: into slot 1 …
};
/**
 * A slot is EMPTY, or this, or 2 * place + 2 while it is being filled, + 3 while it is being
 * emptied; then a block's words follow.
 */
const SLOT_FULL = 1;

/** Bytes up to which all of a block is filled and compared. */
const WHOLE = 2048;
/** Bytes at either end of a larger one, and from one sample to the next. */
const EDGE = 256;
const STRIDE = 4096 + 64;

/** @param {number} places */
export function controlWords(places) {
  return Control.WORDS + places * (STATUS_WORDS + ENTRY_WORDS * ENTRIES) + 4 * SLOTS;
}

/**
 * Where a place's status is, in words.
 * @param {number} place
 */
export function statusAt(place) {
  return Control.WORDS + 4 * SLOTS + place * (STATUS_WORDS + ENTRY_WORDS * ENTRIES);
}

/**
 * @param {number} place
 * @param {number} index
 */
export function entryAt(place, index) {
  return statusAt(place) + STATUS_WORDS + ENTRY_WORDS * index;
}

/** @param {number} index */
export function slotAt(index) {
  return Control.WORDS + 4 * index;
}

/**
 * The pattern's first word.
 * @param {number} address
 * @param {number} size
 * @param {number} seed
 */
function startOf(address, size, seed) {
  let z = (address ^ Math.imul(size, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca77)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  return z ^ (z >>> 15);
}

/**
 * A block: where, how large, filled by which seed. @typedef {{ address: number, size: number, seed:
 * number }} Block
 */

/** The memory's blocks and their patterns. */
export class Patterns {
  #words = new Int32Array(0);
  #bytes = new Uint8Array(0);

  /** @param {WebAssembly.Memory} memory */
  constructor(memory) {
    this.memory = memory;
  }

  /** @param {Block} block */
  #reach({ address, size }) {
    if (address % 8 !== 0 || address === 0) throw new Error(`a block at 0x${address.toString(16)}`);
    if (address + size > this.#bytes.length) {
      // Read once, and made to be current: V8 lets another thread's growth be seen late, and may do
      // so between two looks.
      this.memory.grow(0);
      const { buffer } = this.memory;
      this.#words = new Int32Array(buffer);
      this.#bytes = new Uint8Array(buffer);
    }
    if (address + size > this.#bytes.length) throw new Error("a block beyond the memory's end");
  }

  /**
   * Calls `each` for the first and the last word (exclusive) of everything that is filled of a
   * block.
   * @param {number} words
   * @param {(from: number, to: number) => void} each
   */
  #parts(words, each) {
    if (words * 4 <= WHOLE) return each(0, words);
    each(0, EDGE / 4);
    for (let at = STRIDE / 4; at < words - EDGE / 4; at += STRIDE / 4) each(at, at + 2);
    each(words - EDGE / 4, words);
  }

  /** @param {Block} block */
  fill(block) {
    this.#reach(block);
    const { address, size, seed } = block;
    const start = startOf(address, size, seed);
    const first = address >>> 2;
    this.#parts(size >>> 2, (from, to) => {
      for (let at = from; at < to; at++)
        this.#words[first + at] = start + Math.imul(at, 0x9e3779b1);
    });
    for (let at = size & ~3; at < size; at++) this.#bytes[address + at] = start + at;
  }

  /**
   * @param {Block} block the block as it was filled
   * @param {number} [place] where its bytes are now, when realloc has moved them
   * @param {number} [kept] how many of them there are
   * @throws {Error} when the pattern is not there
   */
  check(block, place = block.address, kept = block.size) {
    this.#reach({ ...block, address: place, size: kept });
    const { address, size, seed } = block;
    const start = startOf(address, size, seed);
    const first = place >>> 2;
    const last = Math.min(size >>> 2, kept >>> 2);
    /** @type {number[]} */
    const bad = [];
    this.#parts(size >>> 2, (from, to) => {
      for (let at = from; at < Math.min(to, last); at++)
        if (this.#words[first + at] !== ((start + Math.imul(at, 0x9e3779b1)) | 0)) bad.push(4 * at);
    });
    for (let at = size & ~3; at < Math.min(size, kept); at++)
      if (this.#bytes[place + at] !== ((start + at) & 0xff)) bad.push(at);
    if (bad.length === 0) return;
    const found = (this.#words[first + ((bad[0] ?? 0) >>> 2)] ?? 0) >>> 0;
    throw new Error(
      `the pattern of a block of ${size} bytes at 0x${place.toString(16)}, ${kept} of them kept, has changed in ` +
        `${bad.length} places from ${bad[0]} to ${bad.at(-1)}; in the first is 0x${found.toString(16)}`,
    );
  }

  /**
   * @param {Block} block
   * @throws {Error} when calloc's block is not zero
   */
  checkZero(block) {
    this.#reach(block);
    const first = block.address >>> 2;
    const words = block.size >>> 2;
    for (let at = 0; at < words; at += at < EDGE || at > words - EDGE ? 1 : 37)
      if (this.#words[first + at] !== 0)
        throw new Error(
          `calloc's ${block.size} bytes at 0x${block.address.toString(16)} are not zero`,
        );
  }

  /**
   * Spoils a block, for canaries.
   * @param {Block} block
   */
  spoil(block) {
    this.#reach(block);
    const at = block.address + block.size - 1;
    this.#bytes[at] = (this.#bytes[at] ?? 0) ^ 0x40;
  }
}

/** The table of one place, for whoever has that place; and the slots. */
export class Table {
  /**
   * @param {Int32Array} control
   * @param {number} place
   */
  constructor(control, place) {
    this.control = control;
    this.place = place;
  }

  /** @param {number} index */
  state(index) {
    return Atomics.load(this.control, entryAt(this.place, index));
  }

  /**
   * @param {number} index
   * @returns {Block}
   */
  block(index) {
    const at = entryAt(this.place, index);
    const { control } = this;
    return {
      address: (control[at + 1] ?? 0) >>> 0,
      size: (control[at + 2] ?? 0) >>> 0,
      seed: control[at + 3] ?? 0,
    };
  }

  /**
   * Writes an entry, its state last.
   * @param {number} index
   * @param {number} state
   * @param {Block} [block]
   */
  put(index, state, block) {
    const at = entryAt(this.place, index);
    if (block !== undefined) writeBlock(this.control, at, block);
    Atomics.store(this.control, at, state);
  }

  /**
   * Says that realloc is under way, to so many bytes.
   * @param {number} index
   * @param {number} size
   */
  resizing(index, size) {
    const at = entryAt(this.place, index);
    this.control[at + 4] = size;
    Atomics.store(this.control, at, Entry.RESIZING);
  }

  /**
   * Puts the block of entry `index` where others find it. Whether there was room.
   * @param {number} index
   * @param {number} slot
   */
  give(index, slot) {
    const { control, place } = this;
    const at = slotAt(slot);
    const claim = 2 * place + 2;
    if (Atomics.compareExchange(control, at, Entry.EMPTY, claim) !== Entry.EMPTY) return false;
    const block = this.block(index);
    this.put(index, Entry.GIVING + slot);
    writeBlock(control, at, block);
    Atomics.store(control, at, SLOT_FULL);
    this.put(index, Entry.EMPTY);
    return true;
  }

  /**
   * Takes the block in `slot` into the empty entry `index`. Whether there was one.
   * @param {number} index
   * @param {number} slot
   */
  take(index, slot) {
    const { control, place } = this;
    const at = slotAt(slot);
    const claim = 2 * place + 3;
    if (Atomics.compareExchange(control, at, SLOT_FULL, claim) !== SLOT_FULL) return false;
    this.put(index, Entry.FILLED, readBlock(control, at));
    Atomics.store(control, at, Entry.EMPTY);
    return true;
  }

  /**
   * After the death of whoever had this place: settles what it was in the middle of.
   * @returns bytes that the call it was in may have lost
   */
  settle() {
    const { control, place } = this;
    let lost = 0;
    for (let index = 0; index < ENTRIES; index++) {
      const state = this.state(index);
      if (state === Entry.ASKING || state === Entry.GOING || state === Entry.RESIZING) {
        lost += this.block(index).size;
        if (state === Entry.RESIZING) lost += control[entryAt(place, index) + 4] ?? 0;
        this.put(index, Entry.EMPTY);
      } else if (state >= Entry.GIVING) {
        const isMine = Atomics.load(control, slotAt(state - Entry.GIVING)) === 2 * place + 2;
        this.put(index, isMine ? Entry.FILLED : Entry.EMPTY);
      }
    }
    for (let slot = 0; slot < SLOTS; slot++) {
      const at = slotAt(slot);
      const state = Atomics.load(control, at);
      if (state === 2 * place + 2) Atomics.store(control, at, Entry.EMPTY);
      if (state !== 2 * place + 3) continue;
      const { address } = readBlock(control, at);
      const isTaken = this.blocks().some((block) => block.address === address);
      Atomics.store(control, at, isTaken ? Entry.EMPTY : SLOT_FULL);
    }
    return lost;
  }

  /** Empties it. The blocks that were in it. */
  empty() {
    const blocks = [];
    for (let index = 0; index < ENTRIES; index++) {
      const state = this.state(index);
      if (state === Entry.FILLED || state === Entry.FRESH) blocks.push(this.block(index));
      this.put(index, Entry.EMPTY);
    }
    return blocks;
  }

  /** The blocks with their patterns. */
  blocks() {
    const blocks = [];
    for (let index = 0; index < ENTRIES; index++)
      if (this.state(index) === Entry.FILLED) blocks.push(this.block(index));
    return blocks;
  }
}

/**
 * The blocks that are on their way.
 * @param {Int32Array} control
 */
export function blocksOnTheirWay(control) {
  const blocks = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    const at = slotAt(slot);
    if (Atomics.load(control, at) === SLOT_FULL) blocks.push(readBlock(control, at));
  }
  return blocks;
}

/**
 * @param {Int32Array} control
 * @param {number} at
 * @returns {Block}
 */
function readBlock(control, at) {
  return {
    address: (control[at + 1] ?? 0) >>> 0,
    size: (control[at + 2] ?? 0) >>> 0,
    seed: control[at + 3] ?? 0,
  };
}

/**
 * @param {Int32Array} control
 * @param {number} at
 * @param {Block} block
 */
function writeBlock(control, at, { address, size, seed }) {
  control[at + 1] = address | 0;
  control[at + 2] = size | 0;
  control[at + 3] = seed | 0;
}
