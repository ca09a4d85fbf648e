// What is known of all operations of a heap, gathered while they are made the first time.

import type { HeapSource } from "ptmalloc-wasm/inspect";
import { NONE, type Survey } from "../model/types.js";
import { BlockTable } from "./block-table.js";

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
  /** Of the blocks that live, the operations that made them. */
  readonly #births = new BlockTable();
  /** The same for a moment that was asked for; entries of others are left in it. */
  readonly #birthsThen = new BlockTable();
  readonly #calls: string[] = [];
  readonly #callAt: number[] = [];

  /** Blocks from before the first operation: their bytes, and which operation ended them. */
  readonly #inherited: ReadonlyMap<number, number>;
  readonly #ended = new Map<number, number>();

  /**
   * @param capacity how many operations there will be, if it is known
   * @param inherited bytes of the blocks that live before the first, by their addresses
   */
  constructor(capacity = 256, inherited: ReadonlyMap<number, number> = new Map()) {
    this.#inherited = inherited;
    this.#live = this.#livingBefore();
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

  /** Takes an operation that was just made. @param look at the heap after it */
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
    to.chunk[at] = look.chunk;
    to.address[at] = after === 0 ? before || result : after;
    if (before !== 0) this.#end(before, at);
    if (after !== 0) {
      this.#births.set(after, at);
      this.#live += bytes;
    }
    to.live[at] = this.#live;
    to.heap[at] = look.heap;
    to.mapped[at] = look.mapped;
    this.#count++;
  }

  /** Forgets the last operations: there are only `count` then. */
  drop(count: number): void {
    const { address, chunk, birth, death, live } = this.#columns;
    for (let at = this.#count - 1; at >= count; at--) {
      if (chunk[at] !== 0) this.#births.set(address[at]!, NONE);
      const ended = birth[at]!;
      if (ended === NONE) continue;
      death[ended] = NONE;
      this.#births.set(address[ended]!, ended);
    }
    this.#count = Math.min(this.#count, count);
    for (const [mem, at] of this.#ended) if (at >= count) this.#ended.delete(mem);
    this.#live = live[this.#count - 1] ?? this.#livingBefore();
    const left = this.#callAt.filter((at) => at < count).length;
    this.#calls.length = this.#callAt.length = left;
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
   * @returns what finds the operation that made a block which lives after `at` operations; NONE for
   *   none
   */
  birthsAt(at: number): (mem: number) => number {
    const { address, death, chunk } = this.#columns;
    const births = this.#birthsThen;
    for (let i = 0; i < at; i++) if (chunk[i] !== 0 && death[i]! >= at) births.set(address[i]!, i);
    return (mem) => {
      const found = births.get(mem);
      return found < at && death[found]! >= at && address[found] === mem ? found : NONE;
    };
  }

  /** @returns bytes of the blocks that live after `at` operations, by their addresses */
  livingAt(at: number): Map<number, number> {
    const { address, bytes, chunk, death } = this.#columns;
    const living = new Map<number, number>();
    for (const [mem, size] of this.#inherited)
      if ((this.#ended.get(mem) ?? at) >= at) living.set(mem, size);
    for (let i = 0; i < at; i++)
      if (chunk[i] !== 0 && death[i]! >= at) living.set(address[i]!, bytes[i]!);
    return living;
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
    if (birth === NONE) {
      const bytes = this.#ended.has(mem) ? undefined : this.#inherited.get(mem);
      if (bytes === undefined) return;
      this.#ended.set(mem, at);
      this.#live -= bytes;
      return;
    }
    this.#births.set(mem, NONE);
    this.#columns.death[birth] = at;
    this.#columns.birth[at] = birth;
    this.#live -= this.#columns.bytes[birth]!;
  }

  #livingBefore(): number {
    return [...this.#inherited.values()].reduce((sum, bytes) => sum + bytes, 0);
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

/** A quick look at a heap after each operation: a few words of its memory. */
export class Look {
  /** Bytes of the chunk of the block that was looked at; 0 for none. */
  chunk = 0;
  /** The break above start_brk, bytes. */
  heap = 0;
  /** Bytes in mapped chunks, and in heaps of other arenas. */
  mapped = 0;
  readonly #source: HeapSource;
  readonly #wordBytes: number;
  readonly #brk: number;
  readonly #startBrk: number;
  readonly #mmappedMem: number;
  readonly #main: number;
  readonly #next: number;
  readonly #systemMem: number;
  readonly #arenaBytes: number;

  constructor(source: HeapSource) {
    const { places, structs, abi } = source;
    this.#source = source;
    this.#wordBytes = abi === "ilp32" ? 4 : 8;
    this.#brk = places.mmStruct + structs.MmStruct.fields.brk.offset;
    this.#startBrk = places.mmStruct + structs.MmStruct.fields.startBrk.offset;
    this.#mmappedMem = places.mallocPar + structs.MallocPar.fields.mmappedMem.offset;
    this.#main = places.mainArena;
    this.#next = structs.MallocState.fields.next.offset;
    this.#systemMem = structs.MallocState.fields.systemMem.offset;
    this.#arenaBytes = structs.MallocState.size;
  }

  /** Looks. @param mem the block that the operation made, or 0 */
  read(mem: number): void {
    const view = this.#source.view();
    this.chunk = mem === 0 ? 0 : view.getUint32(mem - this.#wordBytes, true) & ~7;
    this.heap = this.#word(view, this.#brk) - this.#word(view, this.#startBrk);
    this.mapped = this.#word(view, this.#mmappedMem);
    let left = 1000;
    let arena = this.#word(view, this.#main + this.#next);
    for (; arena !== this.#main && left > 0; left--) {
      // A link that was written over.
      if (arena === 0 || arena + this.#arenaBytes > view.byteLength) return;
      this.mapped += this.#word(view, arena + this.#systemMem);
      arena = this.#word(view, arena + this.#next);
    }
  }

  #word(view: DataView, at: number): number {
    const low = view.getUint32(at, true);
    return this.#wordBytes === 4 ? low : view.getUint32(at + 4, true) * 2 ** 32 + low;
  }
}
