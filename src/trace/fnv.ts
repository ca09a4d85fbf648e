// FNV-1a with 64 bits, without a BigInt per byte.
//
// The prime is 2^40 + 435, so with the hash in two 32-bit halves a multiplication is
// `low * 435` (exact in a double), its carry, `high * 435`, and the low half shifted up by 40 bits.

import { TWO_TO_32 } from "./trace.js";

const OFFSET_BASIS_HIGH = 0xcbf29ce4;
const OFFSET_BASIS_LOW = 0x84222325;
const PRIME_LOW = 435;

/** A running FNV-1a 64 hash (http://www.isthe.com/chongo/tech/comp/fnv/). */
export class Fnv64 {
  private high = OFFSET_BASIS_HIGH;
  private low = OFFSET_BASIS_LOW;

  /** Takes in `bytes[begin]` up to `bytes[end - 1]`. */
  update(bytes: Uint8Array, begin = 0, end = bytes.length): void {
    let { high, low } = this;
    for (let i = begin; i < end; i++) {
      const mixed = (low ^ bytes[i]!) >>> 0;
      const product = mixed * PRIME_LOW;
      low = product >>> 0;
      const carry = (product - low) / TWO_TO_32;
      high = (Math.imul(high, PRIME_LOW) + carry + (mixed << 8)) >>> 0;
    }
    this.high = high;
    this.low = low;
  }

  /** @returns the hash as 16 hex digits */
  digest(): string {
    return this.high.toString(16).padStart(8, "0") + this.low.toString(16).padStart(8, "0");
  }
}
