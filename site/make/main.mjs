// `npm run site`: builds the site into build/site. It lies on any static host, under any path.

import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { execFileSync, spawnSync } from "node:child_process";
import { build as buildPages } from "vitepress";
import { buildRunner } from "./runner.mjs";
import { makePages } from "./pages.mjs";
import { makeRelative } from "./relative.mjs";
import { makeReport } from "./report.mjs";
import { makeTours } from "./tours.mjs";
import { ROOT, SITE } from "./map.mjs";

const OUT = `${ROOT}build/site/`;
const EXPLORER = `${ROOT}tools/build-explorer.mjs`;

/** Does one part of the work, and says how long it took. */
async function step(name, work) {
  const begin = performance.now();
  const note = await work();
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`site: ${name}  ${note ?? `${seconds} s`}`);
}

/** The API reference: TypeDoc's own pages, whose links are relative. */
function copyReference() {
  if (process.argv.includes("--quick")) return "left out (--quick)";
  const typedoc = `${ROOT}node_modules/typedoc/bin/typedoc`;
  execFileSync(process.execPath, [typedoc], { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  cpSync(`${ROOT}build/api/`, `${OUT}api/`, { recursive: true });
}

function buildExplorer() {
  if (!existsSync(EXPLORER)) return "left out: there is no tools/build-explorer.mjs";
  const arguments_ = [EXPLORER, "--out", `${OUT}explorer`];
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
  await buildPages(SITE);
});
await step("relative links", () => makeRelative(OUT));
await step("runner", () => buildRunner(OUT));
await step("API reference", copyReference);
await step("explorer", buildExplorer);
await step("benchmark report", () =>
  process.argv.includes("--quick") ? "left out (--quick)" : makeReport(OUT),
);
