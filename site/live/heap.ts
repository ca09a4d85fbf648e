// The live heap of the front page: a real heap, a few calls, and what can be seen of it.

import { createHeap, HeapAbort, type Heap } from "ptmalloc-wasm";
import { HeapView, isDamage, StepLog, walkRegions, type ChunkView } from "ptmalloc-wasm/inspect";

/** A block that was asked for. */
export interface Block {
  /** A letter, or more of them. */
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly isFree: boolean;
}

/** What glibc decided on the way, and which of its functions. */
export interface Line {
  readonly text: string;
  readonly decidedBy: string;
}

/** All that the page shows. */
export interface Scene {
  /** The last call, as C has it, and its result. */
  readonly call: string;
  readonly lines: readonly Line[];
  /** glibc's last words; the heap is dead then. */
  readonly abort: string | undefined;
  readonly chunks: readonly ChunkView[];
  readonly mappings: readonly { readonly start: number; readonly end: number }[];
  readonly startBrk: number;
  readonly brk: number;
  /** Where the break was before the call. */
  readonly brkBefore: number;
  readonly blocks: readonly Block[];
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

function nameOf(count: number): string {
  const letter = LETTERS[count % LETTERS.length]!;
  return count < LETTERS.length ? letter : letter + Math.floor(count / LETTERS.length);
}

export class LiveHeap {
  readonly #heap: Heap<"ilp32", "full">;
  readonly #log: StepLog;
  #blocks: Block[] = [];
  #count = 0;
  #brkBefore: number;

  private constructor(heap: Heap<"ilp32", "full">) {
    this.#heap = heap;
    this.#log = new StepLog(heap.process);
    this.#brkBefore = heap.mm.brk;
  }

  /** @param wasm where the binary of the build "full" is */
  static async start(wasm: URL): Promise<LiveHeap> {
    const startBrk = 16 << 20;
    return new LiveHeap(await createHeap({ build: "full", layout: "linux", startBrk, wasm }));
  }

  malloc(bytes: number): Scene {
    return this.#done(`malloc(${bytes})`, () => {
      const address = this.#heap.malloc(bytes);
      if (address !== 0) this.#add(address, bytes);
      return address;
    });
  }

  free({ name, address }: Block): Scene {
    return this.#done(`free(${name})`, () => {
      this.#heap.free(address);
      this.#blocks = this.#blocks.map((one) =>
        one.name === name ? { ...one, isFree: true } : one,
      );
    });
  }

  realloc({ name, address }: Block, bytes: number): Scene {
    return this.#done(`realloc(${name}, ${bytes})`, () => {
      const moved = this.#heap.realloc(address, bytes);
      this.#blocks = this.#blocks.map((one) =>
        one.name === name ? { ...one, address: moved, bytes } : one,
      );
      return moved;
    });
  }

  /** What there is before anything was done. */
  scene(): Scene {
    return this.#scene("", []);
  }

  #add(address: number, bytes: number): void {
    // A block that is given out again is no longer the freed one of before.
    this.#blocks = this.#blocks.filter((one) => one.address !== address);
    this.#blocks.push({ name: nameOf(this.#count++), address, bytes, isFree: false });
  }

  #done(call: string, run: () => number | void): Scene {
    this.#brkBefore = this.#heap.mm.brk;
    try {
      const result = run();
      const shown = result === undefined ? call : `${call} = 0x${result.toString(16)}`;
      return this.#scene(shown, this.#log.texts());
    } catch (error) {
      if (!(error instanceof HeapAbort)) throw error;
      return this.#scene(call, this.#log.texts(), error.message);
    }
  }

  #scene(call: string, lines: readonly Line[], abort?: string): Scene {
    const { process, mm } = this.#heap;
    const chunks = [...new HeapView(process).chunks()].filter((one) => !isDamage(one));
    const mappings = [...walkRegions(process)]
      .filter((one) => !isDamage(one))
      .filter(({ start }) => start >= mm.mmapBase)
      .map(({ start, end }) => ({ start, end }));
    return {
      ...{ call, lines, abort, chunks, mappings, blocks: this.#blocks },
      ...{ startBrk: mm.startBrk, brk: mm.brk, brkBefore: this.#brkBefore },
    };
  }
}
