// Blocks that are filled with one byte, and how one tells quickly that they still are.

/** Where the first byte is that is another one; -1 when there is none. */
export function firstOther(bytes: Uint8Array, byte: number): number {
  // All are the same when each is the one before it: that is a comparison of memory, where a
  // callback for every byte would take most of a test's time.
  const isWhole =
    bytes.length === 0 ||
    (bytes[0] === byte && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0);
  return isWhole ? -1 : bytes.findIndex((other) => other !== byte);
}
