// Following links from outside: glibc trusts them, and so do the texts that it writes. A damaged
// one leads outside the memory, or round in a circle; natively the process dies then, or never
// returns. Here it is a HeapAbort that says where.

import type { HeapSource } from "./source.js";
import { wordBytes } from "../layout/address.js";
import type { FailureName } from "../process/failures.js";

/**
 * A walk along one list. That it goes round in a circle is found as Brent has it
 * (https://doi.org/10.1007/BF01933190): a link leads to a chunk that was remembered, and after
 * twice as many steps each time another one is.
 */
export class Walk {
  readonly #process: HeapSource;
  readonly #failure: FailureName;
  readonly #end: number;
  #remembered = NaN;
  #steps = 0;
  #limit = 1;

  /** @param failure what to say of a link that cannot be followed */
  constructor(process: HeapSource, failure: FailureName) {
    this.#process = process;
    this.#failure = failure;
    // A struct that is looked at has some words; the largest ones are looked at by whoever reads
    // them.
    this.#end = process.u8().length - 8 * wordBytes(process.abi);
  }

  /**
   * @param from what holds the link
   * @param to where it leads
   * @returns `to`
   * @throws HeapAbort
   */
  follow(from: number, to: number): number {
    const isOutside = !(to >= this.#process.base && to <= this.#end);
    if (isOutside || to === this.#remembered) this.#process.abort(this.#failure, from);
    if (++this.#steps === this.#limit) {
      this.#remembered = to;
      this.#limit *= 2;
    }
    return to;
  }
}
