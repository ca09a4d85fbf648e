import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compare, type Compared } from "../../../src/cli/bench/compare.js";
import type { BenchResult } from "../../../src/cli/bench/result.js";
import { run } from "../run.js";
import { benchResult, type Shape } from "./results.js";

const base = benchResult({ traces: 2 });
/** The same random numbers, so the same times, but for what a shape changes. */
const made = (shape: Shape): BenchResult => benchResult({ traces: 2, ...shape });

/** What became of a contestant's warm time with the first trace. */
function changeOf(after: BenchResult, contestant = "mimalloc", threshold?: number): Compared {
  const { times } = compare(base, after, threshold);
  return times.find(
    (one) => one.contestant === contestant && one.trace === "lua" && one.phase === "warm",
  )!;
}

describe("compare", () => {
  it("finds nothing between a result and itself", () => {
    const { times, oneSided, machines } = compare(base, base);
    expect(times).toHaveLength(2 * (2 * base.contestants.length - 1));
    expect(new Set(times.map(({ change }) => change))).toEqual(new Set(["same"]));
    expect([oneSided, machines]).toEqual([[], []]);
  });

  it("finds a canary, and nothing else", () => {
    const { times } = compare(base, made({ slower: { mimalloc: 1.2 } }));
    const moved = times.filter(({ change }) => change !== "same");
    expect(moved).toHaveLength(4);
    for (const one of moved) {
      expect(one).toMatchObject({ contestant: "mimalloc", change: "regression", reason: "" });
      expect(one.ratio.value).toBeCloseTo(1.2);
      expect(one.ratio.low).toBeGreaterThan(1.05);
    }
  });

  it.each([
    [0.8, "improvement"],
    [1.01, "same"],
    [1.2, "regression"],
    [1.05, "no verdict"],
  ])("calls %d times as long: %s", (factor, change) => {
    expect(changeOf(made({ slower: { mimalloc: factor } })).change).toBe(change);
  });

  it("heeds the threshold", () => {
    const after = made({ slower: { mimalloc: 1.2 } });
    expect(changeOf(after, "mimalloc", 0.5).change).toBe("same");
    expect(changeOf(after, "mimalloc", 0.01).change).toBe("regression");
  });

  it("gives no verdict on noise, and none on few samples", () => {
    const noisy = changeOf(made({ spread: 0.9, slower: { mimalloc: 1.08 } }));
    expect(noisy).toMatchObject({ change: "no verdict" });
    expect(noisy.reason).toMatch(/^noise: /);
    const few = {
      ...base,
      traces: base.traces.map((trace) => ({
        ...trace,
        heaps: trace.heaps.map((heap) => ({ ...heap, warm: heap.warm.slice(0, 4) })),
      })),
    };
    expect(changeOf(few).reason).toBe("4 samples, and 5 are the least");
  });

  it("lists what one side alone has", () => {
    const trace = base.traces[1]!;
    const after: BenchResult = {
      ...base,
      contestants: base.contestants.filter(({ name }) => name !== "emmalloc"),
      traces: [
        { ...base.traces[0]!, heaps: base.traces[0]!.heaps.slice(0, 3) },
        { ...trace, name: "new one" },
      ],
    };
    const { oneSided } = compare(base, after);
    expect(oneSided).toContain("the contestant emmalloc: only before");
    expect(oneSided).toContain("the trace ld: only before");
    expect(oneSided).toContain("the trace new one: only after");
    expect(oneSided).toContain("dlmalloc 2.8.6 on lua: only before");
    expect(oneSided.join()).not.toContain("emmalloc on lua");
  });
});

describe("bench compare", () => {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-bench-compare-"));
  const file = (name: string): string => join(folder, name);
  beforeAll(() => {
    const files: Record<string, unknown> = {
      before: base,
      slow: made({ slower: { mimalloc: 1.2 }, busy: true }),
      fast: made({ slower: { mimalloc: 0.7 } }),
      elsewhere: { ...base, machine: { ...base.machine, cpu: "another", node: "24.0.0" } },
      version: { ...base, version: 2 },
      format: { format: "ptmalloc-wasm replay 2" },
      damaged: { ...base, effort: { heaps: "five", passes: 1 } },
      unlisted: { ...base, contestants: base.contestants.slice(1) },
    };
    for (const [name, value] of Object.entries(files))
      writeFileSync(file(`${name}.json`), JSON.stringify(value));
    writeFileSync(file("text.json"), "not JSON");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const comparison = (after: string, ...options: string[]) =>
    run(["bench", "compare", ...options, file("before.json"), file(`${after}.json`)]);

  it("exits with 1 for a regression, and says so", async () => {
    const { code, stdout, stderr } = await comparison("slow");
    expect(code).toBe(1);
    expect(stderr).toBe("ptmalloc-wasm: 4 of 78 times regressed by more than 5 %\n");
    expect(stdout).toMatch(/^78 times, threshold 5 %: regression 4, improvement 0, no verdict 0, /);
    expect(stdout).toMatch(
      /^lua +mimalloc 2\.0\.9 +warm .* 1\.20x \(1\.\d\d–1\.\d\d\)  regression$/m,
    );
    expect(stdout).toContain("A machine was busy");
  });

  it("exits with 0 for none", async () => {
    for (const [name, options] of [["fast"], ["before"], ["slow", ["--threshold", "50"]]] as const)
      expect(await comparison(name, ...(options ?? []))).toMatchObject({ code: 0, stderr: "" });
  });

  it.each(["60", "100", "200"])("fits %s columns", async (COLUMNS) => {
    const { stdout } = await run(["bench", "compare", file("before.json"), file("fast.json")], "", {
      COLUMNS,
    });
    const long = stdout.split("\n").filter((line) => stringWidth(line) > Number(COLUMNS));
    expect(long).toEqual([]);
  });

  it("prints JSON and Markdown", async () => {
    const { code, stdout } = await comparison("slow", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      format: "ptmalloc-wasm bench compare 1",
      threshold: 0.05,
      counts: { regression: 4, improvement: 0 },
    });
    const markdown = (await comparison("slow", "--markdown")).stdout;
    expect(markdown).toMatch(/^\| lua +\| mimalloc 2\.0\.9 +\| warm +\| .*\| +regression \|$/m);
  });

  it.each([
    ["elsewhere", /of different machines \(processor: A Processor .*, then another; Node\.js: 22/],
    ["version", /version\.json: version 2 of the format; 1 is needed/],
    ["format", /format\.json: not a result of ptmalloc-wasm bench \(format is "ptmalloc-wasm rep/],
    ["damaged", /damaged\.json: effort\.heaps: .*number.*"five"/],
    [
      "unlisted",
      /unlisted\.json: traces\.0\.heaps\.0\.contestant: "ours-throughput" is not listed/,
    ],
    ["text", /text\.json: not JSON/],
    ["nowhere", /nowhere\.json: no such file or directory/],
  ])("refuses %s", async (name, message) => {
    const { code, stdout, stderr } = await comparison(name);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("compares other machines when it is told to", async () => {
    const { code, stdout } = await comparison("elsewhere", "--force");
    expect(code).toBe(0);
    expect(stdout).toContain("Different machines: processor: ");
  });

  it.each(["0", "-1", "x", "1e1", "2000"])("refuses the threshold %s", async (threshold) => {
    const { code, stderr } = await comparison("fast", `--threshold=${threshold}`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--threshold/);
  });

  it("bench report writes all its kinds", async () => {
    const report = (...options: string[]) =>
      run(["bench", "report", ...options, file("before.json")]);
    expect((await report()).stdout).toContain("fastest of 8 in WebAssembly");
    expect((await report("--markdown")).stdout).toMatch(/^# ptmalloc-wasm bench\n/);
    expect((await report("--csv")).stdout).toMatch(/^trace,contestant,/);
    expect(await report("--html", file("page.html"))).toMatchObject({ code: 0, stdout: "" });
    expect(readFileSync(file("page.html"), "utf8")).toContain(
      "<title>ptmalloc-wasm bench: lua, ld<",
    );
    const nowhere = await report("--html", join(folder, "no", "page.html"));
    expect(nowhere).toMatchObject({ code: 1 });
    expect(nowhere.stderr).toMatch(/page\.html: no such file/);
    expect((await report("--csv", "--markdown")).code).toBe(2);
  });
});
