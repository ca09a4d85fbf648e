// Calls of a heap's functions, noted as they are made: through the heap object, or by a guest
// module whose imports are these functions. Nothing of it is there until somebody asks for it.

import { wordBytes } from "../layout/address.js";
import { SIZE_BITS } from "../layout/generated.js";
import type { Process } from "../process/process.js";

/** A call that was made. */
export interface NotedCall {
  /** Its number in the connection, from 1. */
  readonly number: number;
  /** C's name of the function; `refresh` where nobody called. */
  readonly name: string;
  /** Its arguments, decimal. */
  readonly args: readonly string[];
  /** What it returned, decimal; of posix_memalign the block; "" for nothing. */
  readonly result: string;
  /** Bytes of the chunk of the block that it returned; 0 for none, or where it is not known. */
  readonly chunk: number;
  /** How it ended the process, or what a `refresh` was told. */
  readonly text?: string | undefined;
}

/** Calls that are kept for who asks late. */
const MOST_CALLS = 10_000;

/** Functions that return a block. */
const MAKERS: ReadonlySet<string> = new Set([
  "malloc",
  "calloc",
  "realloc",
  "reallocarray",
  "memalign",
  "aligned_alloc",
  "posix_memalign",
  "valloc",
  "pvalloc",
]);
/** Others that are noted of a guest; free alone returns nothing. */
const OTHERS = ["free", "malloc_trim", "mallopt", "brk", "sbrk", "mmap", "munmap", "mremap"];
/** Methods of heap objects, which have C's names. */
const METHODS = ["malloc", "calloc", "realloc", "reallocarray", "free", "memalign"] as const;

type Fn = (...args: unknown[]) => unknown;

/** The calls of a connection. */
export class CallLog {
  /** Which state of the heap the next call belongs to: see HeapChanges. */
  state = 1;
  /** How many there were. */
  count = 0;
  readonly #process: Process;
  readonly #isPlain: boolean;
  readonly #told: () => void;
  #calls: { state: number; call: NotedCall }[] = [];
  #isOpen = true;

  /**
   * @param isPlain whether blocks are glibc's own, not those of a debug heap
   * @param told is called after each
   */
  constructor(process: Process, isPlain: boolean, told: () => void) {
    this.#process = process;
    this.#isPlain = isPlain;
    this.#told = told;
  }

  /** Notes nothing any more. */
  close(): void {
    this.#isOpen = false;
  }

  /** @returns the calls that are kept of those made after a state */
  after(state: number): NotedCall[] {
    return this.#calls.filter((one) => one.state > state).map(({ call }) => call);
  }

  /** Notes what no call made. */
  refresh(text: string): void {
    this.#note("refresh", [], "", 0, text);
  }

  /** Puts methods before the heap's own that note each call. @returns what takes them away */
  watch(heap: object): () => void {
    const methods = heap as Record<string, Fn | undefined>;
    for (const name of METHODS) {
      const own = methods[name];
      if (typeof own !== "function") continue;
      const value = this.#noting(name, (...args) => own.apply(heap, args));
      Object.defineProperty(heap, name, { value, configurable: true });
    }
    return () => {
      for (const name of METHODS) delete methods[name];
    };
  }

  /** @returns C's functions for a guest, each of which notes its calls */
  functions(own: object): object {
    const all = own as Readonly<Record<string, Fn | undefined>>;
    const names = [...MAKERS, ...OTHERS].filter((name) => typeof all[name] === "function");
    return Object.fromEntries(names.map((name) => [name, this.#noting(name, all[name]!)]));
  }

  #noting(name: string, make: Fn): Fn {
    return (...args) => {
      if (!this.#isOpen) return make(...args);
      const numbers = args.map(unsigned);
      try {
        const result = make(...args);
        const value = name === "posix_memalign" ? this.#stored(args[0], result) : unsigned(result);
        const chunk = MAKERS.has(name) && this.#isPlain ? this.#chunkOf(Number(value)) : 0;
        this.#note(name, numbers, name === "free" ? "" : value, chunk);
        return result;
      } catch (error) {
        this.#note(name, numbers, "", 0, (error as Error).message);
        throw error;
      }
    };
  }

  /** The block that posix_memalign has stored. */
  #stored(out: unknown, error: unknown): string {
    return error === 0 ? String(this.#process.readWord(Number(unsigned(out)))) : "0";
  }

  #chunkOf(mem: number): number {
    const word = wordBytes(this.#process.abi);
    return mem < word ? 0 : this.#process.readWord(mem - word) & ~SIZE_BITS;
  }

  #note(name: string, args: string[], result: string, chunk: number, text?: string): void {
    const call = { number: ++this.count, name, args, result, chunk, text };
    this.#calls.push({ state: this.state, call });
    if (this.#calls.length > 2 * MOST_CALLS) this.#calls = this.#calls.slice(-MOST_CALLS);
    this.#told();
  }
}

/** A number as C has it: WebAssembly's come signed. */
function unsigned(value: unknown): string {
  if (typeof value === "bigint") return String(BigInt.asUintN(64, value));
  if (typeof value !== "number" || !Number.isInteger(value)) return "0";
  return String(value < 0 ? value >>> 0 : value);
}
