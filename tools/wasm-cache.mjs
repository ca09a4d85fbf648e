// Compiled binaries by what they were made of: a key is the hash of asc's version and options,
// asconfig.json and every file that the compilation reads, comments included, as some of them end
// up in src/layout/generated.ts. An entry that does not match its own hash is not taken. The folder
// may be deleted at any time.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import ts from "typescript";

/** Changes whenever entries would be read differently. */
const FORMAT = 1;

/** Entries that are kept of each binary. */
const KEPT = 8;

/**
 * @typedef {object} Entry what asc made
 * @property {Uint8Array} wasm the binary
 * @property {object | null} layout what tools/layout-transform.mjs collected
 */

/**
 * @param {readonly (string | Uint8Array)[]} parts
 * @returns {string} their hash, as 64 hex digits
 */
export function hashOf(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}

/** @param {string} path @returns {string | null} the content of a file, null where there is none */
export function contentOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/**
 * What sources import, by their text: compilations have most of them in common.
 * @type {Map<string, string[]>}
 */
const imported = new Map();

/** @param {string} text @returns {string[]} the files that a source names, packages left out */
function importsOf(text) {
  const known = imported.get(text);
  if (known !== undefined) return known;
  const all = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const files = all.filter((name) => name.startsWith("."));
  imported.set(text, files);
  return files;
}

/**
 * Every file that sources import, directly or not, packages left out.
 * @param {string} root the project's folder
 * @param {readonly string[]} entries paths relative to it
 * @returns {Map<string, string>} content by path, in the order of the paths
 * @throws {Error} for an import that leads nowhere
 */
export function sourcesOf(root, entries) {
  /** @type {Map<string, string>} */
  const found = new Map();
  /**
   * @param {string[]} candidates the first that exists is meant
   * @param {string} from who imports it
   */
  const visit = (candidates, from) => {
    if (candidates.some((path) => found.has(path))) return;
    for (const path of candidates) {
      const text = contentOf(join(root, path));
      if (text === null) continue;
      found.set(path, text);
      for (const fileName of importsOf(text)) {
        const target = posix.join(posix.dirname(path), fileName);
        visit([`${target}.ts`, `${target}/index.ts`, target], path);
      }
      return;
    }
    throw new Error(`${from}: there is no ${candidates[0]}`);
  };
  for (const entry of entries) visit([posix.normalize(entry)], "tools/builds.mjs");
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The key of a compilation.
 * @param {string} root the project's folder
 * @param {import("./builds.mjs").Compilation} compilation
 * @returns {string}
 */
export function keyOf(root, { entry, options }) {
  const transforms = options.filter((_, index) => options[index - 1] === "--transform");
  const entries = [entry, ...options.filter((option) => /^[^-.].*\.ts$/.test(option))];
  const versions = ["assemblyscript", "binaryen"].map(
    (name) => contentOf(join(root, "node_modules", name, "package.json")) ?? "none",
  );
  const config = contentOf(join(root, "asconfig.json")) ?? "none";
  const places = contentOf(join(root, "assembly/abi/assertions.json")) ?? "none";
  const sources = [...sourcesOf(root, [...entries, ...transforms])].flat();
  return hashOf([String(FORMAT), entry, ...options, ...versions, config, places, ...sources]);
}

/** A folder of entries. */
export class WasmCache {
  /** @type {string} */
  #folder;

  /** @param {string} folder where they are; made when needed */
  constructor(folder) {
    this.#folder = folder;
  }

  /** @param {string} name @param {string} key */
  #fileOf(name, key) {
    return join(this.#folder, `${name.replaceAll("/", "-")}@${key.slice(0, 24)}`);
  }

  /**
   * @param {string} name the binary's
   * @param {string} key from `keyOf`
   * @returns {Entry | null} null where there is none, or a damaged one
   */
  read(name, key) {
    try {
      const { digest, wasm, layout } = JSON.parse(readFileSync(this.#fileOf(name, key), "utf8"));
      if (digest !== hashOf([key, wasm, JSON.stringify(layout)])) return null;
      return { wasm: Buffer.from(wasm, "base64"), layout };
    } catch {
      return null;
    }
  }

  /**
   * Keeps an entry, and forgets the oldest ones of the same binary.
   * @param {string} name
   * @param {string} key
   * @param {Entry} entry
   */
  write(name, key, { wasm, layout }) {
    const text = Buffer.from(wasm).toString("base64");
    const digest = hashOf([key, text, JSON.stringify(layout)]);
    const file = this.#fileOf(name, key);
    writeAtomically(file, JSON.stringify({ digest, wasm: text, layout }));
    const prefix = file.slice(this.#folder.length + 1, file.lastIndexOf("@") + 1);
    const ofName = readdirSync(this.#folder)
      .filter((other) => other.startsWith(prefix))
      .map((other) => join(this.#folder, other))
      .map((path) => ({ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((a, b) => b.time - a.time);
    for (const { path } of ofName.slice(KEPT)) rmSync(path, { force: true });
  }
}

/**
 * Writes a file so that nobody ever reads half of it.
 * @param {string} path
 * @param {string | Uint8Array} content
 */
export function writeAtomically(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const scratch = `${path}.${process.pid}`;
  writeFileSync(scratch, content);
  renameSync(scratch, path);
}
