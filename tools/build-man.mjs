// `npm run build:man`: the man page, man/ptmalloc-wasm.1, which the built command makes of its own
// help.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = execFileSync(process.execPath, [`${root}dist/cli/main.js`, "man"]);
mkdirSync(`${root}man`, { recursive: true });
writeFileSync(`${root}man/ptmalloc-wasm.1`, page);
