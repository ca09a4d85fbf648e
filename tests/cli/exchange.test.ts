// `ptmalloc-wasm export` and `import`, from the command line.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { EXPORTS } from "../../src/trace/interchange/export.js";
import { RECORDINGS } from "../../src/trace/interchange/import.js";
import { CSV_COLUMNS } from "../../src/trace/interchange/to-csv.js";
import { run } from "./run.js";
import { scratch, shown } from "./scratch.js";

const SMALL = "0\n2\n4\n1\na 0 24 # main\na 1 200000\nr 0 100\nf 1\n";
const FOLDER = fileURLToPath(new URL("../trace/interchange/recordings/", import.meta.url));
const place = scratch("exchange");
const { file } = place;

describe("export", () => {
  it("writes the addresses that malloc returns, by layout and tunables", async () => {
    const lines = async (...args: string[]) =>
      (await shown(["export", "--as", "ltrace", ...args, "-"], SMALL))
        .replaceAll(/ {2,}/g, " ")
        .split("\n");
    expect(await lines()).toEqual([
      "@villoc(main) = <void>",
      "malloc(24) = 0x10001a0",
      "malloc(200000) = 0x55550010",
      "realloc(0x10001a0, 100) = 0x10001a0",
      "free(0x55550010) = <void>",
      "+++ exited (status 0) +++",
      "",
    ]);
    expect((await lines("--abi", "lp64"))[1]).toBe("malloc(24) = 0x10002a0");
    expect((await lines("--layout", "top-down"))[2]).toMatch(/= 0xf7f/);
    const noMaps = await lines("--tunables", "glibc.malloc.mmap_max=0");
    expect(noMaps[2]).toMatch(/= 0x10001c0/);
  });

  it.each(["heaptrack", "perfetto", "ltrace", "mtrace", "csv"])(
    "%s into a file, gzipped by its name",
    async (format) => {
      const text = await shown(["export", "--as", format, "-"], SMALL);
      const packed = join(place.folder, `${format}.gz`);
      expect(await shown(["export", "--as", format, "-", "-o", packed], SMALL)).toBe("");
      expect(gunzipSync(readFileSync(packed)).toString()).toBe(text);
      const plain = join(place.folder, format);
      await shown(["export", "--as", format, "-", "-o", plain], SMALL);
      expect(readFileSync(plain, "utf8")).toBe(text);
    },
  );

  it.each([
    [["export", "-"], 2, /required option '--as <format>' not specified/],
    [["export", "--as", "dot", "-"], 2, /Allowed choices are heaptrack, perfetto, ltrace, mtrace/],
    [["export", "--as", "csv", "-", "--tunables", "x"], 2, /tunable/],
    [["export", "--as", "csv", "nowhere.rep"], 1, /nowhere\.rep: no such file or directory/],
    [["export", "--as", "csv", "-", "-o", "/nowhere/x"], 1, /\/nowhere\/x: no such file or dir/],
  ])("%j is refused", async (args, code, message) => {
    const outcome = await run(args, SMALL);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(code);
  });
});

describe("import", () => {
  it.each(["heaptrack", "ltrace", "mtrace"])("takes what export wrote: %s", async (format) => {
    const text = await shown(["export", "--as", format, "-"], SMALL);
    const { code, stdout, stderr } = await run(["import", "-"], text);
    expect(stdout).toBe(SMALL);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "ptmalloc-wasm: note: <stdin>: blocks that are not freed by its end: 1\n",
    });
    expect((await run(["import", "--from", format, "-"], text)).stdout).toBe(SMALL);
  });

  it("unpacks gzip and zstd, and packs by the name", async () => {
    const output = join(place.folder, "ls.rep.gz");
    const { code, stderr } = await run(["import", `${FOLDER}ls.heaptrack.zst`, "-o", output]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/ptmalloc-wasm: .*ls\.rep\.gz: heaptrack, [\d,]+ operations\n$/);
    expect(gunzipSync(readFileSync(output)).toString()).toMatch(/^0\n\d+\n\d+\n1\na 0 /);
    const replayed = await run(["replay", "--repeat", "1", "--json", output]);
    expect(replayed.code).toBe(0);
    const threads = await run(["import", `${FOLDER}xz.ltrace.gz`, "-o", output]);
    expect(threads.stderr).toMatch(/ltrace, \d+ operations, 3 threads\n$/);
  });

  it.each([
    ["bad.gz", gzipSync("x").subarray(0, 10), /bad\.gz: damaged gzip file \(/],
    ["bad.zst", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2), /bad\.zst: damaged zstd file \(/],
    ["none.txt", "hello\n", /none\.txt: no recording that is known: it is none of heaptrack, /],
    ["bad.mtrace", "= Start\n+ 0x1 x\n", /bad\.mtrace:2: an address and a size expected/],
  ] as [string, string | Uint8Array, RegExp][])("%s is refused", async (name, content, message) => {
    const { code, stdout, stderr } = await run(["import", file(name, content)]);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  it("a format that is not known", async () => {
    const { code, stderr } = await run(["import", "--from", "dtrace", "-"]);
    expect(stderr).toMatch(/Allowed choices are heaptrack, mtrace, ltrace, valgrind, bpftrace/);
    expect(code).toBe(2);
  });
});

it.each(["export", "import"])("help of %s is at most 100 columns wide", async (name) => {
  const help = await shown([name, "--help"]);
  expect(help).toContain(`Usage: ptmalloc-wasm ${name}`);
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});

it("docs/interchange.md has every format", () => {
  const page = readFileSync(new URL("../../docs/interchange.md", import.meta.url), "utf8");
  for (const format of EXPORTS) expect(page).toContain(`--as ${format}`);
  for (const format of RECORDINGS) expect(page).toContain(`| ${format} |`);
  for (const column of CSV_COLUMNS) expect(page).toContain(`| \`${column}\` |`);
});
