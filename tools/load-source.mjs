// Imports a TypeScript source of src/ into a tool of the build, which runs before there is a dist/.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * @param {string} path below src/, such as "binary/inlined.ts", or "../explorer/" and so on
 * @returns {Promise<Record<string, any>>} what the module exports
 */
export async function loadSource(path) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${path}`, import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    target: "es2022",
  });
  return import(
    `data:text/javascript;base64,${Buffer.from(outputFiles?.[0]?.text ?? "").toString("base64")}`
  );
}
