import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkDocument } from "../../tools/tidy/columns.mjs";
import { checkConstants } from "../../tools/tidy/constants.mjs";
import { checkLadders } from "../../tools/tidy/layers.mjs";
import { checkFile, checkProject } from "../../tools/tidy/main.mjs";
import { checkPlaces } from "../../tools/tidy/places.mjs";
import { checkDead, checkRings, entriesOf, linksOf } from "../../tools/tidy/rings.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

const links = (files: Record<string, string>) => linksOf(new Map(Object.entries(files)));

describe("tidy", () => {
  it("finds nothing in the project", () => {
    const { files, problems } = checkProject(root);
    expect(problems).toEqual([]);
    expect(files).toBeGreaterThan(20);
  });

  it.each([
    ["src/process/x.ts", 'import { a } from "../heap/heap.js";', /upward/],
    ["src/layout/x.ts", 'export * from "../binary/load.js";', /upward/],
    ["src/heap/x.ts", 'import { a } from "../trace/parse.js";', /sideways/],
    ["src/trace/x.ts", 'const a = await import("../cli/main.js");', /upward/],
    ["src/process/x.ts", 'import { a } from "../../assembly/index";', /outside src/],
    ["src/heap/x.ts", 'import { readFileSync } from "node:fs";', /only src\/cli may use node:fs/],
    ["src/heap/x.ts", 'import core from "../../build/core.ilp32.wasm";', /outside src/],
    ["src/wherever/x.ts", "", /no rung/],
    ["assembly/malloc/bins.ts", 'import { brk } from "../kernel/brk";', /past assembly\/malloc/],
    ["assembly/kernel/calls/brk.ts", 'import { a } from "../../malloc/chunk";', /upward/],
    ["assembly/kernel/calls/brk.ts", 'import { a } from "as-bignum";', /package as-bignum/],
  ])("refuses an import: %s: %s", (path, text, expected) => {
    expect(checkFile(path, text).join("\n")).toMatch(expected);
  });

  it.each([
    ["src/cli/x.ts", 'import { readFileSync } from "node:fs";'],
    ["src/process/x.ts", 'import type { BigIntStats } from "node:fs";'],
    ["src/x.ts", 'import core from "../build/core.ilp32.wasm";'],
    ["src/heap/x.ts", 'import { a } from "../process/process.js"; import { b } from "./y.js";'],
    ["assembly/base/align.ts", 'import { SIZE_SZ } from "../abi/word";'],
    ["assembly/abi/word.ts", 'import { align } from "../base/align";'],
    ["assembly/malloc/system.ts", 'import { brk } from "../kernel/brk";'],
    ["assembly/index.ts", 'export { malloc } from "./malloc/allocate";'],
  ])("allows an import: %s: %s", (path, text) => {
    expect(checkFile(path, text)).toEqual([]);
  });

  it.each([
    ["a.ts", (words: string) => `// ${words}`],
    ["a.mjs", (words: string) => `/**\n * ${words}\n */`],
    ["a.c", (words: string) => `/* ${words} */`],
    ["a.sh", (words: string) => `# ${words}`],
    ["b.ts", (words: string) => `size: u32; // ${words}`],
  ])("counts the columns of comments: tests/%s", (name, comment) => {
    const longest = (columns: number) => `${"word ".repeat(20).slice(0, columns - 1)}s`;
    const room =
      100 -
      (
        comment("")
          .split("\n")
          .find((line) => line.length > 1) ?? ""
      ).length;
    expect(checkFile(`tests/${name}`, comment(longest(room)))).toEqual([]);
    expect(checkFile(`tests/${name}`, comment(longest(room + 4))).join()).toMatch(/100 columns/);
  });

  it("counts all columns of the site, whatever stands in them", () => {
    const line = `const text = "${"word ".repeat(20)}";`;
    expect(checkFile("site/live/x.ts", line)).toEqual([
      "site/live/x.ts:1: a line of more than 100 columns",
    ]);
    expect(checkFile("tests/x.ts", line)).toEqual([]);
  });

  it("counts the columns of documents, but not of tables and blocks of code", () => {
    const line = "word ".repeat(20);
    expect(checkDocument("a.md", line.trim())).toEqual([]);
    expect(checkDocument("a.md", `# A\n\n- ${line}`)).toEqual([
      "a.md:3: a line of more than 100 columns",
    ]);
    expect(checkDocument("a.md", `| ${line} |\n\n    ${line}\n`)).toEqual([]);
    expect(checkDocument("a.md", `\`\`\`sh\n${line}.\n\`\`\`\n`)).toEqual([]);
    expect(checkDocument("a.md", `https://example.org/${"a".repeat(100)}`)).toEqual([]);
  });

  it.each([
    "const is = (x: unknown) => x instanceof WebAssembly.Memory;",
    "const is = (x: unknown) => x instanceof ArrayBuffer;",
    "try { f(); } catch (error) { if (error instanceof RangeError) g(); }",
  ])("refuses classes of this realm only: %s", (text) => {
    expect(checkFile("src/heap/x.ts", text).join("\n")).toMatch(/^src.*:1: instanceof \w/);
    expect(checkFile("tests/x.ts", text)).toEqual([]);
  });

  it.each([
    'import { HeapAbort } from "./y.js";\nconst is = (x: unknown) => x instanceof HeapAbort;',
    "class Stop extends Error {}\nconst is = (x: unknown) => x instanceof Stop;",
    "const isAny = (x: object, kinds: Kind[]) => kinds.some((kind) => x instanceof kind);",
  ])("allows classes of its own: %s", (text) => {
    expect(checkFile("src/heap/x.ts", text)).toEqual([]);
  });

  it.each([
    ["const x = new Box();", /new/],
    ["throw 1;", /throw/],
    ["const x: u32[] = [1, 2];", /array literal/],
    ['trace("hello");', /a string/],
    ["const s = `x`;", /templates/],
    ["let x: StaticArray<u8>;", /managed/],
    ["let x: string;", /managed/],
    ["@inline function f(): void {}", /decorators/],
    ["@inline\nexport const X = 1;", /decorators/],
    ["@lazy let x = 1;", /decorators/],
  ])("refuses AssemblyScript: %s", (text, expected) => {
    expect(checkFile("assembly/malloc/x.ts", text).join("\n")).toMatch(expected);
  });

  it.each([
    'if (sizeof<word>() != 4) ERROR("word must be u32");',
    "@unmanaged export class Chunk { @count(64) bins: word; }",
    "// new Box(), throw, [1, 2] and `text` in a comment\nexport const X: u32 = 1;",
  ])("allows AssemblyScript: %s", (text) => {
    expect(checkFile("assembly/malloc/x.ts", text)).toEqual([]);
  });

  it("refuses long files and leftovers", () => {
    expect(checkFile("src/heap/x.ts", "//\n".repeat(400))).toEqual([]);
    expect(checkFile("src/heap/x.ts", "//\n".repeat(401)).join()).toMatch(/401 lines, at most 400/);
    expect(checkFile("src/heap/x.ts", `// ${"FIX"}ME later`).join()).toMatch(/leftover/);
  });
});

describe("rings of files", () => {
  it.each([
    ["src", "a.js", "src/a.ts", "src/b.ts"],
    ["bench", "a.js", "bench/a.ts", "bench/b.ts"],
    ["tools", "a.mjs", "tools/a.mjs", "tools/b.mjs"],
    ["assembly", "a", "assembly/a.ts", "assembly/b.ts"],
  ])("finds one of two files in %s", (_folder, specifier, a, b) => {
    const there = `import { b } from "./${specifier.replace("a", "b")}";`;
    const back = `export { a } from "./${specifier}";`;
    expect(checkRings(links({ [a]: there, [b]: back }))).toEqual([
      `${a}: a ring of imports: ${a} -> ${b} -> ${a}`,
    ]);
    expect(checkRings(links({ [a]: there, [b]: "" }))).toEqual([]);
  });

  it("finds long ones, those through import(), and files that import themselves", () => {
    const ring = {
      "src/begin.ts": 'import { a } from "./x/a.js";',
      "src/x/a.ts": 'import "./b.js";',
      "src/x/b.ts": 'const c = await import("../c.js");',
      "src/c.ts": 'export * from "./x/a.js";',
      "src/self.ts": 'import { self } from "./self.js";',
    };
    expect(checkRings(links(ring))).toEqual([
      "src/x/a.ts: a ring of imports: src/x/a.ts -> src/x/b.ts -> src/c.ts -> src/x/a.ts",
      "src/self.ts: a ring of imports: src/self.ts -> src/self.ts",
    ]);
  });

  it.each([
    'import type { A } from "./a.js";',
    'import { type A, type B } from "./a.js";',
    'export type { A } from "./a.js";',
    'export { type A } from "./a.js";',
    'export type * from "./a.js";',
  ])("does not count types, which AssemblyScript's imports never are: %s", (text) => {
    const of = (folder: string) =>
      checkRings(
        links({ [`${folder}/a.ts`]: 'import { b } from "./b.js";', [`${folder}/b.ts`]: text }),
      );
    expect(of("src")).toEqual([]);
    expect(of("assembly")).toHaveLength(1);
  });

  it.each([
    'import { type A, b } from "./a.js";',
    'import a, { type A } from "./a.js";',
    'import type from "./a.js";',
    'import "./a.js";',
    'import {} from "./a.js";',
    'import * as a from "./a.js";',
  ])("counts what is not of types alone: %s", (text) => {
    const files = { "src/a.ts": 'import { b } from "./b.js";', "src/b.ts": text };
    expect(checkRings(links(files))).toHaveLength(1);
  });
});

describe("dead files", () => {
  it("finds those that nobody imports or names, tests aside", () => {
    const files = {
      "src/main.ts": 'import { a } from "./a.js";\nnew URL("./worker.js", import.meta.url);',
      "src/a.ts": 'import type { B } from "./b.js";',
      "src/b.ts": "",
      "src/worker.ts": "",
      "src/dead.ts": 'import { dead } from "./dead.js";',
      "src/tested.ts": "",
      "tests/x.test.ts": 'import { tested } from "../src/tested.js";',
      "tools/dead.mjs": 'const own = "tools/dead.mjs";',
      "assembly/dead.ts": "",
      "assembly/globals.d.ts": "",
    };
    const dead = ["src/dead.ts", "src/tested.ts", "tools/dead.mjs", "assembly/dead.ts"];
    expect(checkDead(links(files), ["dist/main.js"])).toEqual(
      dead.map((path) => `${path}: nobody imports it, and it is no entry`),
    );
  });

  it.each([
    ["tools/builds.mjs", "assembly/crash.ts"],
    ["tools/builds.mjs, as a transform", "tools/crash-transform.mjs"],
    ["tools/builds.mjs, for the benchmarks", "bench/assembly/stub.ts"],
    ["tools/entries.mjs", "src/index.workerd.ts"],
    ["tools/entries.mjs, for AssemblyScript", "assembly/runtime/library.ts"],
    ["package.json's scripts", "tools/build-man.mjs"],
    ["package.json's commands", "src/cli/main.ts"],
    ["package.json's exports", "src/binary.ts"],
    ["typedoc.json", "tools/typedoc-plugin.mjs"],
  ])("knows the entries of %s", (_where, path) => {
    const files = links({ [path]: "" });
    expect(checkDead(files, [])).toHaveLength(1);
    expect(checkDead(files, entriesOf(root))).toEqual([]);
  });
});

describe("constants", () => {
  const inAssembly = "export const PAGE_SIZE: usize = 4 * KIB;\nexport const EINVAL: i32 = 22;";
  const check = (path: string, text: string): string[] =>
    checkConstants(
      new Map([
        ["assembly/kernel/errno.ts", inAssembly],
        [path, text],
      ]),
    );

  it.each([
    ["src/x.ts", "const EINVAL = 22;"],
    ["src/x.ts", "export const EINVAL = 11 * 2;"],
    ["bench/x.ts", "const EINVAL = <const>0x16;"],
    ["tools/x.mjs", "const EINVAL = (21 + 1);"],
    ["assembly/malloc/x.ts", "const EINVAL: word = <word>22;"],
  ])("are typed in once: %s: %s", (path, text) => {
    expect(check(path, text)).toEqual([
      `${path}:1: EINVAL = 22 is typed in again, after assembly/kernel/errno.ts:2`,
    ]);
  });

  it("may stand in an object, under the name that C has", () => {
    const files = new Map([
      ["assembly/kernel/mman.ts", "export const MAP_FIXED: i32 = 0x10;"],
      ["src/x.ts", "export const MAP = { FIXED: 16 } as const;"],
    ]);
    expect(checkConstants(files)).toEqual([
      "src/x.ts:1: MAP_FIXED = 16 is typed in again, after assembly/kernel/mman.ts:1",
    ]);
  });

  it.each([
    ["src/x.ts", 'import { EINVAL } from "./layout/generated.js";'],
    ["src/x.ts", "const EINVAL = 23;"],
    ["tests/x.ts", "const EINVAL = 22;"],
    [
      "assembly/kernel/errno.ts",
      "const EINVAL: i32 = 22;\nfunction f(): void { const EINVAL = 22; }",
    ],
  ])("may be: %s: %s", (path, text) => {
    expect(check(path, text)).toEqual([]);
  });

  it.each([
    ["// Flags. @host\n\nconst HIDDEN: i32 = 1;\n", 1],
    ["// x\n\n/** A flag. @host */\nfunction f(): void {}\n\nconst A: i32 = 1;\n", 3],
  ])("are there where they are marked for the host: %j", (text, line) => {
    const path = "assembly/kernel/x.ts";
    expect(checkFile(path, text)).toContain(`${path}:${line}: @host marks no constant`);
  });

  it("may be marked by the file, or in groups", () => {
    const text = "// Flags. @host\n\nexport const A: i32 = 1;\n\n/** @host */\nconst B: i32 = 2;\n";
    expect(checkFile("assembly/kernel/x.ts", text)).toEqual([]);
  });
});

it("the layers in ARCHITECTURE.md are those that are checked", () => {
  const list = (text: string) => `<!-- layers -->\n${text}\n<!-- /layers -->`;
  expect(checkLadders(list("| src | host < heap |"))).toHaveLength(1);
  expect(checkLadders("nothing")).toHaveLength(1);
});

describe("what the build's transforms know", () => {
  const files = new Map([
    ["assembly/kernel/tree.ts", "export function findVma(): void {}"],
    ["assembly/kernel/calls/brk.ts", "// no function lost() here\nfunction moveBreak(): void {}"],
  ]);

  it.each([
    [1, "/** Far away. @noinline */\nfunction far(): void {}"],
    [1, "/**\n * Far away.\n * @noinline\n */\nexport function far(): void {}"],
    [0, "/** Far away. @noinline */\n\nconst FAR: i32 = 1;"],
    [0, "/** Far away. @noinline */\n/** Near. */\nfunction near(): void {}"],
    [0, "// Far away. @noinline\nfunction far(): void {}"],
    [1, "/** Near. @inline */\nfunction near(): void {}"],
    [0, "// Near. @inline\nfunction near(): void {}"],
  ])("a mark stands on a function: %s for %j", (count, text) => {
    const line = text.split("\n").findIndex((one) => /@(no)?inline/.test(one)) + 1;
    const [mark] = /@(no)?inline/.exec(text)!;
    const problem = `assembly/base/far.ts:${line}: ${mark} marks no function`;
    const problems = checkPlaces(new Map([["assembly/base/far.ts", text]]), {});
    expect(problems).toEqual(count === 1 ? [] : [problem]);
  });

  it.each(["JOURNALED", "NOT_JOURNALED", "THREADED", "FILES"])("must exist: %s", (table) => {
    const names = { [table]: ["kernel/", "kernel/calls/brk", "malloc/", "kernel/gone"] };
    expect(checkPlaces(files, names)).toEqual(
      ["malloc/", "kernel/gone"].map(
        (place) => `tools/places.mjs: ${table}: assembly/${place} does not exist`,
      ),
    );
  });
});
