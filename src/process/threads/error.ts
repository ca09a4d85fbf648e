// What goes wrong among threads: errors of their own, which glibc has no messages for. There, the
// whole process would have died or hung.

import { Invariant, LockFailure } from "../../layout/generated.js";
import { abortMessages, failureName, SEGV, type CheckName } from "../failures.js";

/** Why a thread cannot go on. */
export type ThreadFailure =
  /**
   * A lock was held for longer than threads have patience. The heap goes on, unless the thread that
   * gave up held another lock.
   */
  | "lock-held"
  /** Another thread's call ended the process. */
  | "process-aborted"
  /** A thread was killed in a system call that changed more than can be undone. */
  | "kernel-lost";

/** A lock, as far as an error can tell. */
export interface HeldLock {
  /** Its address, unsigned. */
  readonly address: number;
  /** What it guards, in words. */
  readonly name: string;
  /** The number of the thread that holds it; undefined when that has let go of it meanwhile. */
  readonly owner: number | undefined;
}

/** In place of a code of `Failure`: a call of another thread trapped in the middle of a change. */
export const TRAPPED = -1;

/** What ended the process, from the code that the thread left for the others. */
function describeEnd(code: number): string {
  if (code === TRAPPED) return "a wild access trapped inside it";
  const failure = failureName(code);
  if (failure !== undefined) return `"${abortMessages[failure as CheckName] ?? SEGV}"`;
  const other = { ...Invariant, ...LockFailure };
  const name = Object.entries(other).find(([, value]) => value === code)?.[0];
  return name ?? `code ${code}`;
}

/** A thread's call found that the process cannot go on because of another thread. */
export class ThreadError extends Error {
  /** "ThreadError", also where a bundler has renamed the class. */
  override readonly name = "ThreadError";
  /** Why the thread cannot go on. */
  readonly reason: ThreadFailure;
  /** For "lock-held": the lock. */
  readonly lock: HeldLock | undefined;
  /** For "process-aborted": the code of the other thread's HeapAbort; -1 for a trap. */
  readonly endedBy: number | undefined;

  /** Not for use from outside: see the functions below. @internal */
  constructor(
    reason: ThreadFailure,
    message: string,
    details: { lock?: HeldLock; endedBy?: number } = {},
  ) {
    super(message);
    this.reason = reason;
    this.lock = details.lock;
    this.endedBy = details.endedBy;
  }
}

/**
 * @param patience how long the lock was waited for, ms
 * @returns the error for a lock that nobody gave back
 */
export function lockHeld(lock: HeldLock, patience: number): ThreadError {
  const { name, address, owner } = lock;
  const holder = owner === undefined ? "a thread that has let go of it since" : `thread ${owner}`;
  const rule =
    owner === undefined
      ? 'give threads more time with the option "patience"'
      : `if that thread runs no more, its death must be reported with threadExited(${owner})`;
  return new ThreadError(
    "lock-held",
    `${name} (lock at 0x${address.toString(16)}) was not free within ${patience} ms, held by ${holder}: ${rule}`,
    { lock },
  );
}

/** @param owner who holds a lock @returns the error for a death that cannot be dealt with yet */
export function burialBlocked(thread: number, owner: number): ThreadError {
  const holder = owner < 0 ? "a thread that has let go of it since" : `thread ${owner}`;
  return new ThreadError(
    "lock-held",
    `what thread ${thread} left cannot be put in order yet: ${holder} holds a lock that is needed for it; ` +
      "if that one was killed, too, report its death, then this one again",
  );
}

/** @param code what the other thread left @returns the error for the threads that come later */
export function processAborted(code: number): ThreadError {
  const message = `another thread's call ended the process: ${describeEnd(code)}`;
  return new ThreadError("process-aborted", message, { endedBy: code });
}

/** @returns the error for a kernel that cannot be put in order any more */
export function kernelLost(): ThreadError {
  return new ThreadError(
    "kernel-lost",
    "a thread was killed in a system call that had changed more than the kernel's journal holds: the address space is lost",
  );
}
