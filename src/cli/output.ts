// Where exports, imports and snapshots go: standard output, or a file, gzipped by its name.

import { createWriteStream, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { isError } from "../base/realm.js";
import { fileError } from "./inputs.js";
import { systemReason, type CliIo } from "./io.js";

/**
 * Writes a text.
 * @param path a file, gzipped where its name ends in ".gz"; undefined is standard output
 * @throws UserError for a file that cannot be written; what making the pieces throws
 */
export async function writeText(
  pieces: Iterable<string>,
  path: string | undefined,
  io: CliIo,
): Promise<void> {
  if (path === undefined) {
    for (const piece of pieces) io.stdout.write(piece);
    return;
  }
  const file = createWriteStream(path);
  const source = Readable.from(pieces);
  try {
    await (path.endsWith(".gz")
      ? pipeline(source, createGzip({ level: 9 }), file)
      : pipeline(source, file));
  } catch (error) {
    throw isError(error) && systemReason(error) !== undefined ? fileError(path, error) : error;
  }
}

/** Writes a whole file. @throws UserError for one that cannot be written */
export function writeWhole(path: string, content: Uint8Array | string): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw fileError(path, error);
  }
}
