// Makes dist/cli/bench-page.html.gz: the page of `bench`, without data. Its script, with the
// library that draws the plots, its style and the licences are put into the one file.

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import { transform } from "esbuild";
import { rollup } from "rollup";
import { minify } from "terser";

import { trimmedPlot, typescript } from "./dist-plugins.mjs";
import { licenceTexts } from "./licences.mjs";

const ENTRY = "src/cli/bench/page/main.ts";

/** The page's script, in one piece. */
async function script(root) {
  const src = `${root}src/`;
  const bundle = await rollup({
    input: root + ENTRY,
    treeshake: { moduleSideEffects: (id) => id === root + ENTRY },
    plugins: [trimmedPlot(), typescript(src), nodeResolve({ browser: true }), commonjs()],
    onwarn: ({ code, message }) => {
      // d3's modules import each other in rings, which do no harm.
      if (code !== "CIRCULAR_DEPENDENCY") throw new Error(message);
    },
  });
  const { output } = await bundle.generate({ format: "iife" });
  await bundle.close();
  const [chunk] = output;
  const compress = { passes: 3, unsafe_arrows: true, pure_getters: true };
  const { code } = await minify(chunk.code, {
    ecma: 2022,
    compress,
    format: { max_line_len: 500 },
  });
  return { chunk, code };
}

/**
 * Writes the page.
 * @param {string} root the project's folder, with a slash at its end
 * @param {string} to the file to write
 * @returns {Promise<import("rollup").OutputChunk>} what Rollup made of its script, for the licences
 */
export async function buildPage(root, to) {
  const folder = `${root}${ENTRY.replace(/[^/]+$/, "")}`;
  const { chunk, code } = await script(root);
  // An element ends at the first thing that looks like its end.
  if (/<\/script|<!--/i.test(code)) throw new Error("the page's script would end before its end");
  const css = readFileSync(`${folder}style.css`, "utf8");
  const style = (await transform(css, { loader: "css", minify: true })).code.trim();
  const licences = licenceTexts(root, [chunk]).replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const parts = { STYLE: style, LICENCES: licences, SCRIPT: code };
  const page = readFileSync(`${folder}template.html`, "utf8")
    .replace(/^\s+/gm, "")
    .replace(/%([A-Z]+)%/g, (place, name) => parts[name] ?? place);
  writeFileSync(to, gzipSync(page, { level: 9 }));
  return chunk;
}
