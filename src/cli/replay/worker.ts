// The entry of a worker of `replay --workers`.

import { parentPort } from "node:worker_threads";
import { serveReplay } from "../../trace/workers/service.js";
import { exposedCollector } from "./garbage.js";

if (parentPort === null)
  throw new Error("this runs in a worker of `ptmalloc-wasm replay --workers`");
const port = parentPort;

serveReplay({
  post: (answer) => port.postMessage(answer),
  listen: (listener) => port.on("message", listener),
  collect: exposedCollector(),
});
