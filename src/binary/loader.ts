// AssemblyScript's loader, which instantiates for the entries that are not counted in single KiB:
// kernel, image and debug. Exports are numbers in and out, so what it does beyond
// WebAssembly.instantiate is not needed elsewhere. It is bundled into dist/loader.js.

import { instantiate, instantiateSync } from "@assemblyscript/loader";
import { ENGINE, type Binaries, type Instantiator } from "./load.js";

/** The loader takes a module of another realm for bytes. */
function isOurs(module: WebAssembly.Module): boolean {
  return Object.getPrototypeOf(module) === WebAssembly.Module.prototype;
}

const LOADER: Instantiator = {
  async instantiate(module, imports) {
    if (!isOurs(module)) return ENGINE.instantiate(module, imports);
    return (await instantiate(module, imports)).instance.exports;
  },
  instantiateSync(module, imports) {
    if (!isOurs(module)) return ENGINE.instantiateSync(module, imports);
    return instantiateSync(module, imports).instance.exports;
  },
};

/** @returns where to find binaries as before, to be instantiated by the loader */
export function withLoader(binaries: Binaries): Binaries {
  return { ...binaries, instantiator: LOADER };
}
