import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf, withTexts, zonesOf } from "../support/markdown.js";
import { ENTRIES, ENVIRONMENTS, type Entry } from "./matrix.js";
import { Site } from "./site.js";
import type { Tool } from "./tools.js";

// The table in docs/embedding.md is the list of what is tried, and its programs are run.
// DOCS_UPDATE=1 writes the table.

const path = fileURLToPath(new URL("../../docs/embedding.md", import.meta.url));
const text = readFileSync(path, "utf8");

const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as {
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

/** What the pinned versions are called. */
const PACKAGES: Readonly<Partial<Record<Tool, string>>> = {
  deno: "@deno/linux-x64-glibc",
  bun: "@oven/bun-linux-x64-baseline",
  workerd: "@cloudflare/workerd-linux-64",
};

const HEADS: Readonly<Record<Entry, string>> = {
  default: "default",
  core: "`/core`",
  module: "`/module`",
  wasm: "`/wasm`",
  kernel: "`/kernel`, `/image`, lp64",
  threads: "`/threads`",
};

/** The pinned version of what a row is about; browsers are the system's. */
function versionOf(name: string, tools: readonly Tool[]): string {
  const all = { ...manifest.devDependencies, ...manifest.optionalDependencies };
  const bundler = all[name.split(",")[0]!.toLowerCase()] ?? all[tools[0]!];
  const version = bundler ?? all[PACKAGES[tools[0]!] ?? tools[0]!];
  return version?.replace(/^.*@/, "") ?? "the system's";
}

function table(): string {
  const lines = [
    ["", "version", ...ENTRIES.map((entry) => HEADS[entry])],
    ["---", "---", ...ENTRIES.map(() => ":-:")],
    ...ENVIRONMENTS.map(({ name, tools, entries }) => [
      name,
      versionOf(name, tools),
      ...ENTRIES.map((entry) => (entries.includes(entry) ? "✓" : "")),
    ]),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

describe("docs/embedding.md", () => {
  it("has the table of what is tried", () => {
    const zones = zonesOf(text, "environments");
    const expected = withTexts(
      text,
      zones.map((zone) => ({ ...zone, text: table() })),
    );
    expect(expected).toContain("| Node.js 20 |");
    if (process.env.DOCS_UPDATE === "1") writeFileSync(path, expected);
    else expect(text).toBe(expected);
  });
});

describe("the programs in docs/embedding.md", () => {
  let site: Site;
  beforeAll(() => {
    site = new Site();
  });
  afterAll(() => {
    site.remove();
  });

  const programs = codeOf(text, "js").map(({ content }) => content);

  it.each(programs)("run, and take at most five lines: %s", (program) => {
    expect(program.trimEnd().split("\n").length).toBeLessThanOrEqual(5);
    // Node.js 20 cannot import binaries; workerd does.
    if (program.includes('from "ptmalloc-wasm/core.ilp32.wasm"')) return;
    writeFileSync(
      join(site.folder, "program-of-docs.js"),
      `${program}\nconsole.log(heap.stats().uordblks);`,
    );
    const output = execFileSync(process.execPath, ["program-of-docs.js"], {
      cwd: site.folder,
      encoding: "utf8",
    });
    expect(Number(output.trim().split("\n").at(-1))).toBeGreaterThan(100);
  });
});
