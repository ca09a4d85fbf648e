// Bytes as strace writes them: a C string, of which the beginning is shown.

/**
 * Reads what a pointer points at; undefined where nothing can be read. Addresses are unsigned,
 * lengths in bytes.
 */
export type MemoryReader = (address: number, length: number) => Uint8Array | undefined;

/** Bytes that are shown before "..." (strace's -s). */
const SHOWN_BYTES = 32;

const ESCAPES = new Map(
  Object.entries({
    '"': '\\"',
    "\\": "\\\\",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
  }),
);

function isOctalDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x37;
}

/** One byte; `next` is the one behind it, which an octal number must not run into. */
function escaped(byte: number, next: number | undefined): string {
  const character = String.fromCharCode(byte);
  const escape = ESCAPES.get(character);
  if (escape !== undefined) return escape;
  if (byte >= 0x20 && byte < 0x7f) return character;
  return `\\${byte.toString(8).padStart(isOctalDigit(next) ? 3 : 1, "0")}`;
}

/**
 * A string argument.
 * @param address where it is; 0 is NULL
 * @returns such as `"abc\\n"...`; undefined when it cannot be read, where strace writes the address
 */
export function stringText(
  read: MemoryReader,
  address: bigint,
  length: bigint,
): string | undefined {
  if (address === 0n) return undefined;
  // strace reads one byte more than it shows, and gives up when it cannot.
  const wanted = length > SHOWN_BYTES ? SHOWN_BYTES + 1 : Number(length);
  const bytes = wanted === 0 ? new Uint8Array() : read(Number(address), wanted);
  if (bytes === undefined) return undefined;
  return quoted(bytes, length > SHOWN_BYTES);
}

function quoted(bytes: Uint8Array, isMore: boolean): string {
  const shown = [...bytes.subarray(0, SHOWN_BYTES)].map((byte, i, all) =>
    escaped(byte, all[i + 1]),
  );
  return `"${shown.join("")}"${isMore ? "..." : ""}`;
}

/**
 * A string argument that ends with a 0.
 * @param address where it is, not NULL
 * @returns as `stringText`; undefined when it cannot be read as far as it is shown
 */
export function terminatedText(read: MemoryReader, address: bigint): string | undefined {
  const found: number[] = [];
  while (found.length <= SHOWN_BYTES) {
    const byte = read(Number(address) + found.length, 1)?.[0];
    if (byte === undefined) return undefined;
    if (byte === 0) break;
    found.push(byte);
  }
  return quoted(Uint8Array.from(found), found.length > SHOWN_BYTES);
}
