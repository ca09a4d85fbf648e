// Every view: it shows what it is for, by day and by night, on a desk and on a phone, and axe-core
// finds nothing that keeps readers out. What it finds is of the page, so one browser asks it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Reader } from "../browser/pages.js";
import { describeExplorer, expectQuiet, settled } from "./site.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

/** Views, and what each shows of git-log after 5000 operations. */
const VIEWS: readonly (readonly [name: string, shows: RegExp])[] = [
  ["map", /free, in tcache/],
  ["lists", /tcache\[17\][^]*unsorted/],
  ["arenas", /main_arena[^]*systemMem[^]*trimThreshold/],
  ["space", /\[heap\][^]*the largest/],
  ["kernel", /startBrk[^]*brk\(0x1161000\) = 0x1161000/],
  ["time", /Every block of \[heap\]/],
  ["sizes", /Sizes asked for[^]*Lifetimes/],
  ["bytes", /malloc_chunk\.mchunkSize = 0xb1/],
  ["checks", /Sound: every link[^]*It finds nothing wrong/],
  ["diff", /New chunks: \d+[^]*Numbers that changed/],
  ["try", /malloc\(24\) would[^]*tcache_get/],
  ["console", /help lists the commands/],
  ["program", /It runs in a sandbox/],
];

const READERS: Reader[] = [
  { width: 1280, colorScheme: "light" },
  { width: 360, colorScheme: "dark" },
];

/** Rules of axe-core that the page breaks, of those that keep readers out. */
async function findings(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run({ resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`);
}

describeExplorer("the views of the explorer", (site) => {
  // Firefox would have to be started anew for another scheme.
  const readers = READERS.filter((one) => site.browser === "chromium" || one === READERS[1]);
  it.each(readers)("show what they are for: $width pixels, $colorScheme", async (reader) => {
    const place = "#trace=git-log&at=5000&mark=4900&address=0x10c4868";
    const opened = await site.open(place, reader);
    const { page } = opened;
    const isAsked = site.browser === "chromium";
    if (isAsked) await page.evaluate(axe);
    for (const [name, shows] of VIEWS) {
      await page.locator(`#tab-${name}`).click();
      await settled(page);
      const view = page.locator("#view");
      await expect.poll(() => view.innerText(), { timeout: 15_000 }).toMatch(shows);
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect(wide, name).toBeLessThanOrEqual(reader.width);
      if (isAsked) expect(await findings(page), name).toEqual([]);
    }
    expectQuiet(opened, site.url);
    await page.close();
  });
});
