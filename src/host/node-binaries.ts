// Where Node.js finds the WebAssembly binaries: in build/, beside the folder this file is in, both in a checkout and
// in the installed package. With kernel/files/node.ts the only file outside src/cli that may use Node's own modules.

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../build/${name}.wasm`, import.meta.url));
}

function explain(name: string, cause: unknown): Error {
  return new Error(
    `cannot read ${pathOf(name)}: the WebAssembly binaries are made by "npm run build:wasm"`,
    { cause },
  );
}

/**
 * Reads a binary.
 * @param name build and layout, such as "core.ilp32"
 * @throws Error naming the path and how to make the file
 */
export async function readBinary(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(pathOf(name)));
  } catch (cause) {
    throw explain(name, cause);
  }
}

/** As `readBinary`, without waiting. */
export function readBinarySync(name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(pathOf(name)));
  } catch (cause) {
    throw explain(name, cause);
  }
}
