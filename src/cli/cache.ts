// The user's cache: what the command line compiles or fetches once and keeps.

import { existsSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, extname, join } from "node:path";
import { NAME } from "./io.js";
import { makeFolder } from "./output.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns the folder: $XDG_CACHE_HOME/ptmalloc-wasm, or ~/.cache/ptmalloc-wasm */
export function cacheFolder(env: Environment): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), NAME);
}

/**
 * Makes a file or a folder of the cache if it is not there.
 * @param path of what is wanted
 * @param make makes it under another name, whose ending is the same: of this process alone, as two
 *   may make it at the same time
 * @returns whether it was made now
 * @throws what `make` throws; then nothing is left
 */
export function keptIn(path: string, make: (fresh: string) => void): boolean {
  if (existsSync(path)) return false;
  const ending = extname(path);
  const fresh = `${path.slice(0, path.length - ending.length)}.${process.pid}${ending}`;
  makeFolder(dirname(path));
  try {
    make(fresh);
    // A folder that another process has made meanwhile cannot be replaced.
    if (!existsSync(path)) renameSync(fresh, path);
    return true;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
