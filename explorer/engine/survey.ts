// What is known of all operations of a heap, gathered while they are made the first time.

import type { HeapSource } from "ptmalloc-wasm/inspect";
import { NONE, type Survey } from "../model/types.js";

/** An operation, as the survey takes it. */
export interface Seen {
  readonly kind: string;
  readonly thread: number;
  /** Bytes asked for; 0 for what asks for none. */
  readonly bytes: number;
  /** The block that it ended, or 0. */
  readonly before: number;
  /** The block that there is now, or 0. */
  readonly after: number;
  /** What the call returned, where it is an address. */
  readonly result: number;
  readonly label: string;
}

/** Lines of strace that are kept. */
const MOST_CALLS = 100_000;

/** Gathers a survey, operation by operation. */
export class Surveyor {
  #count = 0;
  #capacity: number;
  readonly #kinds: string[] = [];
  readonly #labels = [""];
  readonly #labelNumbers = new Map([["", 0]]);
  #columns: ReturnType<typeof columnsOf>;
  #live = 0;
  readonly #births = new Map<number, number>();
  #calls: string[] = [];
  #callAt: number[] = [];

  /** @param capacity how many operations there will be, if it is known */
  constructor(capacity = 256) {
    this.#capacity = Math.max(capacity, 16);
    this.#columns = columnsOf(this.#capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** Takes a line of strace, made by the operation that comes next. */
  call(line: string): void {
    if (this.#calls.length >= MOST_CALLS) return;
    this.#calls.push(line);
    this.#callAt.push(this.#count);
  }

  /** Takes an operation that was just made. */
  add(seen: Seen, look: Look): void {
    const at = this.#count;
    if (at === this.#capacity) this.#grow();
    const { kind, thread, bytes, before, after, result, label } = seen;
    const to = this.#columns;
    to.kind[at] = this.#kindOf(kind);
    to.thread[at] = thread;
    to.bytes[at] = bytes;
    to.label[at] = this.#labelOf(label);
    to.birth[at] = NONE;
    to.death[at] = NONE;
    to.address[at] = after === 0 ? before || result : after;
    if (before !== 0) this.#end(before, at);
    if (after !== 0) {
      this.#births.set(after, at);
      to.chunk[at] = look.chunkBytes(after);
      this.#live += bytes;
    }
    to.live[at] = this.#live;
    to.heap[at] = look.heap();
    to.mapped[at] = look.mapped();
    this.#count++;
  }

  /** @returns the block that an operation was about */
  addressOf(operation: number): number {
    return this.#columns.address[operation] ?? 0;
  }

  /** @returns who made an operation */
  threadOf(operation: number): number {
    return this.#columns.thread[operation] ?? 0;
  }

  /**
   * @returns the operations that made the blocks which live after `at` operations, by address
   */
  liveAt(at: number): Map<number, number> {
    const { address, death, chunk } = this.#columns;
    const found = new Map<number, number>();
    for (let i = 0; i < at; i++) if (chunk[i] !== 0 && death[i]! >= at) found.set(address[i]!, i);
    return found;
  }

  /** @returns all that is known, as it lies here: blocks that live end at NONE */
  peek(): Survey {
    const kinds = this.#kinds;
    const labels = this.#labels;
    return {
      ...{ count: this.#count, ...this.#columns, kinds, labels },
      ...{ calls: this.#calls, callAt: new Uint32Array(0) },
    };
  }

  /** @returns a copy of all that is known */
  survey(): Survey {
    const count = this.#count;
    const cut = Object.fromEntries(
      Object.entries(this.#columns).map(([name, column]) => [name, column.slice(0, count)]),
    ) as ReturnType<typeof columnsOf>;
    for (let i = 0; i < count; i++) {
      if (cut.death[i] === NONE) cut.death[i] = count;
    }
    return {
      ...{ count, ...cut, kinds: [...this.#kinds], labels: [...this.#labels] },
      calls: [...this.#calls],
      callAt: Uint32Array.from(this.#callAt),
    };
  }

  #end(mem: number, at: number): void {
    const birth = this.#births.get(mem);
    if (birth === undefined) return;
    this.#births.delete(mem);
    this.#columns.death[birth] = at;
    this.#columns.birth[at] = birth;
    this.#live -= this.#columns.bytes[birth]!;
  }

  #kindOf(kind: string): number {
    const known = this.#kinds.indexOf(kind);
    return known >= 0 ? known : this.#kinds.push(kind) - 1;
  }

  #labelOf(label: string): number {
    let number = this.#labelNumbers.get(label);
    if (number === undefined) {
      number = this.#labels.push(label) - 1;
      this.#labelNumbers.set(label, number);
    }
    return number;
  }

  #grow(): void {
    this.#capacity *= 2;
    const wider = columnsOf(this.#capacity);
    for (const [name, column] of Object.entries(this.#columns))
      wider[name as keyof typeof wider].set(column);
    this.#columns = wider;
  }
}

function columnsOf(count: number) {
  return {
    kind: new Uint8Array(count),
    thread: new Uint16Array(count),
    bytes: new Float64Array(count),
    address: new Uint32Array(count),
    death: new Uint32Array(count),
    birth: new Uint32Array(count),
    chunk: new Uint32Array(count),
    label: new Uint32Array(count),
    heap: new Float64Array(count),
    mapped: new Float64Array(count),
    live: new Float64Array(count),
  };
}

/** What is read after each operation. */
export interface Look {
  /** Bytes of the chunk of a block. */
  chunkBytes(mem: number): number;
  /** The break above start_brk, bytes. */
  heap(): number;
  /** Bytes in mapped chunks, and in heaps of other arenas. */
  mapped(): number;
}

/** @returns a quick look at a heap: a few words of its memory */
export function lookAt(source: HeapSource): Look {
  const { places, structs, abi } = source;
  const word = abi === "ilp32" ? 4 : 8;
  const { brk, startBrk } = structs.MmStruct.fields;
  const { next, systemMem } = structs.MallocState.fields;
  const mappedAt = places.mallocPar + structs.MallocPar.fields.mmappedMem.offset;
  const main = places.mainArena;
  return {
    chunkBytes: (mem) => source.view().getUint32(mem - word, true) & ~7,
    heap: () =>
      source.readWord(places.mmStruct + brk.offset) -
      source.readWord(places.mmStruct + startBrk.offset),
    mapped: () => {
      let bytes = source.readWord(mappedAt);
      let left = 1000;
      for (
        let at = source.readWord(main + next.offset);
        at !== main && at !== 0 && left > 0;
        left--
      ) {
        bytes += source.readWord(at + systemMem.offset);
        at = source.readWord(at + next.offset);
      }
      return bytes;
    },
  };
}
