// Links from a step of a tour into the explorer: the hash has the whole scene.

import { deflateRawSync } from "node:zlib";

/** The explorer's view that shows what a step's picture does. */
const VIEWS = { chunks: "map", space: "space", struct: "arenas", abort: "try" };
const CALL = /^([a-z]\w* = )?[a-z_]\w*\(/;

/**
 * A `write` of the shell's as calls: its bytes, one by one.
 * @param {string} line
 * @returns {string[]}
 */
function storeCalls(line) {
  const [, place, value] = line.split(" ");
  const bytes = [0, 8, 16, 24].map((shift) => (Number(value) >>> shift) & 0xff);
  return bytes.map((byte, i) => `fill(${place} + ${i}, 1, ${byte})`);
}

/**
 * What the dry run of a step tries: `try_free a+4` is `free(a+4)`.
 * @param {string | undefined} line its last
 */
function triedCall(line) {
  const [, name, argument] = /^try_(\w+) (.+)$/.exec(line ?? "") ?? [];
  return name === undefined ? {} : { call: `${name}(${argument})` };
}

/**
 * @param {import("./tour.ts").Step} step
 * @returns {string} what stands behind the # of the explorer's address
 */
export function hashOf({ ground, before, lines, picture }) {
  const view = VIEWS[picture];
  if (ground.kind === "trace")
    return new URLSearchParams({ trace: ground.name, at: String(ground.at), view }).toString();
  const calls = [...before, ...lines].flatMap((line) => {
    if (line.startsWith("write ")) return storeCalls(line);
    return CALL.test(line) ? [line] : [];
  });
  const script = deflateRawSync(calls.join("\n")).toString("base64url");
  return new URLSearchParams({ script, view, ...triedCall(lines.at(-1)) }).toString();
}
