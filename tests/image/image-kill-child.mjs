// A process that is made to be killed: goes on with the program in a heap image, msyncs every so
// many operations, and says so when one is completed. Its one argument is JSON: see `ChildPlan` in
// image-kill.ts. Needs `npm run build`.

import { writeSync } from "node:fs";
import { countingFile } from "../support/counting-file.mjs";
import { Workload } from "../support/image-workload.mjs";

const dist = (/** @type {string} */ path) =>
  import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openHeapImageSync, openNodeFile } = await dist("image/index.js");

const { path, seed, every, crashAt, ...options } = JSON.parse(process.argv[2] ?? "{}");
const O_RDWR_CREAT = 0o102;
let isArmed = false;
let steps = 0;
const file = countingFile(openNodeFile(path, O_RDWR_CREAT), () => {
  if (isArmed && ++steps === crashAt) process.kill(process.pid, "SIGKILL");
});
const heap = openHeapImageSync(file, options);
const work = new Workload(heap.heap, heap.root, seed);
heap.root = work.table;
for (;;) {
  work.runTo((Math.floor(work.ops / every) + 1) * every);
  isArmed = crashAt > 0;
  heap.msync();
  if (isArmed) break;
  // Into the pipe at once: it is there even if the next thing that happens is the end.
  writeSync(1, `synced ${heap.generation} ${work.ops}\n`);
}
