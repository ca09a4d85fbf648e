// The user's cache: what is in it was made once, and completely.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cacheFolder, keptIn } from "../../src/cli/cache.js";

const folder = mkdtempSync(join(tmpdir(), "ptmalloc-cache-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("is where the environment says, else in the home folder", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: "/a" })).toBe("/a/ptmalloc-wasm");
  for (const env of [{}, { XDG_CACHE_HOME: "" }])
    expect(cacheFolder(env)).toBe(join(homedir(), ".cache", "ptmalloc-wasm"));
});

it("has a file made once, under another name with the same ending", () => {
  const path = join(folder, "new", "file.wasm");
  const made: string[] = [];
  const make = (fresh: string): void => {
    made.push(fresh);
    writeFileSync(fresh, "x");
  };
  expect(keptIn(path, make)).toBe(true);
  expect(keptIn(path, make)).toBe(false);
  expect(made).toHaveLength(1);
  expect(made[0]).toMatch(/file\.\d+\.wasm$/);
  expect(readFileSync(path, "utf8")).toBe("x");
  expect(readdirSync(join(folder, "new"))).toEqual(["file.wasm"]);
});

it("keeps nothing of what could not be made", () => {
  const path = join(folder, "failed");
  const make = (fresh: string): void => {
    writeFileSync(fresh, "half");
    throw new Error("no more");
  };
  expect(() => keptIn(path, make)).toThrow("no more");
  expect(existsSync(path)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.startsWith("failed"))).toEqual([]);
});
