// The tours as pages: each step is played in a real process, and printed with its picture. What
// plays them is TypeScript over the package's sources, so it is bundled first.

import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { PAGES, ROOT, SITE } from "./map.mjs";
import { hashOf } from "../../explorer/tours/links.mjs";

const PLAYER = `${ROOT}build/.cache/tours.mjs`;
/** Where sources of the package look for binaries from. */
const SOURCE = pathToFileURL(`${ROOT}src/binary/sources.ts`).href;

/** @returns {Promise<import("../tours/play.ts").PlayedTour[]>} */
export async function playedTours() {
  await build({
    entryPoints: [`${SITE}tours/play.ts`],
    outfile: PLAYER,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "warning",
    define: { "import.meta.url": JSON.stringify(SOURCE) },
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire("/");' },
  });
  const { playTours } = await import(`${pathToFileURL(PLAYER).href}?${Date.now()}`);
  return playTours(ROOT);
}

/** Text with `code` in it, as Markdown that means nothing else. */
const prose = (text) =>
  text
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith("`") ? part : part.replace(/[<{_]/g, (one) => `&#${one.charCodeAt(0)};`),
    )
    .join("");

const pageOf = ({ id }, step) => `/tours/${id}/${step.id}.html`;

function claimNote({ claim }) {
  if (claim === undefined) return [];
  const where = "../../guides/claims.md";
  return [`This is sentence ${claim} of [what articles say about the heap](${where}).`, ""];
}

function stepPage(tour, step, i) {
  const before = tour.steps[i - 1];
  const after = tour.steps[i + 1];
  const link = (to, text) => (to === undefined ? "" : `[${text} ${to.title}](./${to.id}.md)`);
  const scene =
    step.before.length === 0 ? [] : ["```c", ...step.before.map((line) => `${line};`), "```"];
  return [
    ...[
      "---",
      `title: ${JSON.stringify(step.title)}`,
      "aside: false",
      "prev: false",
      "next: false",
    ],
    ...[
      "---",
      "",
      `# ${prose(step.title)}`,
      "",
      `<p class="tour-place">${tour.title}, ${i + 1} of ${tour.steps.length}</p>`,
    ],
    ...["", ...step.text.flatMap((paragraph) => [prose(paragraph), ""])],
    ...step.pictures.flatMap((svg) => [
      `<div class="tour-picture" tabindex="0" v-pre>${svg}</div>`,
      "",
    ]),
    ...(scene.length === 0 ? [] : ["The scene is set by", "", ...scene, "", "and then", ""]),
    ...["```text", step.output.trimEnd(), "```", ""],
    ...[explorerLink(step), ""],
    ...[`<details class="tour-question"><summary>${prose(step.question)}</summary>`, ""],
    ...[prose(step.answer), "", "</details>", "", ...claimNote(step)],
    ...[
      `<nav class="tour-links" aria-label="Steps">`,
      "",
      link(before, "←"),
      "",
      link(after, "→"),
      "",
    ],
    ...["</nav>", ""],
  ].join("\n");
}

function explorerLink(step) {
  const to = `../../explorer/index.html#${hashOf(step).replaceAll("&", "&amp;")}`;
  return `<p><a class="vp-raw" href="${to}">Open it in the explorer</a></p>`;
}

function tourList({ id, title, summary, steps }) {
  const items = steps.map((step, i) => `${i + 1}. [${prose(step.title)}](./${id}/${step.id}.md)`);
  return [`## ${title}`, "", prose(summary), "", ...items, ""];
}

const INTRODUCTION = [
  "# Guided tours",
  "",
  "Each step is a real heap: what is printed and drawn was read from its memory when this site was",
  "built. Think before you open an answer.",
  "",
];

/** Writes the pages of all tours. @returns what VitePress shows beside them */
export async function makeTours() {
  const tours = await playedTours();
  for (const tour of tours) {
    mkdirSync(`${PAGES}tours/${tour.id}`, { recursive: true });
    tour.steps.forEach((step, i) =>
      writeFileSync(`${PAGES}tours/${tour.id}/${step.id}.md`, stepPage(tour, step, i)),
    );
  }
  writeFileSync(`${PAGES}tours/index.md`, [...INTRODUCTION, ...tours.flatMap(tourList)].join("\n"));
  const sidebar = tours.map((tour) => ({
    text: tour.title,
    items: tour.steps.map((step) => ({ text: step.title, link: pageOf(tour, step) })),
  }));
  writeFileSync(`${PAGES}tours/sidebar.json`, JSON.stringify(sidebar));
}
