// What a guest throws on its way to the caller. A trap in the heap's functions, called by the
// guest, is the end of the process, as it is when the caller calls them; a trap of the guest's own
// is the guest's matter. The engine's error tells them apart: its stack names the module whose
// function trapped.

import type { Process } from "../process/process.js";
import { isTrap } from "../base/realm.js";
import { guarded } from "../process/traps.js";
import type { Abi } from "../layout/address.js";

type Call = (this: void, ...args: unknown[]) => unknown;

/**
 * A WebAssembly function in a stack: what the engine calls its module, and the function's number
 * there.
 */
const FRAME = /(\S*wasm:\/\/\S+?|\S*?):?wasm-function\[(\d+)\]/g;

/** An address whose chunk's header lies outside of every memory. */
const NOWHERE = -16;

function framesOf(error: Error): { module: string; number: string }[] {
  return [...`${error.stack}`.matchAll(FRAME)].map(([, module = "", number = ""]) => ({
    module,
    number,
  }));
}

/**
 * What the engine calls the heap's module: one of its functions is made to trap, and changes
 * nothing.
 */
function moduleOf({ exports, abi }: Process<Abi>): string | undefined {
  try {
    (exports.malloc_usable_size as Call)(abi === "lp64" ? BigInt(NOWHERE) : NOWHERE);
  } catch (error) {
    return framesOf(error as Error)[0]?.module;
  }
  return undefined;
}

/**
 * What a guest's call ended with, as the process wants it to be seen.
 * @param process the process that the guest shares
 * @returns the HeapAbort that ended the process when one of the heap's functions trapped, or when
 *   the engine does not say whose it was; else the error itself
 */
export function caughtInGuest(process: Process<Abi>, error: unknown): unknown {
  if (!isTrap(error)) return error;
  const own = moduleOf(process);
  const frames = framesOf(error);
  const end = frames.findIndex(({ module }) => module !== own);
  if (end === 0) return error;
  // Engines name an exported function by its number: the outermost one is what the guest called.
  const number = frames.at(end < 0 ? -1 : end - 1)?.number;
  const called = Object.entries(process.exports).find(
    ([, value]) => typeof value === "function" && (value as Call).name === number,
  );
  return process.caught(error, called?.[0]);
}

/**
 * @param exports an instance's
 * @param process the process whose functions the instance calls
 * @returns the same exports; what a function throws is seen as `caughtInGuest` says
 */
export function guardExports(
  exports: WebAssembly.Exports,
  process: Process<Abi>,
): WebAssembly.Exports {
  return guarded(exports, (_name, error) => caughtInGuest(process, error));
}
