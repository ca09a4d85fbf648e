// Text in memory, as UTF-8. Decoders and encoders of browsers refuse shared and resizable buffers
// (https://webidl.spec.whatwg.org/#AllowResizable), so there bytes are copied on the way.

import { show } from "../base/checks.js";
import { isSharedBuffer, needed } from "../base/realm.js";

/** How bytes become text. */
export interface DecodeOptions {
  /** Whether bytes that are no UTF-8 are an error; by default each bad piece reads as U+FFFD. */
  fatal?: boolean;
}

/** How text becomes bytes of a place that is given. */
export interface WriteOptions {
  /**
   * Whether text that does not fit is cut after its last whole character; by default it is an
   * error.
   */
  truncate?: boolean;
}

/**
 * By whether bytes that are no UTF-8 are an error. Made when first needed: not all hosts have them.
 */
const decoders: TextDecoder[] = [];
let encoder: TextEncoder | undefined;

function decoder(fatal: boolean): TextDecoder {
  // What looks like a byte order mark is text too: it must not vanish on the way.
  return (decoders[Number(fatal)] ??= new (needed("TextDecoder"))("utf-8", {
    ignoreBOM: true,
    fatal,
  }));
}

/**
 * Whether the buffer is shared or resizable: views of it stay valid, and decoders must not be given
 * it.
 */
export function isUnusual(buffer: ArrayBufferLike): boolean {
  return isSharedBuffer(buffer) || (buffer as { resizable?: boolean }).resizable === true;
}

/** @throws TypeError when it is no text */
export function checkText(name: string, text: unknown): asserts text is string {
  if (typeof text !== "string") throw new TypeError(`${name} must be a string, got ${show(text)}`);
}

/**
 * @returns the text's UTF-8; a surrogate without its other half is U+FFFD, as everywhere on the Web
 */
export function encode(text: string): Uint8Array {
  return (encoder ??= new (needed("TextEncoder"))()).encode(text);
}

/** @throws TypeError naming `call` when `fatal` is asked for and the bytes are no UTF-8 */
export function decode(call: string, bytes: Uint8Array, { fatal }: DecodeOptions = {}): string {
  const usual = isUnusual(bytes.buffer) ? bytes.slice() : bytes;
  const by = decoder(fatal === true);
  try {
    return by.decode(usual);
  } catch (cause) {
    throw new TypeError(`${call}: the ${bytes.length} bytes are not valid UTF-8`, { cause });
  }
}

/**
 * Writes text to the beginning of `target`.
 * @returns bytes written
 * @throws RangeError naming `call` when it does not fit and is not to be cut
 */
export function encodeInto(
  call: string,
  target: Uint8Array,
  text: string,
  { truncate }: WriteOptions = {},
): number {
  const bytes = encode(text);
  let length = bytes.length;
  if (length > target.length) {
    if (truncate !== true)
      throw new RangeError(
        `${call}: the text needs ${length} bytes, there is room for ${target.length}`,
      );
    length = target.length;
    // Not into the middle of a character: its later bytes are 10xxxxxx.
    while (length > 0 && (bytes[length]! & 0xc0) === 0x80) length--;
  }
  target.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return length;
}

/**
 * @throws TypeError when it is no text, RangeError when it has a character that would end it early
 *   in C
 */
export function checkCText(name: string, text: unknown): asserts text is string {
  checkText(name, text);
  const at = text.indexOf("\0");
  if (at >= 0) throw new RangeError(`${name} must not contain U+0000, which is at index ${at}`);
}
