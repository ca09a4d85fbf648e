// The recorder that a program is run with: its C source is in the package, and the user's own
// compiler makes a library of it, once, into a cache.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, keptIn } from "../cache.js";
import { UserError, type CliIo } from "../io.js";
import { packageRoot } from "../package-root.js";

const SOURCES = ["record.c", "io.h"] as const;
const COMPILERS = ["cc", "gcc", "clang"] as const;
const FLAGS = ["-std=gnu11", "-O2", "-shared", "-fPIC"] as const;

/**
 * @returns the path of the recorder's library, compiled if it has not been before
 * @throws UserError where the system is not Linux, there is no compiler, or it refuses
 */
export function recorderLibrary({ env, stderr }: CliIo): string {
  if (process.platform !== "linux")
    throw new UserError(`record needs Linux with glibc; this is ${process.platform}`);
  const folder = join(packageRoot(), "recorder");
  const hash = createHash("sha256").update(`${process.arch} ${FLAGS.join(" ")}`);
  for (const name of SOURCES) hash.update(readFileSync(join(folder, name)));
  const library = join(cacheFolder(env), `record-${hash.digest("hex").slice(0, 16)}.so`);
  if (existsSync(library)) return library;
  const compiler = env["CC"] || COMPILERS.find(isThere);
  if (compiler === undefined)
    throw new UserError(
      `record compiles its recorder once, and finds no compiler (${COMPILERS.join(", ")}): ` +
        "install gcc or clang with glibc's headers, or set CC",
    );
  keptIn(library, (fresh) => compile(compiler, folder, fresh));
  stderr.write(`ptmalloc-wasm: compiled ${library} with ${compiler}\n`);
  return library;
}

function compile(compiler: string, folder: string, library: string): void {
  const args = [...FLAGS, "-o", library, join(folder, SOURCES[0])];
  const run = spawnSync(compiler, args, { encoding: "utf8" });
  if (run.status === 0) return;
  const said = run.error?.message ?? run.stderr.trim();
  throw new UserError(`${compiler} cannot compile the recorder:\n${said}`);
}

function isThere(compiler: string): boolean {
  return spawnSync(compiler, ["--version"], { stdio: "ignore" }).status === 0;
}
