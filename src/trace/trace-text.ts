// The text of a trace, token by token: encodings, lines, numbers, and errors that say where.
//
// A number is a whole token, in decimal or hex (0x…), with a minus sign at most; whatever else
// stands there is an error that names line, column and rule. Works on bytes, once over the text:
// half a million operations take a few hundredths of a second.

import { TraceError, TWO_TO_32 } from "./trace.js";

const TAB = 0x09;
export const NEWLINE = 0x0a;
const RETURN = 0x0d;
export const SPACE = 0x20;
const HASH = 0x23;
const MINUS = 0x2d;
const ZERO = 0x30;
const LOWER_X = 0x78;
/** The bit by which ASCII's small letters differ from the capital ones. */
const LOWER_CASE = 0x20;
/** Numbers below this are exact as a double, even times ten plus nine. */
const EXACT_LIMIT = 900_719_925_474_098;
const U64_MAX = (1n << 64n) - 1n;
/** Longer tokens are clipped in messages. */
const MOST_SHOWN = 40;

/** A place in the text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Reads lines of tokens. */
export class TraceText {
  /** The line that is being read, from 1. */
  line = 1;
  /** The number that was read last; `wide` is set where it is not exact in `value`. */
  value = 0;
  wide: bigint | null = null;
  negative = false;
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #at = 0;
  #lineStart = 0;
  /** Where the comment begins that was met last; -1 before the first. */
  #hash = -1;
  #decoder: TextDecoder | undefined;

  /** @param bytes UTF-8 or any superset of ASCII, or UTF-16; a byte order mark is skipped */
  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = inAscii(bytes);
    this.#name = name;
    const [a, b, c] = this.#bytes;
    if (a === 0xef && b === 0xbb && c === 0xbf) this.#lineStart = this.#at = 3;
  }

  /** @returns how many lines there are, at most */
  countLines(): number {
    let lines = 1;
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length; at++)
      if (bytes[at] === NEWLINE || bytes[at] === RETURN) lines++;
    return lines;
  }

  /** Where the next character is. */
  get place(): Place {
    return { line: this.line, column: this.#at - this.#lineStart + 1 };
  }

  /** The next character's code; undefined at the end of the text. */
  get next(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** Whether the text ends within this line: behind its newline there would be another one. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /**
   * Whether the next character is all of a word: an id may stand right behind it, letters may not.
   */
  get isOneLetter(): boolean {
    const behind = this.#bytes[this.#at + 1];
    return isBlank(behind) || isLineEnd(behind) || isDigit(behind) || behind === MINUS;
  }

  /** Takes the next character. */
  skip(): void {
    this.#at++;
  }

  /**
   * Moves to the next line that is neither blank nor a comment.
   * @returns false at the end of the text
   */
  nextLine(): boolean {
    for (;;) {
      if (!this.atLineEnd()) return true;
      if (this.isAtEnd) return false;
      this.skipLine();
    }
  }

  /** Moves over blanks. @returns whether nothing but a comment is left of the line */
  atLineEnd(): boolean {
    const bytes = this.#bytes;
    while (isBlank(bytes[this.#at])) this.#at++;
    const byte = bytes[this.#at];
    if (byte === HASH) {
      this.#hash = this.#at;
      this.#toLineEnd();
    }
    return byte === HASH || isLineEnd(byte);
  }

  /** Whether a comment has been met on this line, at whose end we are. */
  get hasComment(): boolean {
    return this.#hash >= this.#lineStart;
  }

  /** @returns the text of the comment of this line, at whose end we are */
  comment(): string {
    const bytes = this.#bytes.subarray(this.#hash + 1, this.#at);
    this.#decoder ??= new TextDecoder();
    return this.#decoder.decode(bytes).trim();
  }

  /** Moves to the begin of the next line, which a newline, a carriage return or both end. */
  skipLine(): void {
    this.#toLineEnd();
    const bytes = this.#bytes;
    if (this.isAtEnd) return;
    if (bytes[this.#at] === RETURN && bytes[this.#at + 1] === NEWLINE) this.#at++;
    this.#lineStart = ++this.#at;
    this.line++;
  }

  #toLineEnd(): void {
    while (!isLineEnd(this.#bytes[this.#at])) this.#at++;
  }

  /** @returns whether a number begins here */
  startsNumber(): boolean {
    const { next } = this;
    return next === MINUS || isDigit(next);
  }

  /**
   * Reads a number, which is all of the next token: blanks, an optional minus sign, digits.
   * @param what the number is, for messages, such as "SIZE"
   * @throws TraceError when the token is no number, or is above 2^64 - 1
   */
  readNumber(what: string): void {
    const bytes = this.#bytes;
    while (isBlank(bytes[this.#at])) this.#at++;
    const begin = this.#at;
    let at = begin;
    this.negative = bytes[at] === MINUS;
    if (this.negative) at++;
    const first = at;
    let value = 0;
    let digit = bytes[at]! - ZERO;
    while (digit >= 0 && digit <= 9 && value < EXACT_LIMIT) {
      value = value * 10 + digit;
      digit = bytes[++at]! - ZERO;
    }
    this.value = value;
    this.wide = null;
    const end = bytes[at];
    if (at === first || !(isBlank(end) || isLineEnd(end))) at = this.#readRare(what, begin, first);
    this.#at = at;
  }

  /**
   * A number that is not short and decimal, or none: its digits begin at `first`.
   * @returns its end
   */
  #readRare(what: string, begin: number, first: number): number {
    const end = this.#tokenEnd(begin);
    const text = String.fromCharCode(...this.#bytes.subarray(first, Math.min(end, first + 200)));
    const isHex = this.#bytes[first] === ZERO && (this.#bytes[first + 1]! | LOWER_CASE) === LOWER_X;
    if (!(isHex ? /^0x[0-9a-f]+$/i : /^[0-9]+$/).test(text)) {
      this.fail(`${what} ${this.token()} is not a whole number, decimal or hex (0x…)`);
    }
    const wide = end - first > 200 ? U64_MAX + 1n : BigInt(text);
    if (wide > U64_MAX) this.fail(`${what} ${this.token()} is above 2^64 - 1`);
    this.value = Number(wide);
    this.wide = Number.isSafeInteger(this.value) ? null : wide;
    return end;
  }

  /** The number's bits 0 to 31. */
  lowHalf(): number {
    return this.wide === null ? this.value >>> 0 : Number(this.wide & 0xffff_ffffn);
  }

  /** The number's bits 32 to 63. */
  highHalf(): number {
    return this.wide === null ? (this.value / TWO_TO_32) >>> 0 : Number(this.wide >> 32n);
  }

  /** @returns the token that begins here, as messages show it: quoted, clipped */
  token(): string {
    const end = this.#tokenEnd(this.#at);
    const shown = this.#bytes.subarray(this.#at, Math.min(end, this.#at + MOST_SHOWN));
    const letters = Array.from(shown, (byte) =>
      byte > SPACE && byte < 0x7f ? String.fromCharCode(byte) : `\\x${hexByte(byte)}`,
    );
    return `"${letters.join("")}${end - this.#at > MOST_SHOWN ? "…" : ""}"`;
  }

  #tokenEnd(at: number): number {
    while (!isBlank(this.#bytes[at]) && !isLineEnd(this.#bytes[at])) at++;
    return at;
  }

  /** @throws TraceError that names the place, by default where the next character is */
  fail(reason: string, { line, column } = this.place): never {
    throw new TraceError(this.#name, line, reason, column);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

/** Whether scanf takes it for white space within a line: vertical tabs and form feeds, too. */
function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === 0x0b || byte === 0x0c;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === NEWLINE || byte === RETURN || byte === undefined;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/**
 * @returns the text in a superset of ASCII: UTF-16, told by its byte order mark or its nulls, as
 *   UTF-8
 */
function inAscii(bytes: Uint8Array): Uint8Array {
  const [a, b] = bytes;
  const isLittle = (a === 0xff && b === 0xfe) || (a !== undefined && a !== 0 && b === 0);
  const isBig = (a === 0xfe && b === 0xff) || (a === 0 && b !== undefined && b !== 0);
  if (!isLittle && !isBig) return bytes;
  const text = new TextDecoder(isLittle ? "utf-16le" : "utf-16be").decode(bytes);
  return new TextEncoder().encode(text);
}
