// The site's generator. Everything is found relative to the page (make/relative.mjs sees to it),
// and nothing comes from other servers.

import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { PAGES, sidebars, ROOT } from "../make/map.mjs";
import { BASE } from "../make/relative.mjs";
import { packageEntries } from "../make/entries.mjs";
import { runnable } from "../run/markdown.mjs";

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));

/** The column beside the tours: make/tours.mjs has written what is in it. */
function tours(text, link) {
  const steps = JSON.parse(readFileSync(`${PAGES}tours/sidebar.json`, "utf8"));
  return [{ text, link }, ...steps];
}

/** Names of headings are GitHub's, which the documents' links are written for. */
const slugify = (text) =>
  text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

// Links to files with these endings are no pages.
process.env.VITE_EXTRA_EXTENSIONS = "c,h,rs,zig,bt";

/** Colours of code that can be read: comments, too, have a contrast of 4.5 and more. */
const THEME = { light: "github-light-high-contrast", dark: "github-dark-high-contrast" };

const exactly = (name) => new RegExp(`^${name}$`);

export default defineConfig({
  srcDir: ".pages",
  outDir: "../build/site",
  cacheDir: "../build/.cache/vitepress",
  base: BASE,
  title: "ptmalloc-wasm",
  description: "The heap of a Linux process, in WebAssembly: guides, lessons, and a live heap.",
  lang: "en",
  metaChunk: true,
  lastUpdated: false,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${BASE}icon.svg` }]],
  markdown: { config: runnable, anchor: { slugify }, theme: THEME },
  srcExclude: ["public/**"],
  // Files lie beside the pages; tests/site follows every link of what was built.
  ignoreDeadLinks: [/\/files\//, /\/(api|explorer|bench)\/index/],
  themeConfig: {
    sidebar: { ...sidebars(), "/tours/": [...tours("Tours", "/tours/index.html")] },
    search: { provider: "local" },
    outline: [2, 3],
    externalLinkIcon: false,
    nav: [
      { text: "Guides", link: "/guides/index.html", activeMatch: "/guides/" },
      { text: "Lessons", link: "/lessons/index.html", activeMatch: "/lessons/" },
      { text: "Tours", link: "/tours/index.html", activeMatch: "/tours/" },
      { text: "Explorer", link: "/explorer/index.html", target: "_self" },
      { text: "API", link: "/api/index.html", target: "_self" },
      { text: version, link: "/project/changelog.html" },
    ],
  },
  vite: {
    resolve: {
      alias: packageEntries().map(([find, replacement]) => ({ find: exactly(find), replacement })),
    },
    server: { fs: { allow: [ROOT] } },
    build: { target: "es2022", chunkSizeWarningLimit: 1000 },
  },
});
