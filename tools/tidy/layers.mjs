// Imports point downward only. The ladders are those of ARCHITECTURE.md.

import { posix } from "node:path";
import { importsOf, parse } from "./imports.mjs";

/**
 * A rung holds folders (or files at the root) that may import from the rungs below it and from
 * themselves. Folders on one rung do not know each other, except where `together` says so.
 * @typedef {{ names: string[], together?: boolean }} Rung
 */

/** @type {Readonly<Record<string, Rung[]>>} */
export const ladders = {
  assembly: [
    { names: ["abi", "base"], together: true },
    { names: ["sync"] },
    { names: ["kernel"] },
    { names: ["malloc"] },
    { names: ["(root)"] },
    // The replay build is the whole allocator and a loop on top.
    { names: ["replay"] },
    // The allocator inside AssemblyScript programs; no build of this project's has it.
    { names: ["runtime"] },
  ],
  src: [
    { names: ["base"] },
    { names: ["layout"] },
    { names: ["binary"] },
    { names: ["process"] },
    { names: ["inspect"] },
    { names: ["heap", "trace", "kernel"] },
    // A heap, in a file of the kernel's host.
    { names: ["image", "link", "debug", "shell"] },
    { names: ["(root)"] },
    { names: ["cli"] },
  ],
  explorer: [
    // What both ends tell each other, and pure functions.
    { names: ["model"] },
    // What runs in workers, and data of the tours.
    { names: ["engine", "playground", "tours"] },
    // Signals and what people can do; they know the engine's type.
    { names: ["state"] },
    { names: ["parts"] },
    { names: ["views"] },
    { names: ["(root)"] },
  ],
  bench: [
    // What is compiled and run as it is: modules of AssemblyScript, programs in both languages.
    { names: ["assembly", "programs"] },
    { names: ["lab"] },
    { names: ["contestants", "twice", "engines"] },
    { names: ["questions"] },
    { names: ["(root)"] },
  ],
};

/**
 * What a root may import from besides itself.
 * @type {Readonly<Record<string, RegExp>>}
 */
const OTHERS = { bench: /^(src|tools|assembly)\// };

/** The one file through which malloc may talk to the kernel. */
const SEAM = "assembly/malloc/system.ts";

/**
 * Who may import Node's own modules: the command line, and benchmarks. Others ask src/base/node.ts:
 * bundlers for browsers stumble over imports.
 */
const NODE_USERS = /^(src\/cli|bench)\//;

/** What entries of the package may import besides sources: where hosts take binaries so. */
const BINARY = /^build\/[\w.]+\.wasm(\?module)?$/;

/**
 * The folder below the root that a path is in.
 * @param {string} path such as "src/binary/load.ts"
 */
function folderOf(path) {
  const parts = path.split("/");
  return parts.length > 2 ? /** @type {string} */ (parts[1]) : "(root)";
}

/**
 * @param {Rung[]} ladder
 * @param {string} folder
 */
function rungOf(ladder, folder) {
  return ladder.findIndex((rung) => rung.names.includes(folder));
}

/**
 * What is wrong with one import, if anything.
 * @param {string} path the importing file
 * @param {string} target the imported path, relative to the project
 * @returns {string | undefined}
 */
function judge(path, target) {
  const root = /** @type {string} */ (path.split("/")[0]);
  const ladder = ladders[root];
  if (ladder === undefined) return undefined;
  if (BINARY.test(target) && folderOf(path) === "(root)") return undefined;
  if (OTHERS[root]?.test(target)) return undefined;
  if (!target.startsWith(`${root}/`)) return `imports ${target}, outside ${root}/`;
  const from = folderOf(path);
  const to = folderOf(target);
  if (from === to) return undefined;
  const here = rungOf(ladder, from);
  const there = rungOf(ladder, to);
  if (there < 0) return `imports from ${root}/${to}, which is on no rung of the ladder`;
  if (there > here) return `imports upward: ${from} is below ${to}`;
  if (there === here && ladder[here]?.together !== true) return `imports sideways: ${from}, ${to}`;
  if (from === "malloc" && to === "kernel" && path !== SEAM) {
    return `reaches the kernel past ${SEAM}`;
  }
  return undefined;
}

/**
 * Checks the imports of one file.
 * @param {string} path relative to the project, with forward slashes
 * @param {string} text its content
 * @returns {string[]} one line per problem
 */
export function checkLayers(path, text) {
  const root = /** @type {string} */ (path.split("/")[0]);
  const ladder = ladders[root];
  if (ladder === undefined) return [];
  const source = parse(path, text);
  const problems = [];
  if (rungOf(ladder, folderOf(path)) < 0) {
    problems.push(`${path}: ${root}/${folderOf(path)} is on no rung of the ladder`);
    return problems;
  }
  for (const { specifier, line, isType } of importsOf(source)) {
    if (specifier.startsWith("node:")) {
      if (!isType && !NODE_USERS.test(path))
        problems.push(`${path}:${line}: only src/cli may use ${specifier}`);
    } else if (specifier.startsWith(".")) {
      const problem = judge(path, posix.join(posix.dirname(path), specifier));
      if (problem !== undefined) problems.push(`${path}:${line}: ${problem}`);
    } else if (root === "assembly") {
      problems.push(`${path}:${line}: imports the package ${specifier}`);
    }
  }
  return problems;
}

/**
 * Checks that ARCHITECTURE.md tells the ladders as they are.
 * @param {string} text its content
 * @returns {string[]} one line per problem
 */
export function checkLadders(text) {
  const rows = Object.entries(ladders).map(
    ([root, rungs]) => `| ${root} | ${rungs.map(({ names }) => names.join(", ")).join(" < ")} |`,
  );
  const wanted = ["| root | from the bottom up |", "|---|---|", ...rows].join("\n");
  const told = /<!-- layers -->\n([^]*?)\n<!-- \/layers -->/.exec(text)?.[1];
  if (told === wanted) return [];
  return [`ARCHITECTURE.md: the layers are not those of tools/tidy/layers.mjs:\n${wanted}`];
}
