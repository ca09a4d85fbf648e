import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as TypeScript from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pack, unpack } from "./site.js";
import { haveAll } from "./tools.js";

// The project's own: the tools here bring an older one along.
const root = createRequire(new URL("../../package.json", import.meta.url));
const ts = root("typescript") as typeof TypeScript;

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

describe("types", () => {
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ptmalloc-types-"));
    unpack(folder);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const options: TypeScript.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    types: [],
    // Those of the package are checked, the compiler's own are not.
    skipDefaultLibCheck: true,
  };

  /** Reads each file once, but for the program itself. */
  const read = new Map<string, TypeScript.SourceFile | undefined>();
  function hostOf(main: string): TypeScript.CompilerHost {
    const host = ts.createCompilerHost(options);
    return {
      ...host,
      getSourceFile(name, ...rest) {
        if (name === main) return host.getSourceFile(name, ...rest);
        if (!read.has(name)) read.set(name, host.getSourceFile(name, ...rest));
        return read.get(name);
      },
    };
  }

  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { exports } = JSON.parse(manifest) as { exports: Record<string, unknown> };
  const entries = Object.keys(exports).filter((entry) => !/\.(json|wasm)$/.test(entry));

  // Each by itself: what one entry refers to, such as a newer lib, holds for the whole program.
  it.each(entries)("of %s are whole in a program for ES2022 that checks its libraries", (entry) => {
    const main = join(folder, "main.ts");
    const name = `ptmalloc-wasm${entry.slice(1)}`;
    writeFileSync(main, `import * as api from "${name}";\nexport const all: object = api;\n`);
    const program = ts.createProgram([main], options, hostOf(main));
    const found = ts.getPreEmitDiagnostics(program);
    expect(
      found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " ")),
    ).toEqual([]);
  });
});
