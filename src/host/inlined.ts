// Binaries that came with the code, as text: printable ASCII that needs no escapes in a string, and that gzip and brotli take as well as the binary itself; of
// base64, which hides what repeats in it, they leave a third more.

/** Bytes below 128 are rotated by this, so that the frequent ones are characters of their own. */
const ROTATION = 59;

/** Before a character that says more: a control character, from FIRST on; behind these 16 for the high half of any byte, whose low half follows. */
const ESCAPE = 126;
const FIRST = 60;
const CONTROLS = 32;

/** @returns the bytes as text, for `inlined` */
export function inlinable(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (const byte of bytes) {
    const code = (byte + ROTATION) & 127;
    const isQuoted = [0x22, 0x5c, ESCAPE, 127].includes(code);
    if (byte > 127 || isQuoted)
      codes.push(ESCAPE, FIRST + CONTROLS + (byte >> 4), FIRST + (byte & 15));
    else if (code < CONTROLS) codes.push(ESCAPE, FIRST + code);
    else codes.push(code);
  }
  return codes.map((code) => String.fromCharCode(code)).join("");
}

/** @returns the bytes; undefined when the build put none there */
export function inlined(text: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (text === undefined) return undefined;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at);
    let high = -1;
    if (code === ESCAPE) {
      code = text.charCodeAt(++at) - FIRST;
      high = code - CONTROLS;
    }
    bytes[length++] =
      high < 0 ? (code - ROTATION) & 127 : (high << 4) | (text.charCodeAt(++at) - FIRST);
  }
  return bytes.slice(0, length);
}
