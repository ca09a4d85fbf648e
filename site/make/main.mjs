// `npm run site`: builds the site into build/site. It lies on any static host, under any path.

import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { execFileSync, spawnSync } from "node:child_process";
import { build as buildPages } from "vitepress";
import { buildRunner } from "./runner.mjs";
import { makePages } from "./pages.mjs";
import { makeRelative } from "./relative.mjs";
import { makeReport } from "./report.mjs";
import { makeTours } from "./tours.mjs";
import { ROOT, SITE } from "./map.mjs";

/** --quick leaves out what takes long; --out FOLDER is where to, in place of build/site. */
const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, out: { type: "string", default: `${ROOT}build/site` } },
});
const OUT = `${resolve(options.out)}/`;
const EXPLORER = `${ROOT}tools/build-explorer.mjs`;

/** Does one part of the work, and says how long it took. */
async function step(name, work) {
  const begin = performance.now();
  const note = await work();
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`site: ${name}  ${note ?? `${seconds} s`}`);
}

/** A page in place of a part that this build has not. */
function standIn(part) {
  mkdirSync(`${OUT}${part}`, { recursive: true });
  const text = `This build of the site has no ${part}. <a href="../index.html">Back</a>`;
  const head = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${part}</title>`;
  writeFileSync(`${OUT}${part}/index.html`, `${head}<main><h1>${part}</h1><p>${text}</p></main>\n`);
}

/** The API reference: TypeDoc's own pages, whose links are relative. */
function copyReference() {
  const typedoc = `${ROOT}node_modules/typedoc/bin/typedoc`;
  // What is undocumented is the matter of "npm run docs:api".
  const lenient = ["--treatWarningsAsErrors", "--treatValidationWarningsAsErrors"];
  const args = [typedoc, "--logLevel", "Error", ...lenient.flatMap((name) => [name, "false"])];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  cpSync(`${ROOT}build/api/`, `${OUT}api/`, { recursive: true });
}

function buildExplorer() {
  if (!existsSync(EXPLORER)) {
    standIn("explorer");
    return "left out: there is no tools/build-explorer.mjs";
  }
  const arguments_ = [EXPLORER, "--out", relative(ROOT, `${OUT}explorer`)];
  const { status } = spawnSync(process.execPath, arguments_, { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) throw new Error("tools/build-explorer.mjs failed");
}

if (!existsSync(`${ROOT}dist/index.js`)) {
  console.error('site: dist/ is not there: "npm run build" makes it');
  process.exit(1);
}
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
await step("pages", makePages);
await step("tours", makeTours);
await step("VitePress", async () => {
  await buildPages(SITE, { outDir: OUT });
});
await step("relative links", () => makeRelative(OUT));
await step("runner", () => buildRunner(OUT));
const parts = { api: copyReference, explorer: buildExplorer, bench: () => makeReport(OUT) };
for (const [part, make] of Object.entries(parts))
  await step(part, () => {
    if (!options.quick) return make();
    standIn(part);
    return "left out (--quick)";
  });
