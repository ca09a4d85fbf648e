// The memory that a process lives in: made anew, or the caller's; shared in the threaded build, and only there.

import type { Abi } from "../layout/address.js";
import { checkInteger, show } from "./checks.js";
import type { Build } from "./exports.js";
import type { ProcessOptions } from "./options.js";

/** WebAssembly's page, bytes: what memory.grow deals in. */
export const WASM_PAGE_BYTES = 65536;

/** The most address space a process can have, bytes: 4 GiB less one WebAssembly page. */
export const MAX_TASK_SIZE = 2 ** 32 - WASM_PAGE_BYTES;

/**
 * The address space of a threaded process unless told otherwise, bytes. Engines may reserve a shared memory's maximum when it is made: 1 GiB is
 * what 32-bit machines and phones can still give, and has room for 600 arenas of 1 MiB. In lp64 an arena takes 64 MiB.
 */
export const SHARED_TASK_SIZE: Readonly<Record<Abi, number>> = {
  ilp32: 2 ** 30,
  lp64: MAX_TASK_SIZE,
};

/** @returns a number of WebAssembly pages that an option gives, or `fallback` @throws TypeError, RangeError naming the option */
export function pagesOption(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  return checkInteger(`option "${name}"`, value, { min: 1, max: 65536 });
}

/** Whether a memory is shared, in pages too that are not allowed to name SharedArrayBuffer. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return !(memory.buffer instanceof ArrayBuffer);
}

/**
 * Checks the options that are about the memory.
 * @throws TypeError naming the option; Error where the page may not share memory
 */
export function checkMemory(options: ProcessOptions, build: Build): void {
  const { memory } = options;
  if (build === "threads") assertShareable();
  if (memory === undefined) return;
  if (!(memory instanceof WebAssembly.Memory)) {
    throw new TypeError(`option "memory" must be a WebAssembly.Memory, got ${show(memory)}`);
  }
  if (isShared(memory) && build !== "threads") {
    throw new TypeError(
      `option "memory" must be unshared: the build "${build}" has no locks; the build "threads" has`,
    );
  }
  if (!isShared(memory) && build === "threads") {
    throw new TypeError(
      'option "memory" must be shared (new WebAssembly.Memory({ initial, maximum, shared: true })): ' +
        'the build "threads" cannot use another',
    );
  }
  for (const name of ["initialPages", "maximumPages"] as const) {
    if (options[name] !== undefined) {
      throw new TypeError(`option "${name}" is for a new memory; with "memory" give "taskSize"`);
    }
  }
}

/**
 * Makes sure that memory can be shared between workers here (https://developer.mozilla.org/docs/Web/API/Window/crossOriginIsolated).
 * @throws Error that says what is missing: in browsers, which headers the page needs
 */
export function assertShareable(): void {
  const scope = globalThis as { crossOriginIsolated?: boolean; isSecureContext?: boolean };
  if (scope.crossOriginIsolated === false) {
    const origin =
      scope.isSecureContext === false ? ", over https or from localhost (it is not now)," : "";
    throw new Error(
      "threads need shared memory, and this page is not cross-origin isolated (crossOriginIsolated is false): " +
        `it must be served${origin} with the headers "Cross-Origin-Opener-Policy: same-origin" and ` +
        '"Cross-Origin-Embedder-Policy: require-corp" (or "credentialless")',
    );
  }
  if (typeof SharedArrayBuffer === "undefined") {
    throw new Error("threads need shared memory, and there is no SharedArrayBuffer here");
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
): WebAssembly.Memory {
  const needed = Math.ceil(startBrk / WASM_PAGE_BYTES);
  const maximum = options.maximumPages ?? Math.ceil(taskSize / WASM_PAGE_BYTES);
  const initial = pagesOption("initialPages", options.initialPages, needed);
  if (initial > maximum) {
    throw new RangeError(`option "initialPages" must not exceed ${maximum}, got ${initial}`);
  }
  if (options.build !== "threads") return new WebAssembly.Memory({ initial, maximum });
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: true });
  } catch (cause) {
    throw new RangeError(
      `no room for a shared memory of at most ${maximum * WASM_PAGE_BYTES} bytes, all of which is reserved at once: ` +
        'give a smaller "taskSize"',
      { cause },
    );
  }
}
