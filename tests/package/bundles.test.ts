import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { inlinable } from "../../src/binary/inlined.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Bundle {
  /** The bundle's text, minified. */
  readonly text: string;
  /** What it still imports. */
  readonly imports: readonly string[];
}

/** Bundles a program as a user of the package would. */
async function bundle(
  program: string,
  platform: "browser" | "node" | "neutral",
  format: "esm" | "cjs" = "esm",
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    minify: true,
    format,
    platform,
    write: false,
    metafile: true,
    outfile: "out.js",
    absWorkingDir: root,
    // The package as it is published, not the sources that the project's own configuration leads
    // to.
    tsconfigRaw: {},
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  return {
    text: outputFiles[0]!.text,
    imports: output!.imports.map(({ path }) => path),
  };
}

/** The files that a module of dist/ imports or re-exports from. */
function importsOf(text: string): string[] {
  return ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
}

/** A binary, as bundles hold it. */
async function inlinedText(build: string): Promise<string> {
  const text = inlinable(readFileSync(`${root}build/${build}.ilp32.wasm`));
  // As esbuild writes it.
  const { code } = await transform(`x = "${text}"`, { minify: true });
  return code.slice(code.indexOf("=") + 2, -3);
}

function use(name: string, entry: string): string {
  return `import { ${name} } from "ptmalloc-wasm${entry}"; globalThis.kept = ${name};`;
}

/**
 * What a consumer of each entry imports; budgets are bytes after gzip, all code and inlined
 * binaries counted.
 */
const ENTRIES: readonly { entry: string; name: string; most: number }[] = [
  { entry: "", name: "createHeap", most: 34 * 1024 },
  { entry: "/core", name: "createHeap", most: 9 * 1024 },
  { entry: "/wasm", name: "createHeap", most: 22 * 1024 },
  { entry: "/threads", name: "createHeap", most: 43 * 1024 },
  { entry: "/inspect", name: "mallocInfo", most: 4 * 1024 },
  { entry: "/trace", name: "Timeline", most: 40 * 1024 },
  { entry: "/shell", name: "Session", most: 100 * 1024 },
  { entry: "/link", name: "linkGuest", most: 9 * 1024 },
  { entry: "/kernel", name: "startKernel", most: 30 * 1024 },
  { entry: "/image", name: "openHeapImage", most: 34 * 1024 },
  { entry: "/debug", name: "createDebugHeap", most: 29 * 1024 },
];

it("README says of entries what they are held to", () => {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const rows = [...readme.matchAll(/^\| `ptmalloc-wasm(\S*)` \| (\d+) KiB \|/gm)];
  expect(rows.length).toBeGreaterThan(3);
  for (const [, entry, most] of rows)
    expect(Number(most) * 1024).toBe(ENTRIES.find((known) => known.entry === entry)?.most);
});

describe.each(ENTRIES)("a bundle of ptmalloc-wasm$entry", ({ entry, name, most }) => {
  it(`is at most ${most / 1024} KiB, gzipped`, async () => {
    const { text } = await bundle(use(name, entry), "browser");
    expect(gzipSync(text, { level: 9 }).byteLength).toBeLessThanOrEqual(most);
  });

  it.each(["browser", "node", "neutral"] as const)("imports nothing: for %s", async (platform) => {
    expect((await bundle(use(name, entry), platform)).imports).toEqual([]);
  });

  it("makes no code of text, and no workers of blobs", async () => {
    const { text } = await bundle(use(name, entry), "browser");
    expect(text).not.toMatch(/\bnew Function\b|\beval\(|createObjectURL|\bnew Worker\b/);
  });
});

describe("bundles", () => {
  it("of nothing that is used hold nothing: there are no side effects", async () => {
    const program = ENTRIES.map(({ entry }) => `import "ptmalloc-wasm${entry}";`).join("\n");
    const { text } = await bundle(program, "browser");
    expect(text.trim()).toBe("");
  });

  it("hold a binary only where it is inlined", async () => {
    const texts = [await inlinedText("core"), await inlinedText("threads")];
    const inlinedIn = async (name: string, entry: string) => {
      const { text } = await bundle(use(name, entry), "browser");
      return texts.map((inlined) => text.includes(inlined));
    };
    expect(await inlinedIn("createHeap", "")).toEqual([true, false]);
    expect(await inlinedIn("createHeap", "/threads")).toEqual([false, true]);
    // A worker that joins is given the module.
    expect(await inlinedIn("attachHeap", "/threads")).toEqual([false, false]);
    for (const entry of ["/core", "/wasm"]) {
      expect(await inlinedIn("createHeap", entry)).toEqual([false, false]);
    }
  });

  it("to CommonJS work, and say what is missing where a file cannot be found", async () => {
    const program = `import { createHeap, createHeapSync } from "ptmalloc-wasm";
      console.log(createHeapSync().malloc(100) % 16);
      createHeap({ abi: "lp64" }).catch(({ message }) => console.log(message));`;
    const { text } = await bundle(program, "node", "cjs");
    const output = execFileSync(process.execPath, ["-e", text], { encoding: "utf8" });
    expect(output).toMatch(
      /^0\nwhere core.lp64.wasm is cannot be told in a bundle without import.meta.url: give the option "wasm"/,
    );
  });

  it("leave out what costs and is not used: the tables of all structs", async () => {
    // These walk the region table themselves.
    const walks = new Set(["/trace", "/shell"]);
    for (const { entry, name } of ENTRIES.filter((one) => !walks.has(one.entry))) {
      const { text } = await bundle(use(name, entry), "browser");
      expect(text, entry).not.toContain("vmaRoot");
    }
  });
});

describe("the files of dist/", () => {
  const modules = readdirSync(`${root}dist`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js") && !path.startsWith("cli/"))
    .map((path) => [path, readFileSync(`${root}dist/${path}`, "utf8")] as const);

  it("import each other and nothing else: they work in a page without an import map", () => {
    const found = modules.flatMap(([path, text]) =>
      importsOf(text).map((specifier) => `${path}: ${specifier}`),
    );
    expect(found.length).toBeGreaterThan(10);
    const binaries = ["index.edge-light.js: ../build/core.ilp32.wasm?module"];
    binaries.push("index.workerd.js: ../build/core.ilp32.wasm");
    expect(found.filter((line) => !/: \.{1,2}\/[\w/]+\.js$/.test(line)).sort()).toEqual(binaries);
  });

  it("are one for the default entry, and for each other its own and what is shared", () => {
    const shared = ["files.js", "index.js", "loader.js"];
    const loadedBy = (path: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(path)) return seen;
      seen.add(path);
      const text = modules.find(([name]) => name === path)![1];
      for (const specifier of importsOf(text).filter((name) => name.endsWith(".js")))
        loadedBy(posix.join(path, "..", specifier), seen);
      return seen;
    };
    expect([...loadedBy("index.js")]).toEqual(["index.js"]);
    // What stands on other entries brings those.
    const below: Readonly<Record<string, readonly string[]>> = {
      "trace.js": ["inspect.js"],
      "shell.js": ["inspect.js", "trace.js", "kernel/index.js"],
    };
    for (const [path] of modules) {
      const others = [...loadedBy(path)].filter((name) => name !== path && !shared.includes(name));
      expect(others.sort(), path).toEqual([...(below[path] ?? [])].sort());
    }
  });

  it("name binaries for bundlers by one static URL at a time, where an entry is about them", () => {
    const urls = modules.flatMap(([path, text]) =>
      [...text.matchAll(/new URL\(("[^"]*"), ?import\.meta\.url\)/g)].map(
        ([, first]) => `${path}: ${first}`,
      ),
    );
    expect(urls.sort()).toEqual([
      'image/index.js: "../../build/image-small.ilp32.wasm"',
      'image/index.js: "../../build/image-small.lp64.wasm"',
      'image/index.js: "../../build/image-throughput.ilp32.wasm"',
      'image/index.js: "../../build/image-throughput.lp64.wasm"',
      'image/index.js: "../../build/image.ilp32.wasm"',
      'image/index.js: "../../build/image.lp64.wasm"',
      'kernel/index.js: "../../build/full-throughput.ilp32.wasm"',
      'kernel/index.js: "../../build/full-throughput.lp64.wasm"',
      'kernel/index.js: "../../build/full.ilp32.wasm"',
      'kernel/index.js: "../../build/full.lp64.wasm"',
      'threads.js: "../build/threads-throughput.ilp32.wasm"',
      'threads.js: "../build/threads-throughput.lp64.wasm"',
      'threads.js: "../build/threads.lp64.wasm"',
      'wasm.js: "../build/core.ilp32.wasm"',
      'wasm.js: "../build/core.lp64.wasm"',
    ]);
  });
});
