// Parser of `.rep` trace text, the format of CMU's malloc lab and its successors.
//
// A file starts with header lines that hold one number each (usually four: suggested heap size, number of ids, number
// of operations, weight; files with fewer or more are around, and the counts are often wrong, so none is relied on).
// Then comes one operation a line: `a ID SIZE` malloc, `c ID NMEMB SIZE` calloc, `m ID ALIGN SIZE` memalign,
// `r ID SIZE` realloc, `f ID` free. Blank lines and lines that start with `#` are skipped, and so is whatever follows
// an operation's last number. A negative id is never live: NULL to `r` and `f`. Recordings of several threads have lines that are no
// operations: `t N` (from here on thread N calls; at first it is thread 0) and `x N` (thread N exits). Recorders that number threads by what
// the system calls them use numbers again: a `t N` behind an `x N` begins another thread.
//
// Works on bytes, once over the text: half a million operations take a few hundredths of a second.

import { OpKind } from "../layout/generated.js";
import { SlotTable } from "./slots.js";
import { KIND_BITS, TraceError, type OpKindValue, type Trace } from "./trace.js";

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const MINUS = 0x2d;
const ZERO = 0x30;

/** More leading numbers than this are no header of any known kind of trace. */
const MOST_HEADER_LINES = 8;
/** A file with no operation is an (empty) trace only when its header is complete. */
const FULL_HEADER_LINES = 4;
/** Numbers below this are exact as a double, even times ten plus nine. */
const EXACT_LIMIT = 900_719_925_474_098;
const TWO_TO_32 = 4_294_967_296;
const U64_MAX = (1n << 64n) - 1n;
/** Threads are numbered from 0; a number as large as this is no thread's. */
const THREADS_LIMIT = 65_536;
const LETTER_T = 0x74;
const LETTER_X = 0x78;

/**
 * Reads the text of a trace.
 *
 * @param bytes the text (UTF-8 or any superset of ASCII; a byte order mark is skipped)
 * @param name what to call the trace in messages, usually its path
 * @returns the trace
 * @throws TraceError naming file, line and reason when the text is no trace
 */
export function parseTrace(bytes: Uint8Array, name: string): Trace {
  return new Parser(bytes, name).parse();
}

class Parser {
  private readonly bytes: Uint8Array;
  private readonly name: string;
  private at = 0;
  private line = 1;
  /** The number read last, exact in two halves; `wide` is set where it is not exact in `value`. */
  private value = 0;
  private wide: bigint | null = null;
  private negative = false;

  private readonly header: number[] = [];
  private readonly slotTable: SlotTable;
  private readonly lines: Uint32Array;
  private readonly idKinds: Uint32Array;
  private readonly xLow: Uint32Array;
  private readonly xHigh: Uint32Array;
  private readonly yLow: Uint32Array;
  private readonly yHigh: Uint32Array;
  private count = 0;
  private readonly turnAt: number[] = [];
  private readonly turnWho: number[] = [];
  private readonly gone = new Set<number>();
  private thread = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.name = name;
    const lines = countLines(bytes);
    this.slotTable = new SlotTable(lines);
    this.lines = new Uint32Array(lines);
    this.idKinds = new Uint32Array(lines);
    this.xLow = new Uint32Array(lines);
    this.xHigh = new Uint32Array(lines);
    this.yLow = new Uint32Array(lines);
    this.yHigh = new Uint32Array(lines);
  }

  parse(): Trace {
    if (this.bytes[0] === 0xef && this.bytes[1] === 0xbb && this.bytes[2] === 0xbf) this.at = 3;
    this.readHeader();
    while (this.nextLine()) {
      this.readOperation();
      this.skipLine();
    }
    const { count } = this;
    return {
      name: this.name,
      header: this.header,
      count,
      slots: this.slotTable.count,
      turns: { at: Uint32Array.from(this.turnAt), who: Int32Array.from(this.turnWho) },
      lines: this.lines.subarray(0, count),
      idKinds: this.idKinds.subarray(0, count),
      xLow: this.xLow.subarray(0, count),
      xHigh: this.xHigh.subarray(0, count),
      yLow: this.yLow.subarray(0, count),
      yHigh: this.yHigh.subarray(0, count),
    };
  }

  private readHeader(): void {
    while (this.nextLine() && this.startsNumber()) {
      if (this.header.length === MOST_HEADER_LINES)
        this.fail("an operation (a, c, m, r or f) expected, not a number");
      this.readNumber();
      this.header.push(this.negative ? -this.value : this.value);
      this.skipLine();
    }
    if (this.at < this.bytes.length || this.header.length >= FULL_HEADER_LINES) return;
    this.fail(
      this.header.length === 0
        ? "the trace is empty"
        : "the header is cut short and no operation follows",
    );
  }

  private startsNumber(): boolean {
    const byte = this.bytes[this.at]!;
    return byte === MINUS || isDigit(byte);
  }

  private readOperation(): void {
    const letter = this.bytes[this.at++]!;
    const kind = kindOfLetter(letter);
    if (kind === undefined) {
      this.readTurn(letter);
      return;
    }
    if (this.gone.has(this.thread)) this.fail(`thread ${this.thread} calls after its exit`);
    const index = this.count;
    this.lines[index] = this.line;
    this.readNumber();
    this.idKinds[index] = (this.readSlot(kind) << KIND_BITS) | kind;
    if (kind !== OpKind.FREE) {
      this.readSize();
      this.xLow[index] = this.lowHalf();
      this.xHigh[index] = this.highHalf();
      if (kind === OpKind.CALLOC || kind === OpKind.MEMALIGN) {
        this.readSize();
        this.yLow[index] = this.lowHalf();
        this.yHigh[index] = this.highHalf();
      }
    }
    this.count = index + 1;
  }

  /** A line that is no operation: whose turn it is, or who exits. */
  private readTurn(letter: number): void {
    if (letter !== LETTER_T && letter !== LETTER_X) this.failUnknown(letter);
    this.readNumber();
    const { value } = this;
    if (this.negative || value >= THREADS_LIMIT) {
      this.fail(`a thread is a number from 0 to ${THREADS_LIMIT - 1}`);
    }
    if (letter === LETTER_X && this.gone.has(value)) this.fail(`thread ${value} exits twice`);
    this.turnAt.push(this.count);
    if (letter === LETTER_X) {
      this.gone.add(value);
      this.turnWho.push(~value);
    } else {
      this.gone.delete(value);
      this.thread = value;
      this.turnWho.push(value);
    }
  }

  /** The slot that the operation uses, for the id that was read last. */
  private readSlot(kind: OpKindValue): number {
    const table = this.slotTable;
    if (this.negative) return kind === OpKind.FREE ? 0 : table.nameless();
    const id = this.wide ?? this.value;
    if (kind === OpKind.FREE) return table.freed(id);
    return kind === OpKind.REALLOC ? table.resized(id) : table.allocated(id);
  }

  private readSize(): void {
    this.readNumber();
    if (this.negative) this.fail("negative size");
  }

  private lowHalf(): number {
    return this.wide === null ? this.value >>> 0 : Number(this.wide & 0xffff_ffffn);
  }

  private highHalf(): number {
    return this.wide === null ? (this.value / TWO_TO_32) >>> 0 : Number(this.wide >> 32n);
  }

  /** Moves to the first character of the next line that is neither blank nor a comment; false at the end of the text. */
  private nextLine(): boolean {
    const { bytes } = this;
    for (;;) {
      while (isBlank(bytes[this.at]) || bytes[this.at] === RETURN) this.at++;
      if (this.at >= bytes.length) return false;
      const byte = bytes[this.at];
      if (byte !== NEWLINE && byte !== HASH) return true;
      this.skipLine();
    }
  }

  private skipLine(): void {
    const { bytes } = this;
    const end = bytes.length;
    let at = this.at;
    while (at < end && bytes[at] !== NEWLINE) at++;
    if (at < end) {
      at++;
      this.line++;
    }
    this.at = at;
  }

  /** Reads blanks, an optional minus sign and digits into `value`, `wide` and `negative`. */
  private readNumber(): void {
    const { bytes } = this;
    let at = this.at;
    while (isBlank(bytes[at])) at++;
    this.negative = bytes[at] === MINUS;
    if (this.negative) at++;
    const first = at;
    let value = 0;
    let digit = bytes[at]! - ZERO;
    while (digit >= 0 && digit <= 9 && value < EXACT_LIMIT) {
      value = value * 10 + digit;
      digit = bytes[++at]! - ZERO;
    }
    if (at === first) this.fail("a number was expected");
    this.value = value;
    this.wide = null;
    if (digit >= 0 && digit <= 9) at = this.readWide(first, at);
    this.at = at;
  }

  /** The rare long number: its digits start at `first` and go on at `at`. Cut to 2^64 - 1. Returns its end. */
  private readWide(first: number, at: number): number {
    while (isDigit(this.bytes[at])) at++;
    let wide = 0n;
    for (let i = first; i < at && wide < U64_MAX; i++)
      wide = wide * 10n + BigInt(this.bytes[i]! - ZERO);
    this.wide = wide > U64_MAX ? U64_MAX : wide;
    this.value = Number(this.wide);
    return at;
  }

  private failUnknown(letter: number): never {
    const shown =
      letter > SPACE && letter < 0x7f
        ? `'${String.fromCharCode(letter)}'`
        : `byte 0x${hexByte(letter)}`;
    this.fail(`unknown operation ${shown} (a, c, m, r, f, t or x expected)`);
  }

  private fail(reason: string): never {
    throw new TraceError(this.name, this.line, reason);
  }
}

function kindOfLetter(letter: number): OpKindValue | undefined {
  switch (letter) {
    case 0x61: // a
      return OpKind.MALLOC;
    case 0x63: // c
      return OpKind.CALLOC;
    case 0x66: // f
      return OpKind.FREE;
    case 0x6d: // m
      return OpKind.MEMALIGN;
    case 0x72: // r
      return OpKind.REALLOC;
    default:
      return undefined;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function countLines(bytes: Uint8Array): number {
  let lines = 1;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
