// The address log: where the allocator put every block of a trace, in the exact format of the
// native goldens (tests/golden/README.md), and its hashes. Written as bytes: half a million lines
// are no place for strings.
//
// One line an operation that returns a pointer: `INDEX OFFSET` (hex, from the initial break) for a
// block in the heap, `INDEX far OFFSET` for one of main_arena's outside the break's area,
// `INDEX heap A.D OFFSET` for one in a heap of another arena, `INDEX mmap LOW12 USABLE` for a block
// with a mapping of its own, `INDEX null`.

import type { Process } from "../process/process.js";
import { Fnv64 } from "./fnv.js";
import { NEWLINE, SPACE } from "./trace-text.js";

const CHUNK_BYTES = 65_536;
/** Longest line: three numbers of at most 20 digits, words and blanks. */
const LINE_BYTES = 96;
const DIGITS = ascii("0123456789abcdef");
const NULL = ascii(" null");
const MMAP = ascii(" mmap ");
const FAR = ascii(" far ");
const HEAP = ascii(" heap ");
const DOT = 0x2e;

/** Which lines {@link AddressLogWriter} hands on, and in which form. */
export interface AddressLogOutput {
  /**
   * Takes bytes of the log; they are overwritten after it returns. Without it, only the hashes are
   * made.
   */
  sink?: ((bytes: Uint8Array) => void) | undefined;
  /** Only operations whose index is a multiple of this (default 1). The hashes are of all lines. */
  sample?: number | undefined;
  /** Append the usable size to the lines of blocks in the heap. */
  sizes?: boolean | undefined;
}

/** Formats, hashes and hands on the lines of an address log. */
export class AddressLogWriter {
  /** Lines so far. */
  lines = 0;
  private readonly addresses = new Fnv64();
  private readonly addressesAndSizes = new Fnv64();
  private readonly line = new Uint8Array(LINE_BYTES);
  private length = 0;
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  private chunkLength = 0;
  private readonly sink: ((bytes: Uint8Array) => void) | undefined;
  private readonly sample: number;
  private readonly sizes: boolean;

  constructor(output: AddressLogOutput = {}) {
    this.sink = output.sink;
    this.sample = output.sample ?? 1;
    this.sizes = output.sizes ?? false;
  }

  /** Operation `index` returned NULL. */
  null(index: number): void {
    this.begin(index);
    this.put(NULL);
    this.end(index, this.length);
  }

  /** Operation `index` returned a block with its own mapping, at `address`, with `usable` bytes. */
  mapped(index: number, address: number, usable: number): void {
    this.begin(index);
    this.put(MMAP);
    this.line[this.length++] = DIGITS[(address >>> 8) & 15]!;
    this.line[this.length++] = DIGITS[(address >>> 4) & 15]!;
    this.line[this.length++] = DIGITS[address & 15]!;
    this.line[this.length++] = SPACE;
    this.putNumber(usable, 10);
    this.end(index, this.length);
  }

  /**
   * Operation `index` returned a block `offset` bytes above the initial break; `far`: outside the
   * break's area.
   */
  heap(index: number, offset: number, usable: number, far: boolean): void {
    this.begin(index);
    if (far) this.put(FAR.subarray(0, FAR.length - 1));
    this.place(index, offset, usable);
  }

  /**
   * Operation `index` returned a block `offset` bytes into a heap of arena number `arena`, which
   * has `depth` heaps before that one.
   */
  arena(index: number, arena: number, depth: number, offset: number, usable: number): void {
    this.begin(index);
    this.put(HEAP);
    this.putNumber(arena, 10);
    this.line[this.length++] = DOT;
    this.putNumber(depth, 10);
    this.place(index, offset, usable);
  }

  /** Hands on what is left, and `last`, a line without its newline, unless that is empty. */
  finish(last: string): void {
    this.flush();
    if (last !== "") this.sink?.(ascii(`${last}\n`));
  }

  /** @returns the hash of the log, and of the log with the usable sizes; 16 hex digits each */
  hashes(): { addresses: string; addressesAndSizes: string } {
    return {
      addresses: this.addresses.digest(),
      addressesAndSizes: this.addressesAndSizes.digest(),
    };
  }

  /** Ends a line with a block's offset and size. */
  private place(index: number, offset: number, usable: number): void {
    this.line[this.length++] = SPACE;
    this.putNumber(offset, 16);
    const addressEnd = this.length;
    this.line[this.length++] = SPACE;
    this.putNumber(usable, 10);
    this.end(index, addressEnd);
  }

  private begin(index: number): void {
    this.length = 0;
    this.putNumber(index, 10);
  }

  /** The line is complete; without its size it ends at `addressEnd`. */
  private end(index: number, addressEnd: number): void {
    const { line, length } = this;
    this.lines++;
    line[length] = NEWLINE;
    this.addressesAndSizes.update(line, 0, length + 1);
    const kept = line[addressEnd]!;
    line[addressEnd] = NEWLINE;
    this.addresses.update(line, 0, addressEnd + 1);
    if (this.sink === undefined || index % this.sample !== 0) return;
    if (this.sizes) line[addressEnd] = kept;
    this.emit(this.sizes ? length + 1 : addressEnd + 1);
  }

  private emit(length: number): void {
    if (this.chunkLength + length > CHUNK_BYTES) this.flush();
    for (let i = 0; i < length; i++) this.chunk[this.chunkLength + i] = this.line[i]!;
    this.chunkLength += length;
  }

  private flush(): void {
    if (this.chunkLength > 0) this.sink?.(this.chunk.subarray(0, this.chunkLength));
    this.chunkLength = 0;
  }

  private put(text: Uint8Array): void {
    for (const byte of text) this.line[this.length++] = byte;
  }

  private putNumber(value: number, base: 10 | 16): void {
    let digits = 1;
    for (let rest = Math.floor(value / base); rest > 0; rest = Math.floor(rest / base)) digits++;
    this.length += digits;
    let rest = value;
    for (let at = this.length - 1; digits > 0; digits--, at--) {
      const next = Math.floor(rest / base);
      this.line[at] = DIGITS[rest - next * base]!;
      rest = next;
    }
  }
}

/**
 * The log's last line: `info INDEX arena=… … brk=HEX`, mallinfo2 and the break after the last
 * operation.
 *
 * @param index of the last operation
 * @returns the line without its newline
 */
export function infoLine(process: Process, index: number): string {
  const m = process.mallinfo2();
  return (
    `info ${index} arena=${m.arena} ordblks=${m.ordblks} smblks=${m.smblks} hblks=${m.hblks}` +
    ` hblkhd=${m.hblkhd} usmblks=${m.usmblks} fsmblks=${m.fsmblks} uordblks=${m.uordblks}` +
    ` fordblks=${m.fordblks} keepcost=${m.keepcost} brk=${process.breakOffset().toString(16)}`
  );
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
