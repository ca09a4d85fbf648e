import { csvParse } from "d3-dsv";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { toString } from "mdast-util-to-string";
import { gfmTable } from "micromark-extension-gfm-table";
import { fromMarkdown } from "mdast-util-from-markdown";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { csvReport, csvSamples } from "../../../src/cli/bench/report/csv.js";
import { escaped, markdownReport } from "../../../src/cli/bench/report/markdown.js";
import { textReport } from "../../../src/cli/bench/report/text.js";
import type { BenchResult } from "../../../src/cli/bench/result.js";
import { summarise } from "../../../src/cli/bench/summary.js";
import type { CliIo } from "../../../src/cli/io.js";
import { benchResult } from "./results.js";

function text(result: BenchResult, columns: number, env: Record<string, string> = {}): string {
  const none = { write: () => true };
  const io = { stdin: [] as never, stdout: none, stderr: none } as unknown as CliIo;
  return textReport(result, summarise(result), { ...io, env: { COLUMNS: `${columns}`, ...env } });
}

describe("the report in text", () => {
  const shapes = [1, 3, 12].flatMap((traces) =>
    [60, 100, 200].map((columns) => ({ traces, columns })),
  );

  it.each(shapes)("of $traces traces fits $columns columns", ({ traces, columns }) => {
    const result = benchResult({ traces, busy: true });
    const lines = text(result, columns).split("\n");
    expect(lines.filter((line) => stringWidth(line) > columns)).toEqual([]);
    const all = lines.join(" ").replace(/\s+/g, " ");
    for (const { title } of result.contestants) expect(all).toContain(title.split(" ")[0]);
    for (const part of [
      "apt-get install libtcmalloc-minimal4",
      "does worse",
      "The machine was busy",
    ])
      expect(all).toContain(part);
  });

  it("has the main measures of several traces, and says what failed and why", () => {
    const all = text(benchResult({ traces: 3 }), 200);
    for (const measure of ["warm", "cold", "longest", "resident"])
      expect(all).toMatch(new RegExp(`^${measure}  \\S`, "m"));
    expect(all).toContain("Other measures");
    expect(all).toMatch(/stub, which never frees on ld: out of memory/);
    expect(all).toContain("A control is the loop itself");
    expect(all).toContain("The machine was quiet");
  });

  it("of one trace has intervals and what is left without the loop", () => {
    const all = text(benchResult({ traces: 1 }), 200);
    expect(all).toMatch(
      /mimalloc 2\.0\.9 +[\d.]+ +[\d.]+–[\d.]+ +[\d.]+x \([\d.]+–[\d.]+\) +[\d.]+ /,
    );
  });

  it("has colours where they are wanted", () => {
    const result = benchResult({ traces: 2 });
    const plain = text(result, 100);
    const ESCAPES = /\x1b\[\d+m/g;
    expect(plain).not.toMatch(ESCAPES);
    const colored = text(result, 100, { FORCE_COLOR: "1" });
    expect(colored).toMatch(ESCAPES);
    // Blanks at a line's end stay where something in colours stands before them.
    expect(colored.replace(ESCAPES, "").replace(/ +$/gm, "")).toBe(plain);
  });

  it("copes with a few contestants of which hardly anything is known", () => {
    const made = benchResult({ traces: 1, contestants: 8 });
    const bare = {
      ...made,
      missing: [],
      contestants: made.contestants.map((one) => ({ ...one, code: null, startUp: [] })),
      traces: made.traces.map((trace) => ({
        ...trace,
        heaps: trace.heaps.slice(0, 2).map((heap) => ({
          ...{ ...heap, latency: null, heldBytes: null, growths: null, residentBytes: null },
          lukewarm: [],
        })),
      })),
    };
    expect(text(bare, 80)).not.toMatch(/NaN|Infinity|undefined|null/);
  });
});

/** The texts of all tables' cells. */
function tablesOf(markdown: string): string[][][] {
  const tree = fromMarkdown(markdown, {
    extensions: [gfmTable()],
    mdastExtensions: [gfmTableFromMarkdown()],
  });
  return tree.children.flatMap((node) =>
    node.type === "table"
      ? [node.children.map(({ children }) => children.map((cell) => toString(cell)))]
      : [],
  );
}

describe("the report in Markdown", () => {
  const result = benchResult({ traces: 2 });

  it("has tables whose every row has all cells", () => {
    const tables = tablesOf(markdownReport(result, summarise(result)));
    // All traces, two traces, contestants, losses, missing.
    expect(tables).toHaveLength(6);
    for (const rows of tables)
      expect(new Set(rows.map((row) => row.length)).size, rows[0]!.join()).toBe(1);
    const names = tables[1]!.slice(1).map(([name]) => name);
    expect(names).toContain("mimalloc 2.0.9");
    expect(names).toContain("ours (throughput) *");
    expect(names).toHaveLength(result.contestants.length);
  });

  it("takes names for text", () => {
    const text = "a|b *c* _d_ `e` <f> [g](h) # ~i~ &amp; \\ \n j";
    const [paragraph] = fromMarkdown(escaped(text)).children;
    expect(paragraph).toMatchObject({
      type: "paragraph",
      children: [{ type: "text", value: text.replace(/ \n /, " ") }],
    });
  });
});

describe("CSV", () => {
  const result = benchResult({ traces: 2 });
  const summary = summarise(result);

  it("of statistics comes back", () => {
    const rows = csvParse(csvReport(summary));
    expect(rows).toHaveLength(2 * result.contestants.length);
    const row = summary.traces[1]!.rows[2]!;
    const found = rows.find((one) => one.trace === "ld" && one.contestant === row.contestant)!;
    expect(Number(found.warm_ns)).toBe(row.phases.warm!.median);
    expect(Number(found.warm_low)).toBe(row.phases.warm!.low);
    expect(Number(found.cold_ratio_high)).toBe(row.phases.cold!.ratio!.high);
    expect(Number(found.held_peak_bytes)).toBe(row.heldPeak);
    expect(found.gc_share).toBe("");
    const failed = rows.find((one) => one.failure !== "")!;
    expect(failed).toMatchObject({ contestant: "as-stub", warm_ns: "", warm_count: "" });
  });

  it("of samples comes back", () => {
    const rows = csvParse(csvSamples(result));
    const { heaps } = result.traces[0]!;
    const warm = rows.filter(
      (one) => one.trace === "lua" && one.contestant === "mimalloc" && one.kind === "warm",
    );
    const heap = heaps.find(({ contestant }) => contestant === "mimalloc")!;
    expect(warm.map(({ nanoseconds }) => Number(nanoseconds))).toEqual(heap.warm);
  });

  it("quotes names with commas, quotes and line breaks", () => {
    const name = 'a "b", c\nd';
    const traces = result.traces.map((trace, i) => (i === 0 ? { ...trace, name } : trace));
    const rows = csvParse(csvReport(summarise({ ...result, traces })));
    expect(rows[0]!.trace).toBe(name);
  });
});
