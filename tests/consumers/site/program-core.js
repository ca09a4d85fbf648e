import { readFile } from "node:fs/promises";
import { run } from "./core.js";

const bytes = await readFile(new URL(import.meta.resolve("ptmalloc-wasm/core.ilp32.wasm")));
const found = [await run(bytes), await run(await WebAssembly.compile(bytes))];
if (JSON.stringify(found[0]) !== JSON.stringify(found[1])) throw new Error(JSON.stringify(found));
console.log(JSON.stringify(found[0]));
