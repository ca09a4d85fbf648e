// Tests of the package in a page of Chromium, which is open all the while.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { CHROMIUM_FLAGS } from "../../tools/browsers.mjs";
import { describeIn } from "./find.js";
import { serve, type Server } from "./server.js";

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
  describeIn(
    "chromium",
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
