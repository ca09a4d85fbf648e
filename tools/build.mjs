// `npm run build`: the binaries, then dist/ and the AssemblyScript sources, each of them only when
// something that it is made of has changed since, or what was made of it. build/.cache/steps.json
// remembers both by their hashes.

import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { buildWasm } from "./build-wasm.mjs";
import { PACKAGE_COMPILATIONS } from "./builds.mjs";
import { contentOf, hashOf, writeAtomically } from "./wasm-cache.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const memory = join(root, "build/.cache/steps.json");

/** What every step depends on: the tools, and the packages as npm installed them. */
const COMMON = ["tools", "package.json", "package-lock.json", "node_modules/.package-lock.json"];

/** Scripts of package.json by what they make; files and folders, relative to the project. */
const STEPS = [
  {
    script: "build:archive",
    from: PACKAGE_COMPILATIONS.map(({ name }) => `build/${name}.wasm`),
    to: ["build/binaries.br"],
  },
  {
    script: "build:ts",
    from: [
      ...["src", "explorer", "docs/glossary.md", "guest", "LICENSE", "tsconfig.base.json"],
      ...PACKAGE_COMPILATIONS.map(({ name }) => `build/${name}.wasm`),
    ],
    to: ["dist"],
  },
  { script: "build:man", from: ["dist/cli", "package.json"], to: ["man"] },
  { script: "build:as", from: ["assembly", "src"], to: ["as", "assembly.ts"] },
];

/** All files of a file or folder, sorted; none for what there is not. */
function filesOf(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".md"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @returns the hash of files with their paths, or null where one of the paths leads nowhere */
function stateOf(paths) {
  const files = paths.map((path) => filesOf(join(root, path)));
  if (files.some((some) => some.length === 0)) return null;
  return hashOf(files.flat().flatMap((file) => [relative(root, file), readFileSync(file)]));
}

/** What earlier builds noted, by script. */
function remembered() {
  try {
    return JSON.parse(contentOf(memory) ?? "{}");
  } catch {
    return {};
  }
}

/** Runs a script of package.json, unless nothing has changed. @throws {Error} when it fails */
function step({ script, from, to }, quiet) {
  const before = remembered()[script];
  const inputs = stateOf([...COMMON, ...from]);
  if (inputs !== null && before?.inputs === inputs && before.outputs === stateOf(to)) {
    if (!quiet) console.log(`${script}  unchanged`);
    return;
  }
  const begin = performance.now();
  // npm names itself to the scripts that it runs; outside of one it is found by name.
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm ? [process.execPath, npm] : ["npm"];
  const { status } = spawnSync(command, [...args, "run", "--silent", script], {
    cwd: root,
    stdio: "inherit",
    shell: npm === undefined,
  });
  if (status !== 0) throw new Error(`npm run ${script} failed`);
  writeAtomically(
    memory,
    JSON.stringify({ ...remembered(), [script]: { inputs, outputs: stateOf(to) } }),
  );
  console.log(`${script}  ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}

const program = new Command("build")
  .description("Brings build/, dist/, man/, as/ and assembly.ts up to date.")
  .option("--quiet", "say nothing of what has not changed")
  .exitOverride((error) => process.exit(error.exitCode && 2))
  .action(async ({ quiet }) => {
    await buildWasm([], { quiet });
    for (const one of STEPS) step(one, quiet);
  });

program.parseAsync().catch((error) => {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
});
