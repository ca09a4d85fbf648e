import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pack } from "./site.js";
import { haveAll } from "./tools.js";

const bin = fileURLToPath(new URL("node_modules/.bin/", import.meta.url));

describe.skipIf(!haveAll("checks of the package", ["bundlers"]))("the packed package", () => {
  let folder = "";
  let tarball = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ptmalloc-pack-"));
    tarball = pack(folder);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("satisfies publint, suggestions included", () => {
    const args = ["run", tarball, "--strict", "--level", "suggestion"];
    const output = execFileSync(`${bin}publint`, args, { encoding: "utf8" });
    expect(output).toContain("All good!");
  });

  it("satisfies are-the-types-wrong, as a package of ES modules", () => {
    const args = [
      tarball,
      "--profile",
      "esm-only",
      "--format",
      "ascii",
      "--no-emoji",
      "--no-color",
    ];
    const output = execFileSync(`${bin}attw`, args, { encoding: "utf8" });
    expect(output.match(/node16 \(from ESM\): OK/g)?.length).toBeGreaterThan(8);
    expect(output).not.toMatch(/^(node16 \(from ESM\)|bundler): (?!OK)/m);
  });
});
