// What is to be freed together: all that a scope made or was given goes when it ends, the last
// first, also when that is because of an error.

import { show } from "../base/checks.js";
import type { Mem } from "../layout/address.js";
import { dispose } from "../base/dispose.js";
import { freeLease } from "./handle.js";
import type { Heap } from "./heap.js";
import type { TypedArray } from "./heap-memory.js";
import type { ViewConstructor } from "./core-heap.js";
import type { Lease } from "./leases.js";
import type { TypedBlock } from "./typed-block.js";
import type { AllocOptions } from "./heap.js";
import type { Definition, OwnedStruct, StructValues } from "./structs/c-types.js";
import type { StructType } from "./structs/c-struct.js";

/** Something that `using` accepts. */
export interface DisposableLike {
  /** Frees it, or whatever its end is. */
  [Symbol.dispose](): void;
}

/** Something disposable, or a function that is to be called. */
interface Ending {
  readonly what: unknown;
  readonly end: () => void;
}

/** What a scope ends; of blocks that it knows by their address it has the lease. */
type Entry = Ending | Lease;

function isWhat(entry: Entry, what: unknown): boolean {
  return "end" in entry ? entry.what === what : entry.address === what;
}

/**
 * Frees what it made when it ends, the last first. Make one with `using scope = heap.scope()`, or
 * `heap.withScope(…)`. Its functions take and give what the heap's of the same names do; after the
 * end each is a RangeError.
 */
export class Scope {
  readonly #owner: Heap;
  readonly #entries: Entry[] = [];
  #hasEnded = false;

  /** Not for use from outside: see `heap.scope`. @internal */
  constructor(heap: Heap) {
    this.#owner = heap;
  }

  /** Whether the scope has ended, and what it had is freed. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The heap, as long as there is something to be done with it. */
  get #heap(): Heap {
    this.#assertOpen();
    return this.#owner;
  }

  /** As `heap.malloc`. */
  malloc(size: number): Mem {
    return this.add(this.#heap.malloc(size));
  }

  /** As `heap.calloc`. */
  calloc(count: number, size: number): Mem {
    return this.add(this.#heap.calloc(count, size));
  }

  /** As `heap.memalign`. */
  memalign(alignment: number, size: number): Mem {
    return this.add(this.#heap.memalign(alignment, size));
  }

  /** As `heap.alloc`. */
  alloc<T extends TypedArray>(
    View: ViewConstructor<T>,
    length: number,
    options?: AllocOptions,
  ): TypedBlock<T> {
    return this.add(this.#heap.alloc(View, length, options));
  }

  /** As `heap.newCString`. */
  newCString(text: string): Mem {
    return this.add(this.#heap.newCString(text));
  }

  /** As `heap.newUtf8`. */
  newUtf8(text: string): TypedBlock<Uint8Array> {
    return this.add(this.#heap.newUtf8(text));
  }

  /** As `type.alloc`, for a type of `heap.struct`. */
  new<const D extends Definition>(type: StructType<D>, values?: StructValues<D>): OwnedStruct<D> {
    this.#assertOpen();
    return this.add(type.alloc(values));
  }

  /**
   * Takes over what was made elsewhere.
   * @param what a block's address, or something disposable, such as a TypedBlock
   * @returns it
   */
  add<T extends Mem | DisposableLike>(what: T): T {
    this.#assertOpen();
    if (typeof what === "number") {
      if (what !== 0) this.#entries.push(this.#owner.own(what));
      return what;
    }
    const end = (what as Partial<DisposableLike> | null | undefined)?.[dispose];
    if (typeof end !== "function")
      throw new TypeError(`add: what must be an address or disposable, got ${show(what)}`);
    this.#entries.push({ what, end: () => end.call(what) });
    return what;
  }

  /**
   * Calls a function at the end, in the order of everything else: the last first.
   * @param end gets nothing, and what it returns is not waited for
   */
  defer(end: (this: void) => void): void {
    this.#assertOpen();
    if (typeof end !== "function")
      throw new TypeError(`defer: end must be a function, got ${show(end)}`);
    this.#entries.push({ what: end, end });
  }

  /**
   * Lets go of something: it outlives the scope.
   * @param what an address or object that the scope has
   * @returns it
   * @throws RangeError when the scope does not have it
   */
  keep<T>(what: T): T {
    const index = this.#entries.findLastIndex((entry) => isWhat(entry, what));
    const entry = this.#entries[index];
    if (entry === undefined || what === 0)
      throw new RangeError(`keep: what must be the scope's own, got ${show(what)}`);
    this.#entries.splice(index, 1);
    if (!("end" in entry)) this.#owner.disown(entry);
    return what;
  }

  /**
   * Ends the scope: frees everything, the last first. What was freed already by `heap.free` or its
   * handle is left out; when the heap has ended, only what is not its own is disposed of.
   * @throws what the first failing part threw, after all the others have had their turn
   */
  dispose(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    let failure: { error: unknown } | undefined;
    for (const entry of this.#entries.splice(0).reverse()) {
      try {
        if ("end" in entry) entry.end();
        else freeLease(this.#owner, entry);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  /** For `using scope = …`. */
  [dispose](): void {
    this.dispose();
  }

  #assertOpen(): void {
    if (this.#hasEnded) throw new RangeError("this scope has ended");
  }
}
