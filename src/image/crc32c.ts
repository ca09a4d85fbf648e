// CRC-32C (Castagnoli; RFC 3720, appendix B.4), which covers headers, tables and indices of images.
// Pages, of which there are many, are covered by XXH64, which WebAssembly computes.

/** The generator polynomial, its bits in reverse. */
const POLYNOMIAL = 0x82f63b78;

/** What each byte adds. */
const TABLE = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
  return sum;
});

/** The CRC-32C of bytes, unsigned. That of the text "123456789" is 0xe3069283. */
export function crc32c(bytes: Uint8Array): number {
  let sum = -1;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 0xff]! ^ (sum >>> 8);
  return ~sum >>> 0;
}
