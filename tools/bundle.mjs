// Bundles TypeScript of this checkout into build/, quickly and without looking at types: for `npm
// start` and `npm run bench`, which need no dist/. Packages stay outside.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * @param {Record<string, string>} entries sources by the name that they get, relative to the
 *   project
 * @param {string} folder in build/; files of the package are found from there, as they are from
 *   dist/cli/
 */
export async function bundle(entries, folder) {
  await build({
    absWorkingDir: dirname(dirname(fileURLToPath(import.meta.url))),
    entryPoints: entries,
    outdir: `build/${folder}`,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
}
