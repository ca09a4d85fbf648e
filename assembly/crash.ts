// The build for tests in which threads die: the threaded build, which calls the host in front of
// every store (tools/crash-transform.mjs) and tells whether a lock is held there.

import { held } from "./sync/mutex";

export * from "./threads";

/** How many locks this thread holds. */
export function locks_held(): i32 {
  return held;
}
