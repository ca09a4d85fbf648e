// The memory that a process lives in: made anew, or the caller's. It is unshared; shared-memory.ts
// has what is different in the threaded build.

import { show } from "../base/checks.js";
import type { ProcessOptions, Traits } from "./options.js";
import { isError, isMemory, isSharedBuffer } from "../base/realm.js";
import { WASM_PAGE_SIZE } from "../layout/generated.js";

/** WebAssembly's page, bytes: what memory.grow deals in. */
export const WASM_PAGE_BYTES = WASM_PAGE_SIZE;

/** The most address space a process can have, bytes: 4 GiB less one WebAssembly page. */
export const MAX_TASK_SIZE = 2 ** 32 - WASM_PAGE_BYTES;

/** Whether a memory is shared. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return isSharedBuffer(memory.buffer);
}

/** Whether addresses have 64 bits: then pages are counted in BigInts, of which this is none. */
function isWide(memory: WebAssembly.Memory): boolean {
  try {
    memory.grow("pages" as never);
  } catch (error) {
    return isError(error, "SyntaxError");
  }
  return false;
}

/** What a build that lives in shared memory does about it. */
export interface SharedMemories {
  /** @throws Error where memory cannot be shared; TypeError when the caller's is not */
  check(memory: WebAssembly.Memory | undefined): void;
  make(descriptor: WebAssembly.MemoryDescriptor): WebAssembly.Memory;
}

/**
 * Checks the options that are about the memory.
 * @throws TypeError naming the option
 */
export function checkMemory(options: ProcessOptions, { build, shared }: Traits): void {
  const { memory } = options;
  if (memory !== undefined && !isMemory(memory)) {
    throw new TypeError(`option "memory" must be a WebAssembly.Memory, got ${show(memory)}`);
  }
  shared?.check(memory);
  if (memory === undefined) return;
  if (isWide(memory)) throw new TypeError('option "memory" must have 32-bit addresses, not 64');
  if (isShared(memory) && shared === undefined) {
    throw new TypeError(
      `option "memory" must be unshared: the build "${build}" has no locks ("threads" has)`,
    );
  }
  for (const name of ["initialPages", "maximumPages"] as const) {
    if (options[name] !== undefined) {
      throw new TypeError(`option "${name}" is for a new memory; with "memory" give "taskSize"`);
    }
  }
}

/**
 * Makes a memory that covers everything below `startBrk` and may grow to `taskSize`.
 * @throws RangeError when there is no room for it, or the options contradict each other
 */
export function newMemory(
  options: ProcessOptions,
  startBrk: number,
  taskSize: number,
  shared: SharedMemories | undefined,
): WebAssembly.Memory {
  const needed = Math.ceil(startBrk / WASM_PAGE_BYTES);
  const maximum = options.maximumPages ?? Math.ceil(taskSize / WASM_PAGE_BYTES);
  const initial = options.initialPages ?? needed;
  if (initial > maximum) {
    throw new RangeError(`option "initialPages" must not exceed ${maximum}, got ${initial}`);
  }
  return shared?.make({ initial, maximum }) ?? new WebAssembly.Memory({ initial, maximum });
}
