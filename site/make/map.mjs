// Which document of the repository is which page of the site, and in which order they stand.

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The site's own folder. */
export const SITE = `${ROOT}site/`;
/** Where pages are put together; VitePress reads them there. */
export const PAGES = `${SITE}.pages/`;

/** The guides' chapters: documents of docs/, without their ending. */
const CHAPTERS = {
  "Use a heap": ["embedding", "javascript", "threads", "heap-image", "profiles", "guests"],
  "See a heap": ["explorer", "inspect", "address-space", "kernel", "claims", "snapshot"],
  Measure: ["bench", "benchmarks", "interchange"],
  "What is so": ["differences", "glibc-versions", "environments", "assemblyscript", "glossary"],
};

/** Other documents that guides lead to, by page. */
const OTHERS = {
  "ARCHITECTURE.md": "project/architecture.md",
  "CHANGELOG.md": "project/changelog.md",
  "CONTRIBUTING.md": "project/contributing.md",
  "SECURITY.md": "project/security.md",
  "assembly/README.md": "project/assembly.md",
  "assembly/kernel/README.md": "project/assembly-kernel.md",
  "assembly/malloc/README.md": "project/assembly-malloc.md",
  "bench/README.md": "project/bench.md",
  "explorer/README.md": "project/explorer.md",
  "docs/pictures/explorer/README.md": "project/explorer-pictures.md",
  "recorder/README.md": "project/recorder.md",
  "site/README.md": "project/site.md",
  "src/README.md": "project/src.md",
  "tests/README.md": "project/tests.md",
  "tests/golden/README.md": "project/tests-golden.md",
  "tests/golden/dumps/README.md": "project/tests-dumps.md",
  "tests/kernel/README.md": "project/tests-kernel.md",
  "tests/oracle/README.md": "project/tests-oracle.md",
  "tests/trace/interchange/recordings/README.md": "project/tests-recordings.md",
  "traces/README.md": "guides/traces.md",
};

const LESSONS = "docs/heap/README.md";

/** The lessons in the order of their list: [{ title, names }] for each of its headings. */
function lessonChapters() {
  const chapters = [];
  for (const line of readFileSync(ROOT + LESSONS, "utf8").split("\n")) {
    const [, heading] = /^## (.+)/.exec(line) ?? [];
    const [, name] = /^\d+\. \[.+?\]\((.+?)\.md\)/.exec(line) ?? [];
    if (heading !== undefined) chapters.push({ title: heading, names: [] });
    if (name !== undefined) chapters.at(-1).names.push(name);
  }
  return chapters;
}

/** @returns {Map<string, string>} pages by document: "docs/threads.md" → "guides/threads.md" */
export function documents() {
  const guides = Object.values(CHAPTERS).flat();
  const lessons = lessonChapters().flatMap(({ names }) => names);
  return new Map([
    ["README.md", "guides/index.md"],
    ["docs/api.md", "guides/api.md"],
    [LESSONS, "lessons/index.md"],
    ...guides.map((name) => [`docs/${name}.md`, `guides/${name}.md`]),
    ...lessons.map((name) => [`docs/heap/${name}.md`, `lessons/${name}.md`]),
    ...Object.entries(OTHERS),
  ]);
}

/** @param {string} document @returns {string} its first heading, without marks */
export function titleOf(document) {
  const [, title] = /^# (.+)/m.exec(readFileSync(ROOT + document, "utf8")) ?? [];
  return (title ?? basename(document, ".md")).replaceAll("`", "");
}

function entries(names, folder, page) {
  return names.map((name) => ({
    text: titleOf(join(folder, `${name}.md`)),
    link: `/${page}/${name}.html`,
  }));
}

/** The columns beside the pages, as VitePress takes them. */
export function sidebars() {
  const guides = Object.entries(CHAPTERS).map(([text, names]) => ({
    text,
    items: entries(names, "docs", "guides"),
  }));
  const measure = guides.find(({ text }) => text === "Measure");
  // Pages of others, which VitePress does not know.
  measure.items.push({ text: "A report of bench", link: "/bench/index.html", target: "_self" });
  const lessons = lessonChapters().map(({ title, names }) => ({
    text: title,
    items: entries(names, "docs/heap", "lessons"),
  }));
  const project = Object.entries(OTHERS).map(([document, page]) => ({
    text: titleOf(document),
    link: `/${page.replace(/\.md$/, ".html")}`,
  }));
  return {
    "/guides/": [
      {
        text: "Begin",
        items: [
          { text: "Overview", link: "/guides/index.html" },
          { text: "API reference", link: "/guides/api.html" },
        ],
      },
      ...guides,
      { text: "The project", items: project },
    ],
    "/project/": [{ text: "The project", items: project }, ...guides],
    "/lessons/": [{ text: "Lessons", link: "/lessons/index.html" }, ...lessons],
  };
}

/** @param {string} path @returns {string} the way from a page's folder to the site's top */
export function upFrom(path) {
  const depth = dirname(path) === "." ? 0 : dirname(path).split("/").length;
  return depth === 0 ? "./" : "../".repeat(depth);
}
