// Node's own modules, without an import statement: bundlers for browsers would stumble over one,
// and everything else of this package runs in browsers. `process.getBuiltinModule` is there from
// Node.js 20.16 on, and in Deno and Bun.

import type fs from "node:fs";
import type http from "node:http";
import type path from "node:path";
import type url from "node:url";
import type util from "node:util";
import type threads from "node:worker_threads";
import type zlib from "node:zlib";

interface NodeModules {
  readonly "node:fs": typeof fs;
  readonly "node:path": typeof path;
  readonly "node:util": typeof util;
  readonly "node:url": typeof url;
  readonly "node:worker_threads": typeof threads;
  readonly "node:zlib": typeof zlib;
  readonly "node:http": typeof http;
}

/** @returns the module, or undefined outside Node.js and what takes after it */
export function nodeModule<K extends keyof NodeModules>(name: K): NodeModules[K] | undefined {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> };
  return process?.getBuiltinModule?.(name);
}

/**
 * The number of this thread of Node's, from 1 (the main thread): `threadId` of worker_threads plus
 * 1, never used twice. 0 elsewhere.
 */
export function workerId(): number {
  const workers = nodeModule("node:worker_threads");
  if (workers === undefined) return 0;
  // Deno counts its Workers of node:worker_threads only: in others it says what it says on the main
  // thread.
  if (workers.isMainThread && "WorkerGlobalScope" in globalThis) return 0;
  return workers.threadId + 1;
}
