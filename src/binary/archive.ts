// The package's archive of binaries: those that few ask for, mostly of other versions of glibc,
// lie in one file together. They are so alike that all of them take little more room than a few
// would. Only Node.js and what takes after it can read it; for browsers the command line writes
// binaries out (`ptmalloc-wasm binaries`).
//
//   brotli( one line of JSON: [[name, bytes], …]  NEWLINE  the binaries, one after the other )

import { nodeModule } from "../base/node.js";

/** The archive's name, in build/. */
export const ARCHIVE = "binaries.br";

let known: ReadonlyMap<string, Uint8Array> | undefined;

/** @returns what is in an archive that is decompressed: binaries by name, "core-2.43.ilp32" */
export function unpacked(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const end = bytes.indexOf("\n".charCodeAt(0));
  const line = String.fromCharCode(...bytes.subarray(0, end));
  let at = end + 1;
  return new Map(
    (JSON.parse(line) as [string, number][]).map(([name, size]) => [
      name,
      bytes.subarray(at, (at += size)),
    ]),
  );
}

/**
 * The binaries of the archive.
 * @param file its URL
 * @returns undefined where there is no such file, or no Node.js to read it
 */
export function archived(file: URL): ReadonlyMap<string, Uint8Array> | undefined {
  const fs = nodeModule("node:fs");
  const zlib = nodeModule("node:zlib");
  if (known || !fs || !zlib) return known;
  let packed;
  try {
    packed = fs.readFileSync(file);
  } catch {
    return undefined;
  }
  return (known = unpacked(zlib.brotliDecompressSync(packed)));
}
