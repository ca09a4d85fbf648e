// `npm run site`: the site into build/site. Its generator is installed in a folder of its own, the
// first time. Arguments are site/make/main.mjs's.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a command; where it fails, so does this. */
function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(`${root}site/node_modules`))
  run("npm", ["ci", "--prefix", "site", "--no-audit", "--no-fund"]);
run(process.execPath, ["site/make/main.mjs", ...process.argv.slice(2)]);
