// The AssemblyScript sources that the package has of each glibc: the default's as files in as/, of
// all versions what differs from these in an archive beside them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { unpacked } from "../../binary/archive.js";
import type { GlibcVersion } from "../../binary/glibc.js";
import { packageRoot } from "../package-root.js";

/** The archive's name, in as/. */
const ARCHIVE = "versions.br";

/** What the archive calls the list of a version's files. */
const LIST = "files";

/**
 * A version's sources, as they are outside of the package.
 * @returns their texts by their paths, with forward slashes, such as "source/process.ts"
 */
export function runtimeSources(glibc: GlibcVersion): ReadonlyMap<string, string> {
  const folder = join(packageRoot(), "as");
  const archive = unpacked(brotliDecompressSync(readFileSync(join(folder, ARCHIVE))));
  const textOf = (path: string) => {
    const bytes = archive.get(`${glibc}/${path}`) ?? readFileSync(join(folder, path));
    return new TextDecoder().decode(bytes);
  };
  return new Map(
    textOf(LIST)
      .split("\n")
      .map((path) => [path, textOf(path)]),
  );
}
