// What the safe API throws besides TypeError, RangeError and HeapAbort.

/**
 * There was no memory for a request, and the heap's policy is to throw. The heap is intact and goes
 * on working.
 */
export class OutOfMemoryError extends Error {
  /** "OutOfMemoryError", also where a bundler has renamed the class. */
  override readonly name = "OutOfMemoryError";
  /** As in C's errno. */
  readonly code = "ENOMEM";
  /** Bytes asked for. */
  readonly requested: number;

  /**
   * @param call the function that failed
   * @param requested bytes asked for
   */
  constructor(call: string, requested: number) {
    super(`${call}: no memory for ${requested} bytes`);
    this.requested = requested;
  }
}

/**
 * The heap can no longer be used: an integrity check failed earlier (see `cause`), or it was
 * disposed of.
 */
export class HeapDeadError extends Error {
  /** "HeapDeadError", also where a bundler has renamed the class. */
  override readonly name = "HeapDeadError";

  /**
   * @param call the function that was called too late
   * @param cause what ended the heap; absent when it was disposed of
   */
  constructor(call: string, cause?: Error) {
    super(
      cause === undefined
        ? `${call}: this heap was disposed of`
        : `${call}: this heap was aborted ("${cause.message}"); as a process it would be dead`,
      cause === undefined ? {} : { cause },
    );
  }
}

/** A handle was used after its block had been freed, or after it had given the block away. */
export class FreedBlockError extends Error {
  /** "FreedBlockError", also where a bundler has renamed the class. */
  override readonly name = "FreedBlockError";

  /** @param call what was to be done with the handle */
  constructor(call: string) {
    super(`${call}: this handle has no block`);
  }
}
