// What a page without a bundler and without an import map imports.
// @ts-ignore: the package is there only in the project that the test makes of this folder.
import * as api from "./node_modules/ptmalloc-wasm/dist/index.js";
import { consume } from "./program.js";

export async function run() {
  const report = await consume(api);
  return { ...report, sync: api.createHeapSync().malloc(100) !== 0 };
}
