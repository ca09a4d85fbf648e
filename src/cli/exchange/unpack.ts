// Recordings as they lie in files: plain, gzip or zstd, told by their first bytes.

import * as zlib from "node:zlib";
import { decompress } from "fzstd";
import { isGzip, tried } from "../inputs.js";

const ZSTD = [0x28, 0xb5, 0x2f, 0xfd] as const;

/** Node's own zstd, from 22.15 on; the types are those of the oldest Node that is supported. */
const { zstdDecompressSync } = zlib as unknown as {
  zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
};

/**
 * @param name what to call the file in messages
 * @returns the bytes, unpacked if they are packed
 * @throws TraceError for damaged ones
 */
export function unpacked(bytes: Uint8Array, name: string): Uint8Array {
  if (isGzip(bytes)) return tried("gzip", name, () => zlib.gunzipSync(bytes));
  if (ZSTD.every((byte, index) => bytes[index] === byte)) {
    return tried("zstd", name, () => (zstdDecompressSync ?? decompress)(bytes));
  }
  return bytes;
}
