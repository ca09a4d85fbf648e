// The files that a command in a page has: those that the page gave it, below /package.

import path from "path-browserify";
import { version } from "../../../package.json";

export const HOME = "/package";

const encoded = (text) => new TextEncoder().encode(text);
const files = new Map([[`${HOME}/package.json`, encoded(JSON.stringify({ version }))]]);

/** @param {Iterable<[string, Uint8Array]>} given by path, relative to /package */
export function setFiles(given) {
  for (const [name, bytes] of given) files.set(`${HOME}/${name}`, bytes);
}

/** @param {string | URL} name */
const absolute = (name) =>
  name instanceof URL ? decodeURIComponent(name.pathname) : path.resolve(HOME, name);

function missing(name, syscall) {
  const text = `ENOENT: no such file or directory, ${syscall} '${name}'`;
  return Object.assign(new Error(text), { code: "ENOENT", syscall });
}

export function existsSync(name) {
  const at = absolute(name);
  return files.has(at) || [...files.keys()].some((file) => file.startsWith(`${at}/`));
}

export function readFileSync(name, options) {
  const bytes = files.get(absolute(name));
  if (bytes === undefined) throw missing(name, "open");
  return options === undefined ? bytes : new TextDecoder().decode(bytes);
}

export function readdirSync(name) {
  const folder = `${absolute(name)}/`;
  const inside = [...files.keys()].filter((file) => file.startsWith(folder));
  return [...new Set(inside.map((file) => file.slice(folder.length).split("/")[0]))];
}
