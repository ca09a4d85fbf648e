// Guests made by hand, from WebAssembly's text format.

import binaryen from "binaryen";

/** @returns the module's bytes; its names of functions are kept with `names` */
export function assemble(text: string, names = false): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text);
  try {
    module.setFeatures(binaryen.Features.All);
    binaryen.setDebugInfo(names);
    const bytes = module.emitBinary();
    return new Uint8Array(bytes);
  } finally {
    binaryen.setDebugInfo(false);
    module.dispose();
  }
}

/** What begins a guest: imports of malloc and free. */
export const IMPORTS = `
  (import "ptmalloc" "malloc" (func $malloc (param i32) (result i32)))
  (import "ptmalloc" "free" (func $free (param i32)))`;
