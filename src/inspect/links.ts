// Following links from outside: glibc trusts them, and so do the texts that it writes. A damaged
// one leads outside the memory, or round in a circle; natively the process dies then, or never
// returns. Here it is a HeapAbort that says where.

import type { Process } from "../host/process.js";
import { wordBytes } from "../layout/address.js";
import type { FailureName } from "../host/failures.js";

/**
 * The least that a chunk has, bytes: an arena has no room for more steps without meeting a chunk
 * twice.
 */
const LEAST_CHUNK_BYTES = 16;

/** A walk along one list. */
export class Walk {
  readonly #process: Process;
  readonly #failure: FailureName;
  readonly #end: number;
  #left: number;

  /**
   * @param failure what to say of a link that cannot be followed
   * @param bytes what the chunks of the list have at most, all together
   */
  constructor(process: Process, failure: FailureName, bytes: number) {
    this.#process = process;
    this.#failure = failure;
    // A struct that is looked at has some words; the largest ones are looked at by whoever reads
    // them.
    this.#end = process.u8().length - 8 * wordBytes(process.abi);
    this.#left = Math.min(bytes, process.u8().length) / LEAST_CHUNK_BYTES;
  }

  /**
   * @param from what holds the link
   * @param to where it leads
   * @returns `to`
   * @throws HeapAbort
   */
  follow(from: number, to: number): number {
    const isOutside = !(to >= this.#process.base && to <= this.#end);
    if (isOutside || this.#left-- <= 0) this.#process.abort(this.#failure, from);
    return to;
  }
}
