// Pages as their readers open them, in Chromium and in Firefox: one list of tests for both.

import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll } from "vitest";
import { CHROMIUM_FLAGS } from "../../tools/browsers.mjs";
import { describeIn, type BrowserName } from "./find.js";
import { launchFirefox } from "./firefox.js";

/** How a reader looks at a page. */
export interface Reader {
  /** Pixels. */
  readonly width: number;
  readonly colorScheme: "light" | "dark";
}

/** A page, and what it did since it was opened. */
export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of its console, and what it threw. */
  readonly problems: readonly string[];
  /** Addresses of all that it asked for, itself first. */
  readonly requests: readonly string[];
}

/** Opens pages from anywhere: files, too. */
export type Opener = (address: string, reader: Reader) => Promise<OpenPage>;

const NAMES: Readonly<Record<BrowserName, string>> = { chromium: "Chromium", firefox: "Firefox" };

/**
 * `describe` for tests of pages, in each browser: runs them where it is, else prints the reason and
 * skips them.
 * @param suite is given what opens pages; it can be used in tests, not before
 * @throws Error instead of skipping when PTMALLOC_REQUIRE_NATIVE=1
 */
export function describePages(
  name: string,
  suite: (open: Opener, browser: BrowserName) => void,
  browsers: readonly BrowserName[] = ["chromium", "firefox"],
): void {
  for (const browser of browsers) {
    describeIn(
      browser,
      `${name}, in ${NAMES[browser]}`,
      (path) => {
        const started = new Started(browser, path);
        afterAll(() => started.end());
        suite((address, reader) => started.open(address, reader), browser);
      },
      (reason) => suite(() => Promise.reject(new Error(reason)), browser),
    );
  }
}

/** A browser that is started when a page is wanted; Firefox once for each colour scheme. */
class Started {
  readonly #browsers = new Map<string, Promise<Browser>>();

  readonly #browser: BrowserName;
  readonly #path: string;

  constructor(browser: BrowserName, executablePath: string) {
    this.#browser = browser;
    this.#path = executablePath;
  }

  #start({ colorScheme }: Reader): Promise<Browser> {
    const [browser, executablePath] = [this.#browser, this.#path];
    const key = browser === "firefox" ? colorScheme : "";
    const known = this.#browsers.get(key);
    if (known !== undefined) return known;
    const begun =
      browser === "firefox"
        ? launchFirefox(executablePath, colorScheme)
        : chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
    this.#browsers.set(key, begun);
    return begun;
  }

  async open(address: string, reader: Reader): Promise<OpenPage> {
    return openPage(await this.#start(reader), address, reader);
  }

  async end(): Promise<void> {
    const all = await Promise.all(this.#browsers.values());
    await Promise.all(all.map((one) => one.close()));
  }
}

async function openPage(browser: Browser, address: string, reader: Reader): Promise<OpenPage> {
  const { width, colorScheme } = reader;
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
  const problems: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(address);
  return { page, problems, requests };
}
