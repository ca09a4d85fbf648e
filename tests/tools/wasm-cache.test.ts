import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WasmCache, keyOf, sourcesOf } from "../../tools/wasm-cache.mjs";

let root: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ptmalloc-cache-test-"));
  write("assembly/index.ts", 'export { a } from "./a";\nimport * as b from "./b";\n');
  write("assembly/a.ts", 'import { c } from "./deep/c"; // a\nexport const a = c;\n');
  write("assembly/b/index.ts", 'import "../deep/c";\nimport { x } from "some-package";\n');
  write("assembly/deep/c.ts", "export const c = 1;\n");
  write("assembly/other.ts", "export const other = 1;\n");
  write("tools/t.mjs", 'import { walk } from "./walk.mjs";\n');
  write("tools/walk.mjs", "export const walk = 1;\n");
  write("asconfig.json", "{}");
  write("node_modules/assemblyscript/package.json", '{"version":"1.0.0"}');
});

afterEach(() => rmSync(root, { recursive: true }));

const compilation = {
  name: "one.ilp32",
  entry: "assembly/index.ts",
  options: ["--use", "word=u32", "--transform", "./tools/t.mjs"],
};
const key = (options = compilation.options): string => keyOf(root, { ...compilation, options });

describe("what a compilation reads", () => {
  it("is all that its entry imports, by any way", () => {
    expect([...sourcesOf(root, ["assembly/index.ts"]).keys()]).toEqual([
      "assembly/a.ts",
      "assembly/b/index.ts",
      "assembly/deep/c.ts",
      "assembly/index.ts",
    ]);
  });

  it("must be there", () => {
    write("assembly/a.ts", 'import { d } from "./d";\n');
    expect(() => key()).toThrow("assembly/a.ts: there is no assembly/d.ts");
  });
});

describe("the key of a compilation", () => {
  it.each([
    ["a comment in a source", "assembly/deep/c.ts", "export const c = 1; // one\n"],
    ["a transform", "tools/t.mjs", 'import { walk } from "./walk.mjs"; walk;\n'],
    ["what a transform imports", "tools/walk.mjs", "export const walk = 2;\n"],
    ["asconfig.json", "asconfig.json", '{ "options": {} }'],
    ["asc's version", "node_modules/assemblyscript/package.json", '{"version":"1.0.1"}'],
    ["a file that an import leads to instead", "assembly/b.ts", ""],
  ])("is another one with %s", (_what, path, text) => {
    const before = key();
    write(path, text);
    expect(key()).not.toBe(before);
  });

  it("is another one with other options", () => {
    expect(key(["--use", "word=u64", "--transform", "./tools/t.mjs"])).not.toBe(key());
  });

  it("stays with a file that is not read", () => {
    const before = key();
    write("assembly/other.ts", "export const other = 2;\n");
    expect(key()).toBe(before);
  });
});

describe("the cache", () => {
  const entry = { wasm: Buffer.from("binary"), layout: { structs: { A: { size: 4 } } } };
  const fileIn = (folder: string): string => join(folder, readdirSync(folder)[0]!);

  it("gives back what it was given, for its name and key only", () => {
    const cache = new WasmCache(join(root, "cache"));
    expect(cache.read("bench/one", "k1")).toBeNull();
    cache.write("bench/one", "k1", entry);
    expect(cache.read("bench/one", "k1")).toEqual(entry);
    expect(cache.read("bench/one", "k2")).toBeNull();
    expect(cache.read("bench/two", "k1")).toBeNull();
  });

  it("takes no damaged entry, whatever is damaged", () => {
    const folder = join(root, "cache");
    const cache = new WasmCache(folder);
    cache.write("one", "k1", entry);
    const file = fileIn(folder);
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      writeFileSync(file, damaged);
      expect(cache.read("one", "k1"), `byte ${at}`).toBeNull();
      writeFileSync(file, whole.subarray(0, at));
      expect(cache.read("one", "k1"), `cut at ${at}`).toBeNull();
    }
    writeFileSync(file, whole);
    expect(cache.read("one", "k1")).toEqual(entry);
  });

  it("takes no entry under another one's name", () => {
    const folder = join(root, "cache");
    const cache = new WasmCache(folder);
    cache.write("one", "k1", entry);
    const stolen = readFileSync(fileIn(folder));
    cache.write("one", "k2", { ...entry, layout: null });
    const other = readdirSync(folder).find((name) => name.endsWith("k2"))!;
    writeFileSync(join(folder, other), stolen);
    expect(cache.read("one", "k2")).toBeNull();
  });

  it("forgets old entries of a binary, none of another", () => {
    const folder = join(root, "cache");
    const cache = new WasmCache(folder);
    cache.write("two", "k", entry);
    for (let i = 0; i < 20; i++) cache.write("one", `k${i}`, entry);
    expect(readdirSync(folder).length).toBeLessThan(12);
    expect(cache.read("one", "k19")).toEqual(entry);
    expect(cache.read("two", "k")).toEqual(entry);
  });
});
