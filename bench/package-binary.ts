// The package's own binaries. The benchmark is compiled to a folder of its own, from where the package would not find them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.js";

const compiled = new Map<string, WebAssembly.Module>();

/** @returns the package's binary of a name such as "core.ilp32", compiled once a run */
export function packageBinary(name: string): WebAssembly.Module {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(readFileSync(join(root, "build", `${name}.wasm`)));
  compiled.set(name, module);
  return module;
}
