// WebAssembly for the benchmarks, by the names of tools/builds.mjs: the package's own binaries and
// the modules that are raced. The build's cache has them, or they are compiled now.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lab/paths.js";

const modules = new Map<string, WebAssembly.Module>();

/** Brings binaries up to date. @throws Error with what the compiler said */
function build(script: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [join("tools", script), ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "inherit", "pipe"],
  });
  if (status !== 0) throw new Error(stderr.trim());
}

/**
 * @returns a binary, such as "core.ilp32" or "peers/tlsf", compiled once a run
 * @throws Error with what the compiler said
 */
export function wasmModule(name: string): WebAssembly.Module {
  const known = modules.get(name);
  if (known !== undefined) return known;
  build("build-wasm.mjs", "--quiet", name);
  const module = new WebAssembly.Module(readFileSync(join(root, "build", `${name}.wasm`)));
  modules.set(name, module);
  return module;
}

/**
 * Brings all of the package up to date, for contestants that use it as others do.
 * @throws Error with what the compilers said
 */
export function buildPackage(): void {
  build("build.mjs", "--quiet");
}
