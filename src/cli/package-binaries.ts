// The binaries that the package has: as files in build/, and in its archive.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ARCHIVE, archived } from "../binary/archive.js";
import { packageRoot } from "./package-root.js";

const ENDING = ".wasm";

/** @returns the folder that binaries are in */
function folder(): string {
  return join(packageRoot(), "build");
}

function archive(): ReadonlyMap<string, Uint8Array> {
  return archived(pathToFileURL(join(folder(), ARCHIVE))) ?? new Map<string, Uint8Array>();
}

/** @returns the names of all binaries, such as "core-2.43.ilp32", sorted */
export function packageBinaries(): string[] {
  const files = existsSync(folder()) ? readdirSync(folder()) : [];
  const plain = files.filter((file) => file.endsWith(ENDING));
  const names = [...archive().keys(), ...plain.map((file) => file.slice(0, -ENDING.length))];
  return [...new Set(names)].sort();
}

/** @returns a binary's bytes @throws Error where there is no such binary */
export function packageBinary(name: string): Uint8Array {
  const file = join(folder(), name + ENDING);
  if (existsSync(file)) return readFileSync(file);
  const bytes = archive().get(name);
  if (bytes === undefined) throw new Error(`${file} is not there, and not in ${ARCHIVE}`);
  return bytes;
}
