// What VitePress builds for one path works under any: the path's mark becomes relative.

import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, it } from "vitest";

const BASE = "/--site--/";

/** What site/make/relative.mjs exports; it is plain JavaScript, which nobody type-checks. */
interface Relative {
  relativePage(text: string, path: string): string;
  relativeScript(code: string): string;
}

describe("relative links", () => {
  let made: Relative;
  beforeAll(async () => {
    const path = "../../site/make/relative.mjs";
    made = (await import(path)) as Relative;
  });

  it("lead from a page to the top, and to a folder's page", () => {
    const page = `<head></head><a href="${BASE}lessons/"></a><img src="${BASE}a.svg"></body>`;
    const result = made.relativePage(page, "guides/threads.html");
    expect(result).toContain('href="../lessons/index.html"');
    expect(result).toContain('src="../a.svg"');
    expect(result).not.toContain(BASE);
    expect(made.relativePage(page, "index.html")).toContain('href="./lessons/index.html"');
  });

  it.each([
    [`"${BASE}a.js"`, "/x/a.js"],
    [`\`${BASE}\${"b"}.js\``, "/x/b.js"],
    [`'{"base":"${BASE}"}'`, '{"base":"/x/"}'],
  ])("are made where a script runs: %s", (code, expected) => {
    const result = made.relativeScript(code);
    expect(result).not.toContain(BASE);
    expect(runInNewContext(`globalThis.__siteBase = "/x/"; ${result}`)).toBe(expected);
  });
});
