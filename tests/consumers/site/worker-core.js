// For workerd: the smallest worker there is, with the binary imported by its name.
import wasm from "ptmalloc-wasm/core.ilp32.wasm";
import { run } from "./core.js";

export default {
  async fetch() {
    return Response.json(await run(wasm));
  },
};
