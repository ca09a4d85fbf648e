// Whether a binary is one that this code was made for: a checksum of what it says of its structs
// (see structs.ts).

import type { Abi } from "../layout/address.js";
import { layoutDigests } from "../layout/generated.js";

const checked = new WeakMap<WebAssembly.Module, Abi>();

/** The checksum of a section "layout": 32-bit FNV-1a. */
export function layoutDigest(section: Uint8Array): number {
  return section.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
}

/**
 * Refuses a binary that is not of this version, or of the other layout.
 * @throws Error that says what it is instead
 */
export function checkBinary(module: WebAssembly.Module, abi: Abi): void {
  if (checked.get(module) === abi) return;
  const [section] = WebAssembly.Module.customSections(module, "layout");
  const digest = section && layoutDigest(new Uint8Array(section));
  const is = (candidate: Abi) => layoutDigests[candidate].includes(digest!);
  if (!is(abi)) {
    const other: Abi = abi === "ilp32" ? "lp64" : "ilp32";
    const what = is(other)
      ? `an ${other} build, and ${abi} is asked for (option "abi")`
      : section === undefined
        ? 'not one of ptmalloc-wasm: it has no section "layout"'
        : "of another version: its structs are laid out differently";
    throw new Error(`the WebAssembly binary is ${what}`);
  }
  checked.set(module, abi);
}
