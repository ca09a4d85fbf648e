// The files of the explorer: in one archive of the package, together with the package's own
// binaries and recordings, which it needs besides.
//
//   brotli( one line of JSON: [[path, bytes], …]  NEWLINE  the files, one after the other )

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { archived } from "../../binary/archive.js";
import { bundledRecordings } from "../inputs.js";
import { UserError } from "../io.js";
import { packageRoot } from "../package-root.js";
import { pathToFileURL } from "node:url";

/** Where the archive is, in the package. */
const ARCHIVE = "dist/cli/explorer.br";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  wasm: "application/wasm",
};

/** A file to be served. */
export interface ServedFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** @returns the media type of a file */
export function typeOf(path: string): string {
  return TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}

/** The explorer's files. */
export class ExplorerFiles {
  readonly #archive: ReadonlyMap<string, Uint8Array>;
  readonly #traces: ReadonlyMap<string, string>;
  readonly #root: string;

  /** @throws UserError where the package was built without it */
  constructor(root = packageRoot()) {
    this.#root = root;
    this.#archive = readArchive(join(root, ARCHIVE));
    this.#traces = new Map(bundledRecordings().map((path) => [basename(path), path]));
  }

  /**
   * @param path without a slash in front: `index.html`, `wasm/full.ilp32.wasm`
   * @returns undefined where there is no such file
   */
  find(path: string): ServedFile | undefined {
    const bytes = this.#bytes(path === "" ? "index.html" : path);
    return bytes && { type: typeOf(path === "" ? "index.html" : path), bytes };
  }

  #bytes(path: string): Uint8Array | undefined {
    const own = this.#archive.get(path);
    if (own !== undefined) return own;
    const [folder, name, ...more] = path.split("/");
    if (folder === "package") return this.#module(path.slice("package/".length));
    if (name === undefined || more.length > 0) return undefined;
    if (folder === "traces") return this.#trace(name);
    return folder === "wasm" ? this.#binary(name) : undefined;
  }

  /** A module of the package's own. */
  #module(path: string): Uint8Array | undefined {
    const isModule = /^([\w-]+\/)?[\w.-]+\.js$/.test(path) && !path.includes("..");
    const file = join(this.#root, "dist", path);
    return isModule && existsSync(file) ? readFileSync(file) : undefined;
  }

  #trace(name: string): Uint8Array | undefined {
    if (name === "index.json") {
      const names = [...this.#traces.keys()].map((file) => file.replace(/\.rep\.gz$/, ""));
      names.sort((a, b) => Number(b === "git-log") - Number(a === "git-log"));
      return new TextEncoder().encode(JSON.stringify(names));
    }
    const path = this.#traces.get(name);
    return path === undefined ? undefined : readFileSync(path);
  }

  #binary(name: string): Uint8Array | undefined {
    if (!/^[\w.-]+\.wasm$/.test(name)) return undefined;
    const path = join(this.#root, "build", name);
    if (existsSync(path)) return readFileSync(path);
    const archive = pathToFileURL(join(this.#root, "build/binaries.br"));
    return archived(archive)?.get(name.replace(/\.wasm$/, ""));
  }
}

function readArchive(path: string): ReadonlyMap<string, Uint8Array> {
  let packed;
  try {
    packed = readFileSync(path);
  } catch {
    throw new UserError(`${path} is missing: in a checkout, npm run build makes it`);
  }
  const bytes = brotliDecompressSync(packed);
  const end = bytes.indexOf("\n");
  let at = end + 1;
  const list = JSON.parse(bytes.toString("utf8", 0, end)) as [string, number][];
  return new Map(list.map(([name, size]) => [name, bytes.subarray(at, (at += size))]));
}
