// Where exports, imports and snapshots go: standard output, or a file, gzipped by its name.

import { createWriteStream, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
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

/**
 * Makes a folder, and those that it lies in, where they are not there. One after the other: Node.js
 * 20, asked for all at once, tries for ever where the kernel lets nobody make one, as in /proc.
 * @throws UserError for one that cannot be made
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Somebody else has made it meanwhile.
      if (!existsSync(folder)) throw fileError(folder, error);
    }
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
