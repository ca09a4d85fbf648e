// `ptmalloc-wasm bench` itself: small races, from the command line to the result.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkedResult } from "../../../src/cli/bench/result-file.js";
import { traceOf, workloads } from "../../../src/cli/bench/workloads.js";
import { slicesAPlace } from "../../../src/cli/bench/lab-trace.js";
import { run } from "../run.js";

const folder = mkdtempSync(join(tmpdir(), "ptmalloc-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "small.rep");
writeFileSync(file, "a 0 100\na 1 50\nr 0 300\nc 2 3 8\nm 3 64 40\nf 1\nf 0\na 4 20\n");

describe("a race", { timeout: 60_000 }, () => {
  it("of one trace: everybody completes it, and the result is a result", async () => {
    const args = ["bench", file, "--against", "tlsf,engine-object", "--heaps", "2", "--json"];
    const { code, stdout } = await run(args);
    expect(code).toBe(0);
    const result = checkedResult(JSON.parse(stdout), "stdout");
    expect(result.contestants.map(({ name }) => name)).toEqual([
      ...["glibc", "throughput", "small", "tlsf"],
      ...["nothing", "engine-object", "nothing-js"],
    ]);
    const [trace] = result.traces;
    expect(trace).toMatchObject({ name: "small", kind: "recording", operations: 8 });
    expect(trace!.peakLiveBytes).toBe(300 + 50 + 24 + 40);
    expect(trace!.places).toEqual([8]);
    for (const heap of trace!.heaps) {
      expect(heap).toMatchObject({ failure: null, heaps: 2, refused: 0 });
      expect([heap.cold.length, heap.lukewarm.length]).toEqual([2, 4]);
      expect(heap.warm.length).toBeGreaterThan(0);
      expect(heap.warm.length % 2).toBe(0);
    }
  });

  it("of a workload: a report for people, and a page", async () => {
    const page = join(folder, "page.html");
    const args = ["bench", "pair-64", "--quick", "--against", "tlsf", "--html", page];
    const { code, stdout } = await run(args);
    expect(code).toBe(0);
    expect(stdout).toContain("AssemblyScript TLSF");
    expect(stdout).toContain("One block of 64 bytes and back");
    expect(readFileSync(page, "utf8")).toContain("pair-64");
  });
});

it.each([
  [["bench", "nobody.rep"], "nobody.rep: no such file"],
  [["bench", "--against", "tlfs"], "did you mean tlsf?"],
  [["bench", "larson", "larson"], "two traces are called larson"],
  [["bench", "--heaps", "0"], "--heaps"],
])("%j is refused in words", async (args, words) => {
  const { code, stderr } = await run(args);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toContain(words);
});

it.each(workloads)("$name is the same trace each time", (workload) => {
  const [once, again] = [traceOf(workload), traceOf(workload)];
  expect(again.idKinds).toEqual(once.idKinds);
  expect(again.xLow).toEqual(once.xLow);
  expect(once.notes).toEqual([]);
  expect(once.count).toBeGreaterThanOrEqual(200_000);
  expect(Math.ceil(once.count / 64 / slicesAPlace(once.count))).toBeLessThanOrEqual(200);
});
