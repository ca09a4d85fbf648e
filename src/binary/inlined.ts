// Binaries that came with the code, as text: printable ASCII that needs no escapes in a string. The
// bytes that are frequent in the binary are characters of their own, so that gzip and brotli take
// the text as well as the binary itself; of base64, which hides what repeats in it, they leave a
// third more.
//
//   64 hexadecimal digits: bit n % 4 of digit n / 4 says whether byte n is a character of its own
//   the bytes: those in the order of their values, each from " " on; the others behind an escape

/** Behind these are the first of the other bytes, and the rest. */
const ESCAPES = "}~";
const CHARACTERS = 91;
const MASK_DIGITS = 64;

/** @returns a printable character, without those that a string would escape */
function character(index: number): string {
  let code = 32 + index;
  if (code >= 34) code++;
  if (code >= 92) code++;
  return String.fromCharCode(code);
}

/** @returns the bytes as text, for `inlined` */
export function inlinable(bytes: Uint8Array): string {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte]!++;
  const byCount = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]!);
  const frequent = new Set(byCount.slice(0, CHARACTERS));
  const texts: string[] = [];
  let others = 0;
  let own = 0;
  for (let byte = 0; byte < 256; byte++) {
    const index = frequent.has(byte) ? own++ : others++;
    const escape = frequent.has(byte) ? "" : ESCAPES.charAt(Math.floor(index / CHARACTERS));
    texts[byte] = escape + character(index % CHARACTERS);
  }
  const mask = Array.from({ length: MASK_DIGITS }, (_, at) =>
    [0, 1, 2, 3].reduce((sum, bit) => sum | (Number(frequent.has(4 * at + bit)) << bit), 0),
  );
  const digits = mask.map((digit) => digit.toString(16)).join("");
  return digits + Array.from(bytes, (byte) => texts[byte]).join("");
}

/** @returns the bytes; undefined when the build put none there */
export function inlined(text: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (text === undefined) return undefined;
  const own: number[] = [];
  const others: number[] = [];
  for (let byte = 0; byte < 256; byte++)
    ((parseInt(text.charAt(byte >> 2), 16) >> (byte & 3)) & 1 ? own : others).push(byte);
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = MASK_DIGITS; at < text.length; at++) {
    const escape = ESCAPES.indexOf(text.charAt(at));
    const code = text.charCodeAt(escape < 0 ? at : ++at);
    const index = code - 32 - Number(code > 34) - Number(code > 92);
    bytes[length++] = escape < 0 ? own[index]! : others[escape * CHARACTERS + index]!;
  }
  return bytes.slice(0, length);
}
