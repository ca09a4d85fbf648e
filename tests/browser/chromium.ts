// The tests in a browser need Chromium: the one that CHROMIUM_PATH names, or one of the system's.
// Without it they skip and say why; with PTMALLOC_REQUIRE_NATIVE=1, as in CI, that is an error
// instead.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { serve, type Server } from "./server.js";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A browser that does nothing of its own accord, least of all on the network. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  return (named === undefined ? PLACES : [named]).find((path) => existsSync(path));
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
      args: FLAGS,
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
  const path = findChromium();
  if (path !== undefined) {
    describe(name, () => {
      const session = new Session();
      beforeAll(() => session.open(path, isIsolated));
      afterAll(() => session.close());
      suite(session);
    });
    return;
  }
  const reason = "there is no Chromium (set CHROMIUM_PATH, or on Debian: apt-get install chromium)";
  if (process.env.PTMALLOC_REQUIRE_NATIVE === "1") {
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  }
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(name, () => suite({ run: () => Promise.reject(new Error(reason)) }));
}
