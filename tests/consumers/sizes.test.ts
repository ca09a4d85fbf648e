// What README says that bundles of the package weigh, with the bundlers it names: the program of
// docs/environments.md, built as it is built there, all files of code together, gzipped.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unpack } from "./site.js";
import { haveAll } from "./tools.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** README's row about the default entry: KiB, and with which bundlers. */
const [, most, named] = /^\| `ptmalloc-wasm` \| (\d+) KiB \| with (.*) \|$/m.exec(
  read("README.md"),
)!;

describe.skipIf(!haveAll("sizes of bundles", ["bundlers"]))("README's size of a bundle", () => {
  let site = "";

  beforeAll(() => {
    site = mkdtempSync(join(tmpdir(), "ptmalloc-sizes-"));
    unpack(site);
    const [, program] = /## Vite\n[^]*?<!-- file: main.js -->\n```js\n([^]*?)```/.exec(
      read("docs/environments.md"),
    )!;
    writeFileSync(join(site, "page-main.js"), program!);
    writeFileSync(join(site, "package.json"), '{ "type": "module" }');
  });

  afterAll(() => {
    rmSync(site, { recursive: true, force: true });
  });

  it("names the bundlers that are measured", () => {
    expect(named).toBe("Vite, webpack, Rollup and esbuild");
  });

  it.each(["vite", "webpack", "rollup", "esbuild"] as const)("is true for %s", async (name) => {
    const out = join(site, `out-${name}`);
    mkdirSync(out);
    const bundlers = await import("./bundlers.mjs");
    await bundlers[`${name}Build`](site, "main", out);
    const code = readdirSync(out, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".js"))
      .map((path) => gzipSync(readFileSync(join(out, path)), { level: 9 }).byteLength);
    const bytes = code.reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThanOrEqual(Number(most) * 1024);
  });
});
