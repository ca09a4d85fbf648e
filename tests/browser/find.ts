// Browsers of the system, for tests: the one that CHROMIUM_PATH or FIREFOX_PATH names, or one of
// the usual places. Without it tests skip and say why; with PTMALLOC_REQUIRE_NATIVE=1, as in CI,
// that is an error instead.

import { existsSync } from "node:fs";
import { describe } from "vitest";
import { BROWSER_PLACES } from "../../tools/browsers.mjs";

/** A browser that tests can be run in. */
export type BrowserName = keyof typeof BROWSER_PLACES;

const MISSING: Readonly<Record<BrowserName, string>> = {
  chromium: "there is no Chromium (set CHROMIUM_PATH, or on Debian: apt-get install chromium)",
  firefox: "there is no Firefox (set FIREFOX_PATH, or on Debian: apt-get install firefox-esr)",
};

function find(browser: BrowserName): string | undefined {
  const named = process.env[`${browser.toUpperCase()}_PATH`];
  return (named === undefined ? BROWSER_PLACES[browser] : [named]).find((path) => existsSync(path));
}

/**
 * `describe` for tests in a browser.
 * @param skipped lists the tests, which are not run, for the reason that it is given
 * @throws Error instead of skipping when PTMALLOC_REQUIRE_NATIVE=1
 */
export function describeIn(
  browser: BrowserName,
  name: string,
  suite: (executablePath: string) => void,
  skipped: (reason: string) => void,
): void {
  const path = find(browser);
  if (path !== undefined) {
    describe(name, () => suite(path));
    return;
  }
  const reason = MISSING[browser];
  if (process.env.PTMALLOC_REQUIRE_NATIVE === "1")
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(name, () => skipped(reason));
}
