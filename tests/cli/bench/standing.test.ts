import { describe, expect, it } from "vitest";
import type { BenchResult } from "../../../src/cli/bench/result.js";
import { lossesOf, verdictSentences } from "../../../src/cli/bench/standing.js";
import { summarise } from "../../../src/cli/bench/summary.js";
import { benchResult } from "./results.js";

function said(result: BenchResult): string {
  return verdictSentences(result, summarise(result)).join("\n");
}

describe("the verdict", () => {
  it("names the fastest, the next one, and where it loses", () => {
    const text = said(benchResult({ traces: 4, slower: { mimalloc: 1.2, dlmalloc: 1.2 } }));
    expect(text).toMatch(
      /^ours \(throughput\) is the fastest of 8 in WebAssembly warm, 0\.\d\dx \([\d.]+–[\d.]+\) of /,
    );
    expect(text).toContain("unranked: AssemblyScript's stub, which never frees (never frees)");
    expect(text).toMatch(/It loses to AssemblyScript's stub, which never frees on lua/);
    expect(text).toMatch(/It loses, outside WebAssembly's race, to .*mimalloc, native on /);
  });

  it("says that another is faster", () => {
    const text = said(benchResult({ traces: 4, slower: { dlmalloc: 0.5 } }));
    expect(text).toMatch(
      /^dlmalloc 2\.8\.6 is the fastest of 8 .*; ours \(throughput\) is number 2, 1\.\d\dx \(/,
    );
    expect(text).toMatch(/It loses to dlmalloc 2\.8\.6 on [\w-]+, [\w-]+, [\w-]+ and 1 more/);
  });

  it("says that it is too close to call", () => {
    const made = benchResult({ traces: 2, contestants: 20 });
    const traces = made.traces.map((trace) => {
      const ours = trace.heaps.find(({ contestant }) => contestant === "ours-throughput")!;
      const heaps = trace.heaps.map((one) =>
        one.contestant === "mimalloc" ? { ...ours, contestant: "mimalloc" } : one,
      );
      return { ...trace, heaps };
    });
    expect(said({ ...made, traces })).toMatch(
      /^ours \(throughput\) and mimalloc 2\.0\.9 are the fastest of 8 .*, too close to call: 1\.00x/,
    );
  });

  it("says what the reference did not complete, and that the machine was busy", () => {
    const made = benchResult({ traces: 3, busy: true });
    const [first, ...rest] = made.traces;
    const heaps = first!.heaps.map((heap) =>
      heap.contestant.startsWith("ours-") ? { ...heap, failure: "?", warm: [], cold: [] } : heap,
    );
    const text = said({ ...made, traces: [{ ...first!, heaps }, ...rest] });
    expect(text).toContain("It does not complete lua, of 3 traces.");
    expect(text).toContain("The machine was busy");
  });

  it("is none where no heap of this project's took part", () => {
    const made = benchResult();
    const others = made.contestants.filter(({ group }) => group !== "ours");
    expect(said({ ...made, contestants: others })).toContain("no verdict");
  });
});

describe("losses", () => {
  it("have numbers, are of rivals alone, and all traces have theirs", () => {
    const result = benchResult({ traces: 4, slower: { mimalloc: 0.5 } });
    const list = lossesOf(result, summarise(result));
    const mimalloc = list.filter(({ contestant }) => contestant === "mimalloc");
    expect(mimalloc.map(({ trace }) => trace)).toEqual(["lua", "ld", "git-log", "py-json"]);
    expect(mimalloc[0]!.measures[0]).toMatch(/^warm 0\.\d\dx \(0\.\d\d–0\.\d\d\) of our time$/);
    expect(list.some(({ group }) => group === "ours" || group === "control")).toBe(false);
    const dlmalloc = list.find(({ contestant }) => contestant === "dlmalloc")!;
    expect(dlmalloc.warm).toBeNull();
    expect(dlmalloc.measures.join()).toMatch(/held at most \d+ KiB, ours \d+ KiB/);
  });
});

it("what a contestant's control takes is subtracted", () => {
  const result = benchResult({ traces: 1 });
  const { rows } = summarise(result).traces[0]!;
  const median = (name: string) => rows.find((row) => row.contestant === name)!.phases.warm!;
  expect(median("mimalloc").net).toBeCloseTo(
    median("mimalloc").median - median("control-wasm").median,
  );
  expect(median("ours-throughput").net).toBeNull();
});
