// What becomes of a block of code: run in the page, or a note why it cannot be.

import { existsSync, readdirSync, statSync } from "node:fs";
import { transformSync } from "esbuild";
import { ROOT } from "../make/map.mjs";

/** Why an example does not run in a page: what it has in it, and what the page says then. */
const OBSTACLES = [
  [/: (i32|u32|f64)\b|ptmalloc-wasm\/assembly"/, "AssemblyScript: asc compiles it."],
  [/\bnew Worker\(|parentPort|\bonmessage = /, "Needs a second thread, and a file of its own."],
  [/from "ptmalloc-wasm\/threads"/, "Needs memory that threads share: a page with COOP and COEP."],
  [/from "node:/, "Needs Node.js, whose modules it imports."],
  [/from "[^"]+\.wasm"/, "Needs a host that imports binaries."],
  [/openHeapImage\("|kernel\.open\("/, "Needs Node.js, and its files."],
  [/^export /m, "Is called by its host."],
];

/** What TypeScript and newer syntax become: browsers lag behind with `using`. */
function plainScript(code) {
  const options = {
    loader: "ts",
    target: "es2022",
    tsconfigRaw: { compilerOptions: { target: "es2022", verbatimModuleSyntax: true } },
  };
  return transformSync(code, options).code;
}

/**
 * A block of JavaScript or TypeScript.
 * @param {string} code
 * @param {string[]} before examples of the same document that stand above, and run
 */
function scriptPlan(code, before) {
  const obstacle = OBSTACLES.find(([sign]) => sign.test(code));
  if (obstacle !== undefined) return { note: obstacle[1] };
  if (/from "ptmalloc-wasm/.test(code)) {
    before.push(code);
    return { kind: "examples", code: plainScript(code) };
  }
  // It goes on from an example above it.
  const above = before.at(-1);
  return above === undefined ? undefined : { kind: "examples", code: plainScript(above + code) };
}

const RECORDINGS = ["traces", "traces/threads"];

/** The binaries that a command runs: one, or those of all versions that are compared. */
function binariesOf(words, abi) {
  const all = new RegExp(`^full(-2\\.\\d+)?\\.${abi}\\.wasm$`);
  if (words[0] === "compare-glibc")
    return readdirSync(`${ROOT}build`).filter((name) => all.test(name));
  const version = words.includes("--glibc") ? words[words.indexOf("--glibc") + 1] : "2.36";
  return [`full${version === "2.36" ? "" : `-${version}`}.${abi}.wasm`];
}

/** The files of the package that a command looks at. */
function filesOf(line) {
  const words = line.split(" ").slice(1);
  const abi = words.includes("lp64") ? "lp64" : "ilp32";
  const given = words.filter((word) => existsSync(ROOT + word) && statSync(ROOT + word).isFile());
  const recordings = words.flatMap((word) =>
    RECORDINGS.map((folder) => `${folder}/${word}.rep.gz`).filter((file) =>
      existsSync(ROOT + file),
    ),
  );
  return [...given, ...recordings, ...binariesOf(words, abi).map((name) => `build/${name}`)];
}

/** A block of commands with their output. */
function commandsPlan(block) {
  const lines = block.split("\n").filter((line) => line.startsWith("$ "));
  const commands = lines.map((line) => line.slice(2));
  if (commands.length === 0) return undefined;
  const other = commands.find((line) => !/^(ptmalloc-wasm|cat) /.test(line));
  if (other !== undefined) return { note: "Needs a terminal." };
  return {
    kind: "commands",
    lines: commands,
    files: [...new Set(commands.flatMap(filesOf))],
    shown: block,
  };
}

/**
 * @param {string} language of the block
 * @param {string} code
 * @param {string[]} before takes examples that later ones go on from
 * @returns what to do; undefined: nothing
 */
export function planOf(language, code, before) {
  if (language === "js" || language === "ts") return scriptPlan(code, before);
  return language === "console" ? commandsPlan(code) : undefined;
}
