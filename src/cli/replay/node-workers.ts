// Node's workers, for a replay on workers.

import { Worker } from "node:worker_threads";
import type { ReplayWorker } from "../../trace/workers/crew.js";
import type { PostedAnswer } from "../../trace/workers/service.js";

/**
 * The compiled entry: beside this file, or in dist/ where this file runs as it was written, as in
 * tests.
 */
const ENTRY = import.meta.url.endsWith(".ts")
  ? new URL("../../../dist/cli/replay-worker.js", import.meta.url)
  : new URL("./replay-worker.js", import.meta.url);

/** A worker of Node's that runs `serveReplay`. */
export interface NodeReplayWorker extends ReplayWorker {
  readonly worker: Worker;
}

/** Starts one. */
export function spawnNodeWorker(): NodeReplayWorker {
  const worker = new Worker(ENTRY);
  return {
    worker,
    post: (request) => worker.postMessage(request),
    listen(onAnswer, onEnd) {
      worker.on("message", (answer: PostedAnswer) => onAnswer(answer));
      worker.on("error", (error) => onEnd(error.message));
      worker.on("exit", (code) => onEnd(`exit code ${code}`));
    },
    terminate: () => worker.terminate(),
  };
}
