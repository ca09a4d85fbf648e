// The site's generator. Everything is found relative to the page (build/relative.mjs sees to it),
// and nothing comes from other servers.

import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { sidebars, ROOT } from "../build/map.mjs";
import { BASE } from "../build/relative.mjs";

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));

export default defineConfig({
  srcDir: ".pages",
  outDir: "../build/site",
  cacheDir: "../build/.cache/vitepress",
  base: BASE,
  title: "ptmalloc-wasm",
  description: "The heap of a Linux process, in WebAssembly: guides, lessons, and a live heap.",
  lang: "en",
  metaChunk: true,
  srcExclude: ["public/**"],
  // Files lie beside the pages; tests/site follows every link of what was built.
  ignoreDeadLinks: [/\/files\//],
  themeConfig: {
    sidebar: sidebars(),
    search: { provider: "local" },
    outline: [2, 3],
    nav: [{ text: `${version}`, link: "/project/changelog.html" }],
  },
});
