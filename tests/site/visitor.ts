// One page of a browser that goes from page to page of the site, and notes what is wrong.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import type { OpenPage, Opener } from "../browser/pages.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const DESK = 1280;
const PHONE = 360;

/** Waits until the page's scripts have taken it over. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction("document.querySelector('#app')?.__vue_app__ !== undefined");
}

export class Visitor {
  readonly #opened: OpenPage;
  readonly #top: string;

  private constructor(opened: OpenPage, top: string) {
    this.#opened = opened;
    this.#top = top;
  }

  /** @param top the site's address */
  static async start(open: Opener, top: string): Promise<Visitor> {
    return new Visitor(await open("about:blank", { width: DESK, colorScheme: "light" }), top);
  }

  get page(): Page {
    return this.#opened.page;
  }

  async goTo(path: string): Promise<void> {
    await this.page.goto(this.#top + path);
    await settled(this.page);
  }

  /** What all pages so far did that they should not: errors, and requests to others. */
  get problems(): string[] {
    const { problems, requests } = this.#opened;
    const foreign = requests.filter(
      (url) => !url.startsWith(this.#top) && !/^(blob:|data:|about:)/.test(url),
    );
    return [...problems, ...foreign];
  }

  /** Rules of axe-core that the page breaks, of those that keep readers out. */
  async #findings(): Promise<string[]> {
    const { violations } = await this.page.evaluate<AxeResults>(
      "axe.run({ resultTypes: ['violations'] })",
    );
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`);
  }

  /** @returns what keeps readers out of the page, by day and by night */
  async barriers(): Promise<string[]> {
    const { page } = this;
    await page.evaluate(axe);
    const found = await this.#findings();
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction("document.documentElement.classList.contains('dark')");
    found.push(...(await this.#findings()).map((rule) => `dark: ${rule}`));
    await page.emulateMedia({ colorScheme: "light" });
    return found;
  }

  /** @returns what makes a phone's reader scroll sideways */
  async tooWide(): Promise<string[]> {
    const { page } = this;
    await page.setViewportSize({ width: PHONE, height: 800 });
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    await page.setViewportSize({ width: DESK, height: 800 });
    return width > PHONE ? [`${width} pixels wide on a phone`] : [];
  }

  async leave(): Promise<void> {
    await this.page.close();
  }
}
