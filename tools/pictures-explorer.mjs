// `npm run pictures:explorer`: pictures of all views of the explorer, wide and on a phone, by day
// and by night, into docs/pictures/explorer. `-- map try` takes those of some views only. It needs
// what tests/consumers installs, for small files.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildExplorer } from "./build-explorer.mjs";
import { serveFolder, startChromium } from "./page-host.mjs";
import { pictureBytes } from "./picture-size.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const OUT = `${root}docs/pictures/explorer/`;
/** A moment of git-log with chunks in every kind of list, a mark, and one of them selected. */
const PLACE = "#trace=git-log&at=5000&mark=4900&address=0x10c4868";

const SCREENS = {
  wide: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
};

/** A trace of several threads. */
const GREP = "#trace=git-grep&at=5000";
const PROGRAM = `// A list of words, and a hole.
const words = ["brk", "chunk", "bin", "top"].map((word) => {
  const p = malloc(40);
  write(p, word);
  return p;
});
free(words[1]);
print("the hole is at", words[1]);`;

/** What is taken: where it is, and what is done there before. */
const PICTURES = [
  { name: "map", place: `${PLACE}&view=map` },
  { name: "lists", place: `${PLACE}&view=lists` },
  { name: "arenas", place: `${GREP}&view=arenas` },
  { name: "space", place: `${GREP}&view=space` },
  { name: "kernel", place: "#trace=git-log&at=4412&view=kernel" },
  { name: "time", place: `${PLACE}&view=time` },
  { name: "blocks", place: `${PLACE}&view=time`, part: "#view section", isBelow: true },
  { name: "sizes", place: `${PLACE}&view=sizes` },
  { name: "bytes", place: `${PLACE}&view=bytes` },
  { name: "checks", place: `${PLACE}&view=checks` },
  { name: "diff", place: `${PLACE}&view=diff` },
  { name: "try", place: `${PLACE}&view=try` },
  {
    name: "console",
    place: `${PLACE}&view=console`,
    async prepare(page) {
      for (const line of ["whatis 0x10c4868", "bins", "p = malloc(24)", "free(p); free(p)"]) {
        await page.locator("input[name=line]").fill(line);
        await page.keyboard.press("Enter");
        await page.waitForFunction(
          (text) => document.querySelector(".output").lastChild.textContent !== `> ${text}`,
          line,
        );
      }
    },
  },
  {
    name: "program",
    place: "#view=program",
    async prepare(page) {
      await page.locator(".cm-content").fill(PROGRAM);
      await page.locator(".run").click();
      await page.locator(".output", { hasText: "calls: the time cursor" }).waitFor();
    },
  },
  { name: "why", place: "#trace=git-log&at=19034&view=map", part: ".why" },
  { name: "tour", place: "?tour=why-not-returned", part: ".tour" },
  { name: "abort", place: "?tour=aborts", part: ".tour" },
];

/** Writes a picture with 64 colours, which takes a third of the bytes. */
async function write(file, png) {
  const sharp = createRequire(`${root}tests/consumers/package.json`)("sharp");
  writeFileSync(file, await sharp(png).png({ palette: true, colours: 64, effort: 10 }).toBuffer());
}

/** Builds the explorer, and serves it to this machine. */
async function serve() {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-pictures-"));
  await buildExplorer(folder);
  const host = await serveFolder(folder);
  const close = () => {
    host.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { address: host.address, close };
}

/** Scrolls so that what the picture is about is seen, as a reader would. */
async function show(page, { part = ".columns", isBelow = false }) {
  const choice = { selector: part, isBelow };
  await page.evaluate(({ selector, isBelow }) => {
    const bar = document.querySelector(".time-bar").getBoundingClientRect();
    const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
    const isOut = bottom > innerHeight && top > innerHeight / 2;
    if (isOut || isBelow) scrollTo(0, scrollY + top - bar.height - 8);
  }, choice);
}

/** Waits until the page shows a place: the view, and what it reads in the background. */
async function settle(page, place) {
  await page.locator(".why .call, .why p").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".waiting") === null);
  const { view } = Object.fromEntries(new URLSearchParams(place.split("#")[1]));
  if (view !== undefined) await page.locator(`#tab-${view}[aria-selected=true]`).waitFor();
  await page.waitForTimeout(700);
}

/** Takes a picture in a page, which may show another place yet. */
async function take(page, address, picture, suffix) {
  const { name, place, prepare } = picture;
  await page.goto(`${address}${place}`);
  await settle(page, place);
  await prepare?.(page);
  await page.evaluate(() => scrollTo(0, 0));
  await show(page, picture);
  const file = `${OUT}${name}-${suffix}.png`;
  await write(file, await page.screenshot({ animations: "disabled", caret: "hide" }));
  return pictureBytes(file);
}

/** Takes all that were asked for, on a screen. */
async function takeAll(browser, address, chosen, screen, colorScheme) {
  const page = await browser.newPage({ viewport: SCREENS[screen], colorScheme });
  page.setDefaultTimeout(180_000);
  let sum = 0;
  for (const picture of PICTURES)
    if (chosen.length === 0 || chosen.includes(picture.name))
      sum += await take(page, address, picture, `${screen}-${colorScheme}`);
  await page.close();
  console.log(`${screen}, ${colorScheme}: ${sum.toLocaleString("en")} bytes`);
}

const chosen = process.argv.slice(2);
const { address, close } = await serve();
const browser = await startChromium();
try {
  mkdirSync(OUT, { recursive: true });
  for (const screen of Object.keys(SCREENS))
    for (const colorScheme of ["light", "dark"])
      await takeAll(browser, address, chosen, screen, colorScheme);
} finally {
  await browser.close();
  close();
}
