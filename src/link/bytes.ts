// The scalars of WebAssembly's binary format, read and written (core specification, "Binary
// Format", "Values").

import { needed } from "../base/realm.js";

/**
 * Reads one value after the other. A guest's bytes may be anything: what runs over the end is a
 * RangeError.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new RangeError(`the module ends too early, at byte ${this.at}`);
    return this.bytes[this.at++]!;
  }

  skip(count: number): void {
    if (count > this.end - this.at)
      throw new RangeError(`the module ends too early, at byte ${this.at}`);
    this.at += count;
  }

  /** Goes behind a LEB128 number, signed or not. */
  skipNumber(): void {
    while (this.byte() >= 0x80);
  }

  /** An unsigned LEB128 number of up to 64 bits; above 2^53 it is rounded. */
  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  /** A signed LEB128 number of 32 bits. */
  signed32(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return shift < 32 && byte & 0x40 ? value | (-1 << shift) : value;
    }
  }

  /** The next `count` bytes, not copied. */
  take(count: number): Uint8Array {
    const from = this.at;
    this.skip(count);
    return this.bytes.subarray(from, this.at);
  }

  name(): string {
    return new (needed("TextDecoder"))().decode(this.take(this.unsigned()));
  }
}

/** @returns an unsigned number as LEB128 */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** @returns a name: its length in bytes, and its UTF-8 */
export function name(text: string): number[] {
  const bytes = new (needed("TextEncoder"))().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}
