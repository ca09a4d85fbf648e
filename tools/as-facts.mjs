// What is known of a version of glibc before anything is compiled: the constants of
// assembly/abi/version.ts, evaluated as the JavaScript that they are, too.

import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import ts from "typescript";
import { DEFAULT_GLIBC } from "./builds.mjs";

const source = new URL("../assembly/abi/version.ts", import.meta.url);

/** Constants that are false in users' programs, whatever they say. */
const FALSEHOODS = ["IS_THREADED", "IS_FULL", "IS_SMALL", "COUNTS_HELD"];

/** Those that the profile decides: but for the default's there is glibc's own only. */
const PROFILED = ["IS_CLASSED", "IS_THROUGHPUT"];

/** What version.ts exports for a version and a profile. @throws {Error} for no such version */
function exportsOf(glibc, isClassed) {
  const module = ts.ModuleKind.CommonJS;
  const { outputText } = ts.transpileModule(readFileSync(source, "utf8"), {
    compilerOptions: { module, target: ts.ScriptTarget.ES2022 },
  });
  const exports = {};
  runInNewContext(outputText, {
    exports,
    require: () => ({ IS_CLASSED: isClassed }),
    GLIBC: glibc,
    ERROR: (text) => {
      throw new Error(`${glibc}: ${text}`);
    },
  });
  return exports;
}

/**
 * @param {number} glibc a version, by the number behind the dot
 * @returns {import("./as-shake.mjs").Facts} the constants that are true, or false, in all programs
 *   that are compiled of its sources
 */
export function factsOf(glibc) {
  const facts = new Map(FALSEHOODS.map((name) => [name, false]));
  const isDefault = glibc === DEFAULT_GLIBC;
  if (!isDefault) for (const name of PROFILED) facts.set(name, false);
  const other = exportsOf(glibc, isDefault);
  for (const [name, value] of Object.entries(exportsOf(glibc, false)))
    if (typeof value === "boolean" && other[name] === value) facts.set(name, value);
  return facts;
}
