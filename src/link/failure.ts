// Why a merged module trapped. It has no host to throw the heap's message; it leaves a code behind
// instead.

import { errorOf } from "../process/failures.js";
import type { BrokenInvariant, HeapAbort } from "../process/failures.js";

/**
 * The globals that a merged module exports: the failed check, 0 while there is none, and where it
 * failed.
 */
export const FAILURE_EXPORT = "ptmalloc_failure";
export const FAILURE_ADDRESS_EXPORT = "ptmalloc_failure_address";

/**
 * What the heap in a merged module found, when one of its calls ended in a trap (`RuntimeError:
 * unreachable`).
 * @param exports the exports of an instance of a module that `ptmalloc-wasm link` made
 * @returns glibc's abort as an error to be thrown, or undefined when the heap had nothing to do
 *   with the trap
 */
export function mergedFailure(
  exports: WebAssembly.Exports,
): HeapAbort | BrokenInvariant | undefined {
  const code = numberOf(exports, FAILURE_EXPORT);
  return code === 0 ? undefined : errorOf(code, numberOf(exports, FAILURE_ADDRESS_EXPORT));
}

function numberOf(exports: WebAssembly.Exports, name: string): number {
  const found = exports[name];
  // Of whichever realm: a global has a value.
  return Number((found as WebAssembly.Global | undefined)?.value ?? 0);
}
