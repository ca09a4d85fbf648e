// 64-bit checksums of headers and journals: four lanes of XXH32's rounds, and two different sums of them. JavaScript has no fast
// 64-bit multiplication, so the halves are made apart. They are to find what was torn or damaged, not what was forged.

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;

/** Bytes that one step takes in. */
const STEP = 16;

function round(lane: number, input: number): number {
  const sum = (lane + Math.imul(input, PRIME_2)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), PRIME_1);
}

function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** A running checksum. */
export class Checksum {
  #a = PRIME_1 | 0;
  #b = PRIME_2 | 0;
  #c = PRIME_3 | 0;
  #d = PRIME_4 | 0;

  /** Takes in bytes. @param bytes 4-aligned in their buffer, a multiple of 16 in length */
  update(bytes: Uint8Array): this {
    if (bytes.length % STEP !== 0) throw new RangeError(`checksum of ${bytes.length} bytes`);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let i = 0; i < words.length; i += 4) {
      a = round(a, words[i]!);
      b = round(b, words[i + 1]!);
      c = round(c, words[i + 2]!);
      d = round(d, words[i + 3]!);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
    return this;
  }

  /** The checksum of all that was taken in. */
  value(): bigint {
    const [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    const low = mixed(rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18));
    const high = mixed(
      rotated(a, 25) ^ Math.imul(b, PRIME_4) ^ rotated(c, 9) ^ Math.imul(d, PRIME_1),
    );
    return (BigInt(high) << 32n) | BigInt(low);
  }
}

/** The checksum of a text, such as a description of structs. */
export function textChecksum(text: string): bigint {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / STEP) * STEP);
  padded.set(bytes);
  return new Checksum().update(padded).value();
}
