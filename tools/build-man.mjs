// `npm run build:man`: the man page, man/ptmalloc-wasm.1.gz, which the built command makes of its
// own help.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = execFileSync(process.execPath, [`${root}dist/cli/main.js`, "man"]);
rmSync(`${root}man`, { recursive: true, force: true });
mkdirSync(`${root}man`);
writeFileSync(`${root}man/ptmalloc-wasm.1.gz`, gzipSync(page, { level: 9 }));
