// Packs into build/binaries.br what the package has but does not export: binaries of other versions
// of glibc, and those that only the command line looks for. What is in it: src/binary/archive.ts.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PACKAGE_COMPILATIONS } from "./builds.mjs";
import { packed } from "./pack.mjs";
import { writeAtomically } from "./wasm-cache.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds that the package has as files of their own, though it does not export them. */
const PLAIN = /^replay\.|^peers\//;

/** Builds that tests alone use. */
const OURS = /^crash/;

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const names = PACKAGE_COMPILATIONS.map(({ name }) => name).filter(
  (name) => !(`./${name}.wasm` in exports) && !PLAIN.test(name) && !OURS.test(name),
);
// One layout after the other: what is alike is to be near.
names.sort((a, b) => {
  const abi = (/** @type {string} */ name) => name.split(".").at(-1) ?? "";
  return abi(a).localeCompare(abi(b)) || a.localeCompare(b);
});
const archive = packed(names.map((name) => [name, readFileSync(join(root, `build/${name}.wasm`))]));
writeAtomically(join(root, "build/binaries.br"), archive);
console.log(
  `binaries.br  ${names.length} binaries, ${archive.length.toLocaleString("en-US")} bytes`,
);
