// The page's end of the engine.

import { wrap, type Remote } from "comlink";
import type { Engine } from "../engine/engine.js";

let worker: Worker | undefined;
let remote: Remote<Engine> | undefined;

/** Where the explorer's files are: the folder of its scripts. */
export const BASE = new URL("./", import.meta.url).href;

/** @returns the engine, started when it is asked for first */
export function engine(): Remote<Engine> {
  if (remote !== undefined) return remote;
  worker = new Worker(new URL("engine.js", BASE), { type: "module" });
  remote = wrap<Engine>(worker);
  void remote.begin(BASE);
  return remote;
}
