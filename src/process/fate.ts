// How a process ended, if it did: what a call found. Where threads run at the same time they share
// it: see shared-fate.ts.

import { HeapAbort, SEGV_ACCESS } from "./failures.js";
import type { BrokenInvariant } from "./failures.js";
import type { ThreadError } from "./threads/error.js";

/** What can end a process. */
export type ProcessEnd = HeapAbort | BrokenInvariant | ThreadError;

/** Makes the error for a code that the WebAssembly side reports. */
export type ErrorOf = (code: number, address: number, places?: readonly string[]) => ProcessEnd;

/** The fate of a process, as one JavaScript thread knows it. */
export class Fate {
  /**
   * The numbers of the threads of this JavaScript thread, where others share its fate; more than
   * one where some are simulated.
   */
  declare readonly threads?: Set<number>;
  protected found: ProcessEnd | undefined;
  /** Where the binary's glibc has its assertions, once there is a binary. */
  places: readonly string[] | undefined;
  protected readonly errorOf: ErrorOf;

  /**
   * @param errorOf the error for a code that the WebAssembly side reports; by default it is a value
   *   of `Failure`
   */
  constructor(
    errorOf: ErrorOf = (code, address, places) =>
      new HeapAbort(code, address, undefined, "", places),
  ) {
    this.errorOf = errorOf;
  }

  /** What ended the process; undefined while it lives. */
  get end(): ProcessEnd | undefined {
    return this.found;
  }

  /**
   * The import `host.fail`: ends the process.
   * @param code what the WebAssembly side reports
   * @param address signed or unsigned
   * @throws always, what it found
   */
  fail(code: number, address: number): never {
    throw (this.found = this.errorOf(code, address, this.places));
  }

  /**
   * A call of this thread trapped: a wild access in the middle of a change. Natively a segmentation
   * fault: the process is at its end.
   * @param trap what the engine threw
   * @param call the function that was called
   * @returns what is to be thrown instead
   */
  trapped(trap: Error, call: string): ProcessEnd {
    return (this.found ??= new HeapAbort(SEGV_ACCESS, 0, trap, call));
  }
}
