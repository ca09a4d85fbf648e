import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { UserError } from "../../src/cli/io.js";
import { makeFolder } from "../../src/cli/output.js";

const place = mkdtempSync(join(tmpdir(), "make-folder-"));
afterAll(() => rmSync(place, { recursive: true }));

describe("a folder", () => {
  test("is made with those that it lies in; one that is there stays", () => {
    const folder = join(place, "a/b/c");
    makeFolder(folder);
    makeFolder(folder);
    expect(existsSync(folder)).toBe(true);
  });

  test("below a file is refused, with its name", () => {
    const file = join(place, "file");
    writeFileSync(file, "");
    expect(() => makeFolder(join(file, "x/y"))).toThrow(UserError);
    expect(() => makeFolder(join(file, "x/y"))).toThrow(join(file, "x"));
  });

  test.skipIf(!existsSync("/proc/self"))("where nobody can make one, is refused at once", () => {
    expect(() => makeFolder("/proc/x/y")).toThrow(/^\/proc\/x: /);
  });
});
