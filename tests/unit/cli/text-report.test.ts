import { describe, expect, it } from "vitest";
import type { CliIo } from "../../../src/cli/io.js";
import type { Report } from "../../../src/cli/report.js";
import { textReport } from "../../../src/cli/text-report.js";
import { reportOf, traceReport } from "./reports.js";

function show(report: Report, env: Record<string, string> = {}, isTTY = false): string {
  const output = { write: () => true, isTTY };
  const io: CliIo = { stdin: [] as never, stdout: output, stderr: output, env };
  return textReport(report, io);
}

const MANY = reportOf([
  traceReport("bash"),
  traceReport("perl-words", 20),
  traceReport("syn00", 17),
]);

describe("the text report", () => {
  it("fits 100 columns", () => {
    for (const report of [MANY, reportOf([traceReport("perl-words", 900)])]) {
      const lines = show(report).split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    }
  });

  it("has a row, and a reading, for each trace, and the mean", () => {
    const text = show(MANY);
    expect(text).toMatch(
      /^bash +466,593 +24\.2 +\(21\.8\) +61\.8 +\(55\.6\) +411 +\(370\) +31 % +17\.0x$/m,
    );
    expect(text).toMatch(/^bash +5,235 +11\.4 MiB +19\.1 MiB +60 % +1\.04 MiB +4\.47 MiB +3$/m);
    expect(text).toMatch(/^bash +1\.04 M +98 +0 +2 +4\.47 M +0 +35\.3 K +1\.00 M +402 K$/m);
    expect(text).toMatch(
      /^bash +17\.0x faster than the engine \(GC 31 % of its time\); 60 % of the/m,
    );
    expect(text).toMatch(/^perl-words +1\.18x slower than the engine/m);
    expect(text).toMatch(/^syn00 +as fast as the engine/m);
    expect(text).toMatch(/^Geometric mean of 3 traces: warm 169 ns/m);
  });

  it("shows one trace with exact numbers and their meanings", () => {
    const text = show(reportOf([traceReport("lua")]));
    expect(text).toMatch(/^uordblks +36,184 {2}bytes in use/m);
    expect(text).toMatch(/^brk at the end +1\.04 MiB +1,089,536 bytes, start_brk \+ 0x10a000$/m);
    expect(text).toMatch(/^The Wasm heap is 17\.0x faster/m);
  });

  it("can do without the engine, and without any operation", () => {
    const trace = { ...traceReport("lua"), engine: null };
    expect(show(reportOf([trace, trace]))).not.toMatch(/engine/i);
    const empty = { ...trace, ops: 0 };
    expect(show(reportOf([empty]))).toContain("an empty trace");
    expect(show(reportOf([empty, empty]))).toContain("No trace has an operation.");
  });
});

describe("colours", () => {
  const ESCAPE = "\u001b[";
  it.each([
    ["a pipe", {}, false, false],
    ["a terminal", {}, true, true],
    ["NO_COLOR", { NO_COLOR: "1" }, true, false],
    ["an empty NO_COLOR", { NO_COLOR: "" }, true, true],
    ["FORCE_COLOR", { FORCE_COLOR: "1" }, false, true],
    ["FORCE_COLOR=0", { FORCE_COLOR: "0" }, true, false],
    ["a dumb terminal", { TERM: "dumb" }, true, false],
  ])("%s", (_, env, isTTY, coloured) => {
    expect(show(MANY, env as Record<string, string>, isTTY).includes(ESCAPE)).toBe(coloured);
  });
});
