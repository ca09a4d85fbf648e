// What kind of object the host or a caller made, whichever realm it is from: `instanceof` knows
// only this realm's classes, and test runners (Jest, Vitest's vmThreads), frames, node:vm and the
// sandboxes of edge runtimes hand over objects of others. What they are called is the same in all
// of them.

import { show } from "./checks.js";
import { nodeModule } from "./node.js";

/** A binary: its bytes, or a module that is compiled already (as some hosts demand). */
export type WasmSource = WebAssembly.Module | BufferSource;

const MODULE = "[object WebAssembly.Module]";

/** Whether this is a compiled module. */
export function isModule(given: unknown): given is WebAssembly.Module {
  return show(given) === MODULE;
}

/** Whether this is a memory. */
export function isMemory(given: unknown): given is WebAssembly.Memory {
  return show(given) === "[object WebAssembly.Memory]";
}

/** Whether a buffer is shared, in pages too that are not allowed to name SharedArrayBuffer. */
export function isSharedBuffer(given: unknown): given is SharedArrayBuffer {
  return show(given) === "[object SharedArrayBuffer]";
}

/** Whether this is a global variable of WebAssembly's. */
export function isGlobal(given: unknown): given is WebAssembly.Global {
  return show(given) === "[object WebAssembly.Global]";
}

/** Whether this is a URL. */
export function isUrl(given: unknown): given is URL {
  return show(given) === "[object URL]";
}

/** Whether this is an answer of `fetch`. */
export function isResponse(given: unknown): given is Response {
  return show(given) === "[object Response]";
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
 * Whether this is an error: of any kind, or of one that the language has, such as "RangeError".
 * Whose realm's it is depends on the engine and on where the call came from.
 */
export function isError(error: unknown, name?: string): error is Error {
  return show(error) === "[object Error]" && (!name || (error as Error).name === name);
}

/**
 * Whether this is what an engine throws when a WebAssembly function traps, such as an access
 * outside of the memory.
 */
export function isTrap(error: unknown): error is WebAssembly.RuntimeError {
  return isError(error, "RuntimeError");
}

/**
 * What a host is asked for only when it is needed, because some have it not: AudioWorklets know
 * neither URL nor TextDecoder, old runtimes no crypto. Jest's jsdom hides what Node.js has.
 * @returns what the host has by that name
 * @throws Error naming it where there is none
 */
export function needed<K extends keyof typeof globalThis>(name: K): (typeof globalThis)[K] {
  const util = nodeModule("node:util") as unknown as Partial<typeof globalThis> | undefined;
  const found = globalThis[name] ?? util?.[name];
  if (!found) throw new Error(`this needs ${name}, which there is not here`);
  return found;
}

/** @returns so many random numbers of 32 bits @throws Error where the host has no `crypto` */
export function randomWords(count: number): Uint32Array {
  return needed("crypto").getRandomValues(new Uint32Array(count));
}
