// No rings of files: what imports each other can only be read, and moved, together. And no dead
// files: each one is imported by another or named by its path, or is where something begins.

import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { BENCH_COMPILATIONS, PACKAGE_COMPILATIONS } from "../builds.mjs";
import { AS_ENTRIES, ENTRIES, entrySource } from "../entries.mjs";
import { importsOf, parse, textsOf } from "./imports.mjs";

/** Where these rules hold. Tests are found by their names. */
const RULED = /^(assembly|bench|src|tools)\/.*\.(ts|mjs)$/;

/** What asc compiles: it has no imports of types. */
const ASSEMBLY = /^(bench\/)?assembly\//;

/**
 * What is known of one file.
 * @typedef {object} Links
 * @property {Set<string>} values the files that it imports, but for those that it knows as types
 * @property {Set<string>} all every file that it imports
 * @property {string[]} texts what may be paths, as they are written
 */

/**
 * The source that a path means: what is compiled may be named as the output is, and what asc
 * compiles without an ending.
 * @param {string} path relative to the project, maybe with "./" in front
 * @param {{ has(path: string): boolean }} files all that there are
 * @returns {string | undefined} none for what is no source of the project's
 */
function sourceAt(path, files) {
  const source = posix.normalize(path).replace(/^dist\//, "src/");
  const candidates = [source, source.replace(/(\.d\.ts|\.js)$/, ".ts"), `${source}.ts`];
  return candidates.find((one) => files.has(one));
}

/**
 * Reads what files say of each other.
 * @param {ReadonlyMap<string, string>} files their texts, by path
 * @returns {Map<string, Links>} of those for which the rules hold
 */
export function linksOf(files) {
  /** @type {Map<string, Links>} */
  const links = new Map();
  for (const [path, text] of files) {
    if (!RULED.test(path)) continue;
    const source = parse(path, text);
    const found = { values: new Set(), all: new Set(), texts: textsOf(source) };
    for (const { specifier, isType } of importsOf(source)) {
      if (!specifier.startsWith(".")) continue;
      const target = sourceAt(posix.join(posix.dirname(path), specifier), files);
      if (target === undefined) continue;
      found.all.add(target);
      if (!isType || ASSEMBLY.test(path)) found.values.add(target);
    }
    links.set(path, found);
  }
  return links;
}

/**
 * The shortest way along imports from a file back to itself.
 * @param {string} start
 * @param {ReadonlyMap<string, Links>} links
 * @returns {string[] | undefined} without its end
 */
function ringAt(start, links) {
  /** @type {Map<string, string[]>} */
  const ways = new Map([[start, [start]]]);
  for (const [path, way] of ways) {
    for (const target of links.get(path)?.values ?? []) {
      if (target === start) return way;
      if (!ways.has(target)) ways.set(target, [...way, target]);
    }
  }
  return undefined;
}

/**
 * Finds rings of files that import each other.
 * @param {ReadonlyMap<string, Links>} links
 * @returns {string[]} one line for each of some that share no file
 */
export function checkRings(links) {
  const seen = new Set();
  const problems = [];
  for (const path of links.keys()) {
    const ring = seen.has(path) ? undefined : ringAt(path, links);
    if (ring === undefined || ring.some((one) => seen.has(one))) continue;
    for (const one of ring) seen.add(one);
    problems.push(`${path}: a ring of imports: ${[...ring, path].join(" -> ")}`);
  }
  return problems;
}

/**
 * What a text may name: a path from the file that it is in, or from one of the folders above.
 * @param {string} path the file's
 * @param {string} text
 * @returns {string[]}
 */
function namedBy(path, text) {
  if (!/^[\w./-]{1,200}\.\w+$/.test(text)) return [];
  const folders = path.split("/").slice(0, -1);
  return [...folders, ""].map((_, depth) => posix.join(...folders.slice(0, depth), text));
}

/**
 * Finds files that no other one imports or names.
 * @param {ReadonlyMap<string, Links>} links
 * @param {Iterable<string>} entries where something begins: paths, maybe of what is made of sources
 * @returns {string[]} one line for each
 */
export function checkDead(links, entries) {
  const alive = new Set([...entries].map((entry) => sourceAt(entry, links)));
  for (const [path, { all, texts }] of links) {
    const named = texts.flatMap((text) => namedBy(path, text));
    for (const target of [...all, ...named.map((one) => sourceAt(one, links))])
      if (target !== path) alive.add(target);
  }
  return [...links.keys()]
    .filter((path) => !alive.has(path) && !path.endsWith(".d.ts"))
    .map((path) => `${path}: nobody imports it, and it is no entry`);
}

/**
 * All words in the texts of a JSON file.
 * @param {unknown} value
 * @returns {string[]}
 */
function wordsIn(value) {
  if (typeof value === "string") return value.split(/\s+/);
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(wordsIn) : [];
}

/**
 * Where something begins: the tables of the builds and of the package's entries, and what
 * package.json (scripts, commands, exports) and TypeDoc's settings name.
 * @param {string} root the project's folder
 * @returns {string[]}
 */
export function entriesOf(root) {
  const compiled = [...PACKAGE_COMPILATIONS, ...BENCH_COMPILATIONS];
  const settings = ["package.json", "typedoc.json"];
  return [
    ...compiled.flatMap(({ entry, options }) => [entry, ...options]),
    ...ENTRIES.map((name) => `src/${entrySource(name)}`),
    ...AS_ENTRIES.map((name) => `assembly/${name}.ts`),
    ...settings.flatMap((name) => wordsIn(JSON.parse(readFileSync(join(root, name), "utf8")))),
  ];
}
