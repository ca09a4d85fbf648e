import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot, packageVersion } from "../../src/cli/package-root.js";
import { provenance } from "../../src/cli/provenance.js";

it("says which versions, which machine, and when", () => {
  const before = Date.now();
  const { date, versions, machine } = provenance();
  expect(Date.parse(date)).toBeGreaterThanOrEqual(before);
  expect(versions).toEqual({
    "ptmalloc-wasm": packageVersion(),
    glibc: "2.36",
    node: process.versions.node,
    v8: process.versions.v8,
  });
  expect(machine).toMatchObject({ cpu: expect.any(String) as string, arch: process.arch });
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.memoryBytes).toBeGreaterThan(2 ** 20);
});

it("finds the package it is in", () => {
  const text = readFileSync(join(packageRoot(), "package.json"), "utf8");
  expect((JSON.parse(text) as { name: string }).name).toBe("ptmalloc-wasm");
});
