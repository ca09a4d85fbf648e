// The site as its readers meet it: under some path of a static host, by day and by night, on a desk
// or a phone, with the keyboard, without a network.

import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BrowserName } from "../browser/find.js";
import { describePages, type Opener, type Reader } from "../browser/pages.js";
import { campaign, sampled } from "../support/campaign.js";
import { buildSite, canBuild, hostSite, inLanes, pagesOf, SITE, type Host } from "./built.js";
import { deadLinks, foreignParts } from "./links.js";
import { HELD, imprison, press, pressAll } from "./runs.js";
import { settled, Visitor } from "./visitor.js";

const DESK: Reader = { width: 1280, colorScheme: "light" };
const MINUTES = 60_000;
/** Of so many pages one is looked at with care: what is wrong with one is wrong with many. */
const STRIDE = campaign({ short: 12, ci: 4, full: 1 });

/** Pages of VitePress's; the others are those of parts that this build has not. */
const isPage = (path: string): boolean => !/^(api|explorer|bench)\//.test(path);
const hasRuns = (path: string): boolean => /^(guides|lessons)\//.test(path);

function suite(open: Opener, browser: BrowserName): void {
  let host: Host;
  beforeAll(async () => {
    host = await hostSite();
  });
  afterAll(() => host.close());

  /** The second browser sees a part of the pages: what it does otherwise, it does in all. */
  const every = browser === "chromium" ? 1 : 4;
  const some = (paths: readonly string[]): string[] => paths.filter((_, i) => i % every === 0);

  /** Goes through pages in several lanes. @returns what was wrong with any */
  async function through(
    paths: readonly string[],
    look: (visitor: Visitor, path: string) => Promise<readonly string[]>,
  ): Promise<string[]> {
    const found: string[] = [];
    const visitors: Visitor[] = [];
    await inLanes(
      paths,
      async () => {
        const visitor = await Visitor.start(open, host.url);
        visitors.push(visitor);
        return visitor;
      },
      async (visitor, path) => {
        await visitor.goTo(path);
        found.push(...(await look(visitor, path)).map((text) => `${path}: ${text}`));
      },
    );
    found.push(...visitors.flatMap(({ problems }) => problems));
    await Promise.all(visitors.map((visitor) => visitor.leave()));
    return found;
  }

  it(
    "opens its pages without an error, asks nobody else for anything, keeps no reader out",
    async () => {
      const pages = some(sampled(pagesOf().filter(isPage), 3));
      const careful = new Set(["index.html", ...pages.filter((_, i) => i % STRIDE === 0)]);
      const found = await through(pages, async (visitor, path) => {
        if (!careful.has(path)) return [];
        // What axe-core finds is of the page, so one browser asks it.
        const barriers = browser === "chromium" ? await visitor.barriers() : [];
        return [...barriers, ...(await visitor.tooWide())];
      });
      expect(found).toEqual([]);
    },
    10 * MINUTES,
  );

  it(
    "runs examples and commands, and prints what the documents say",
    async () => {
      let count = 0;
      const pages = some(sampled(pagesOf().filter(hasRuns), 6));
      const found = await through(["guides/javascript.html", ...pages], async ({ page }) => {
        const pressed = await pressAll(page);
        count += pressed.count;
        return pressed.problems;
      });
      expect(found).toEqual([]);
      expect(count).toBeGreaterThan(campaign({ short: 15, ci: 80 }) / every);
    },
    10 * MINUTES,
  );

  it.each([
    { loops: false, status: "Done." },
    { loops: true, status: "Ended: it took too long." },
  ])("holds code that runs: $status", async ({ loops, status }) => {
    const { page } = await open("about:blank", DESK);
    await imprison(page, `${host.url}index.html`, loops);
    await page.goto(`${host.url}guides/embedding.html`);
    const pressed = await press(page.locator(".run").first());
    expect(pressed).toEqual({ status, output: HELD });
    await page.close();
  });

  it("finds tcache, and goes there", async () => {
    const { page, problems } = await open(`${host.url}guides/threads.html`, DESK);
    await settled(page);
    await page.keyboard.press("Control+k");
    await page.locator("#localsearch-input").fill("tcache");
    const first = page.locator(".result").first();
    await first.waitFor();
    expect((await page.locator(".result").allInnerTexts()).join("\n")).toMatch(/tcache/i);
    await first.click();
    await page.waitForURL((url) => !url.pathname.endsWith("guides/threads.html"));
    expect(page.url()).toContain(host.url);
    // This link was written for another page.
    await page.locator(".VPNavBarMenuLink", { hasText: "Lessons" }).click();
    await page.locator("h1", { hasText: "Lessons: glibc" }).waitFor();
    expect(page.url()).toBe(`${host.url}lessons/`);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("has a live heap that works by keyboard", async () => {
    const { page, problems } = await open(`${host.url}index.html`, DESK);
    const words = page.locator(".live-words");
    const said = (text: string) => expect.poll(() => words.innerText()).toContain(text);
    await page.locator(".live input").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("200000");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await said("at least mmap_threshold, 0x20000: mmap");
    expect(await words.innerText()).toContain("malloc(200000) = 0x55550010");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await said("free(e)");
    // A block that is free already: glibc's last words.
    await page.getByRole("button", { name: "a: 24" }).press("Enter");
    await page.getByRole("button", { name: "free(a)" }).press("Enter");
    await said("double free detected in tcache 2");
    await page.getByRole("button", { name: "start again" }).press("Enter");
    await expect.poll(() => words.innerText()).not.toContain("double free");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("tells the tours from a disk, without scripts", async () => {
    const file = pathToFileURL(`${SITE}tours/aborts/invalid-next-size.html`).href;
    const { page } = await open(file, DESK);
    expect(await page.locator("main").innerText()).toContain("next->size         0x5");
    expect(await page.locator("svg.picture").count()).toBe(2);
    const box = page.locator("svg .p-used").first();
    expect(await box.evaluate((one) => getComputedStyle(one).fill)).toBe("rgb(159, 197, 232)");
    await page.locator(".tour-links a").last().click();
    await page.waitForURL(/invalid-next-size-fast\.html$/);
    await page.close();
  });
}

describe.skipIf(!canBuild())("the site", () => {
  beforeAll(buildSite, 10 * MINUTES);

  it("has no dead link, and no part from elsewhere", () => {
    const pages = pagesOf();
    expect(pages.length).toBeGreaterThan(90);
    expect(pages.flatMap(deadLinks)).toEqual([]);
    expect(pages.flatMap(foreignParts)).toEqual([]);
  });

  describePages("its pages", suite);
});
