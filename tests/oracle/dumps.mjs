// The native side of heaps as text: native/dump.c at a point of a trace.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { buildNative, OWN, runNative } from "./native.mjs";

/** @type {Map<string, string>} */
const programs = new Map();

/** @param {string} abi @param {string} glibc */
function programOf(abi, glibc) {
  const key = `${abi} ${glibc}`;
  const known = programs.get(key) ?? buildNative("dump", abi, undefined, glibc);
  programs.set(key, known);
  return known;
}

/**
 * Runs a bundled trace natively up to a point.
 * @param {string} abi
 * @param {string} name `lua`, or `threads/git-grep`, which needs the right to mount in a namespace
 * @param {number} at how many operations
 * @param {string} [glibc] the version to run under, if another than the machine's own
 * @returns {string[]} the lines of what glibc then has in its memory
 * @throws {Error} with the program's own words where it fails
 */
export function dumpNatively(abi, name, at, glibc = OWN) {
  const file = new URL(`../../traces/${name}.rep.gz`, import.meta.url);
  const trace = gunzipSync(readFileSync(file)).toString("latin1");
  const machine = name.startsWith("threads/") ? ["--cores", "2"] : [];
  const text = runNative(
    programOf(abi, glibc),
    ["--at", `${at}`, ...machine, "-"],
    trace,
    "",
    glibc,
  );
  return text.trimEnd().split("\n");
}

/**
 * @param {readonly string[]} lines
 * @returns {string} the SHA-256 of the text, each line with its newline
 */
export function digestOf(lines) {
  return createHash("sha256")
    .update(`${lines.join("\n")}\n`)
    .digest("hex");
}

/**
 * @param {readonly string[]} native
 * @param {readonly string[]} ours
 * @returns {string | undefined} the first line that differs; nothing where none does
 */
export function firstDifference(native, ours) {
  for (let at = 0; at < Math.max(native.length, ours.length); at++)
    if (native[at] !== ours[at])
      return `line ${at + 1}: native "${native[at] ?? ""}", ours "${ours[at] ?? ""}"`;
  return undefined;
}
