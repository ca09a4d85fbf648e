// What kind of object a caller brought, whichever realm it is from: `instanceof` knows only this realm's classes, and frames, node:vm and the
// sandboxes of edge runtimes (Next.js compiles modules outside of them) hand over objects of others. What they are like is the same in all.

import { show } from "./checks.js";
import type { WasmSource } from "./load.js";

const MODULE = "[object WebAssembly.Module]";

/** Whether this is a compiled module. */
export function isModule(given: unknown): given is WebAssembly.Module {
  return show(given) === MODULE;
}

/** Whether these are bytes: a buffer, or a view of one. */
export function isBytes(given: unknown): given is BufferSource {
  return (given as ArrayBuffer)?.byteLength >= 0;
}

/** Whether this is a binary, compiled or not. */
export function isBinary(given: unknown): given is WasmSource {
  return isBytes(given) || show(given) === MODULE;
}

/**
 * Whether this is what an engine throws when a WebAssembly function traps, such as an access outside
 * of the memory. Whose realm's error it is depends on the engine and on where the call came from.
 */
export function isTrap(error: unknown): error is WebAssembly.RuntimeError {
  return show(error) === "[object Error]" && (error as Error).name === "RuntimeError";
}
