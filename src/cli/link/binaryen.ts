// Runs Binaryen's tools: those of the npm package `binaryen`, which only this command needs and
// which is therefore not installed with this package.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "../io.js";

const INSTALL = "npm install --save-dev binaryen";

/**
 * Finds the folder with Binaryen's tools: installed beside this package, or in the project that the
 * command is run in.
 * @throws UserError naming the package to install
 */
export function binaryenTools(): string {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    const folder = packageFolder(from);
    if (folder === undefined) continue;
    const tools = join(folder, "bin");
    if (existsSync(join(tools, "wasm-merge"))) return tools;
    throw new UserError(`${folder} has no wasm-merge: a newer version is needed (${INSTALL})`);
  }
  throw new UserError(
    `merging needs Binaryen's wasm-merge and wasm-opt, from the npm package "binaryen": ${INSTALL}`,
  );
}

function packageFolder(from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve("binaryen/package.json"));
  } catch {
    // No such package, or one that does not show its package.json: its main file lies beside that.
  }
  try {
    return dirname(createRequire(from).resolve("binaryen"));
  } catch {
    return undefined;
  }
}

/**
 * What both modules may use: what engines have had for years. Garbage collection's types and what
 * is newer are left out, so that the optimiser writes nothing that the guest's hosts may not know.
 */
const FEATURES = [
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "bulk-memory",
  "multivalue",
  "reference-types",
  "simd",
  "threads",
  "exception-handling",
  "tail-call",
  "extended-const",
];

/** @returns the tools' options that allow these features, and others by name */
export function featureOptions(more: readonly string[]): string[] {
  return ["-mvp", ...[...FEATURES, ...more].map((feature) => `--enable-${feature}`)];
}

/**
 * Runs a tool.
 * @throws UserError with what it complained about
 */
export function runTool(tools: string, name: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(process.execPath, [join(tools, name), ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (error !== undefined) throw error;
  if (status === 0) return;
  const complaint = stderr.trim().split("\n").slice(0, 6).join("\n  ");
  throw new UserError(`${name} failed (exit code ${status}):\n  ${complaint || "without a word"}`);
}
