// What Node.js knows about the thread that this code runs on. One of the few files outside src/cli that may use Node's own modules.

import { threadId } from "node:worker_threads";

/** The number of this thread of Node's, from 1 (the main thread): `threadId` of worker_threads plus 1. Never used twice. */
export function workerId(): number {
  return threadId + 1;
}
