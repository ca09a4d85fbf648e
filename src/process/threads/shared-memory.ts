// The shared memory that threads need which run at the same time.

import type { Abi } from "../../layout/address.js";
import { isShared, MAX_TASK_SIZE, WASM_PAGE_BYTES, type SharedMemories } from "../memory-option.js";

/**
 * The address space of a threaded process unless told otherwise, bytes. Engines may reserve a
 * shared memory's maximum when it is made: 1 GiB is what 32-bit machines and phones can still give,
 * and has room for 600 arenas of 1 MiB. In lp64 an arena takes 64 MiB.
 */
export const SHARED_TASK_SIZE: Readonly<Record<Abi, number>> = {
  ilp32: 2 ** 30,
  lp64: MAX_TASK_SIZE,
};

/**
 * Makes sure that memory can be shared between workers here
 * (https://developer.mozilla.org/docs/Web/API/Window/crossOriginIsolated).
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

/** What the threaded build does about its memory. */
export const sharedMemories: SharedMemories = {
  check(memory) {
    assertShareable();
    if (memory !== undefined && !isShared(memory)) {
      throw new TypeError(
        'option "memory" must be shared (new WebAssembly.Memory({ initial, maximum, shared: true })): ' +
          'the build "threads" cannot use another',
      );
    }
  },

  make({ initial, maximum = 0 }) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch (cause) {
      throw new RangeError(
        `no room for a shared memory of at most ${maximum * WASM_PAGE_BYTES} bytes, all of which is reserved at once: ` +
          'give a smaller "taskSize"',
        { cause },
      );
    }
  },
};
