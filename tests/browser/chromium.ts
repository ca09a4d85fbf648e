// The tests in a browser need Chromium: the one that CHROMIUM_PATH names, or one of the system's.
// Without it they skip and say why; with PTMALLOC_REQUIRE_NATIVE=1, as in CI, that is an error
// instead.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser as Chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { BROWSER_PLACES, CHROMIUM_FLAGS } from "../../tools/browsers.mjs";
import { serve, type Server } from "./server.js";

function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  return (named === undefined ? BROWSER_PLACES.chromium : [named]).find((path) => existsSync(path));
}

/** What a suite in the browser uses. */
export interface Browser {
  /**
   * Calls a function of page/cases.js with arguments, and gives its result; both are copied as
   * JSON.
   */
  run(name: string, ...args: unknown[]): Promise<unknown>;
}

/** An open page, and all that must go with it. */
class Session implements Browser {
  #server: Server | undefined;
  #page: Page | undefined;
  readonly #profile = mkdtempSync(join(tmpdir(), "ptmalloc-chromium-"));

  async open(executablePath: string, isIsolated: boolean): Promise<void> {
    this.#server = await serve(isIsolated);
    const context = await chromium.launchPersistentContext(this.#profile, {
      executablePath,
      args: CHROMIUM_FLAGS,
    });
    this.#page = context.pages()[0] ?? (await context.newPage());
    await this.#page.goto(this.#server.url);
  }

  run(name: string, ...args: unknown[]): Promise<unknown> {
    const list = [name, ...args].map((arg) => JSON.stringify(arg)).join(", ");
    return this.#page!.evaluate(`run(${list})`);
  }

  async close(): Promise<void> {
    await this.#page?.context().close();
    await this.#server?.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}

/**
 * `describe` for tests in Chromium: runs them where there is one, else prints the reason and skips
 * them.
 * @param suite is given a browser with the page open; it can be used in tests, not before
 * @param isIsolated whether the page is cross-origin isolated
 * @throws Error instead of skipping when PTMALLOC_REQUIRE_NATIVE=1
 */
export function describeChromium(
  name: string,
  suite: (browser: Browser) => void,
  isIsolated = false,
): void {
  describeWithPath(
    name,
    (path) => {
      const session = new Session();
      beforeAll(() => session.open(path, isIsolated));
      afterAll(() => session.close());
      suite(session);
    },
    (reason) => suite({ run: () => Promise.reject(new Error(reason)) }),
  );
}

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

/**
 * As {@link describeChromium}, for pages that need no server.
 * @param suite is given what opens pages; it can be used in tests, not before
 */
export function describePages(name: string, suite: (open: Opener) => void): void {
  describeWithPath(
    name,
    (executablePath) => {
      let browser: Chromium | undefined;
      beforeAll(async () => {
        browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
      });
      afterAll(() => browser?.close());
      suite((address, reader) => openPage(browser!, address, reader));
    },
    (reason) => suite(() => Promise.reject(new Error(reason))),
  );
}

async function openPage(browser: Chromium, address: string, reader: Reader): Promise<OpenPage> {
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

/** @param skipped lists the tests, which are not run, for the reason that it is given */
function describeWithPath(
  name: string,
  suite: (executablePath: string) => void,
  skipped: (reason: string) => void,
): void {
  const path = findChromium();
  if (path !== undefined) {
    describe(name, () => suite(path));
    return;
  }
  const reason = "there is no Chromium (set CHROMIUM_PATH, or on Debian: apt-get install chromium)";
  if (process.env.PTMALLOC_REQUIRE_NATIVE === "1") {
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  }
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(name, () => skipped(reason));
}
