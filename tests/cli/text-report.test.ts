import { describe, expect, it } from "vitest";
import type { CliIo } from "../../src/cli/io.js";
import type { Report } from "../../src/cli/replay/report.js";
import { textReport } from "../../src/cli/replay/text-report.js";
import { summarise } from "../../src/trace/statistics.js";
import { reportOf, traceReport } from "./reports.js";

function show(
  report: Report,
  env: Record<string, string> = {},
  isTTY = false,
  columns = 100,
): string {
  const output = { write: () => true, isTTY, columns };
  const io: CliIo = { stdin: [] as never, stdout: output, stderr: output, env };
  return textReport(report, io);
}

const MANY = reportOf([
  traceReport("bash"),
  traceReport("perl-words", 20),
  traceReport("syn00", 17),
]);

describe("the text report", () => {
  const ONE = reportOf([traceReport("perl-words", 900)]);

  it.each([60, 80, 100, 132, 200])("fits %d columns, and no number is broken", (width) => {
    for (const report of [MANY, ONE]) {
      const text = show(report, {}, true, width);
      const lines = text.replace(/\u001b\[\d+m/g, "").split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      for (const number of ["60 %", "411", report === ONE ? "1,089,536" : "11.4 MiB"])
        expect(text).toContain(number);
      expect(text).not.toMatch(/\d,$/m);
    }
  });

  it("leaves columns out at 80, and has all of them at 132", () => {
    expect(show(MANY, {}, true, 132)).not.toContain("left out");
    expect(show(MANY, {}, true, 80)).toContain("left out for want of room: ");
  });

  it("has a row, and a reading, for each trace, and the mean", () => {
    const text = show(MANY, { COLUMNS: "140" });
    expect(text).toMatch(
      /^bash +466,593 +24\.2 +21\.8 to 26\.6 +61\.8 +55\.6 to 68\.0 +1,000 +411 +500 +31 % +17\.0x$/m,
    );
    expect(text).toMatch(/^bash +5,235 +11\.4 MiB +19\.1 MiB +60 % +1\.04 MiB +4\.47 MiB +3$/m);
    expect(text).toMatch(/^bash +1\.04 M +98 +0 +2 +4\.47 M +0 +35\.3 K +1\.00 M +402 K$/m);
    expect(text).toMatch(
      /^bash +17\.0x \(1\d\.\dx to 1\d\.\dx\) faster than a JavaScript object per block \(GC 31 % of its time\);/m,
    );
    expect(text).toMatch(/^perl-words +1\.18x \(.+\) slower than a JavaScript object per block/m);
    expect(text).toMatch(/^syn00 +(as fast as|no verdict against) a JavaScript object per block/m);
    expect(text).toMatch(/^Geometric mean of 3 traces: warm 169 ns/m);
    expect(text.replaceAll("\n", " ")).toContain("object 411 ns (2.43x the warm time)");
  });

  it("says nothing where samples disagree", () => {
    const trace = traceReport("lua");
    const warm = summarise([31.8, 33, 35, 161, 163, 170, 180]);
    const doubtful = { ...trace, wasm: { ...trace.wasm, warm } };
    expect(show(reportOf([doubtful]))).toMatch(
      /^The Wasm heap, warm: no verdict against a JavaScript object per block/m,
    );
    const many = show(reportOf([doubtful, traceReport("bash")]));
    expect(many).toMatch(/^lua +466,593 .* \?$/m);
    expect(many.replaceAll("\n", " ")).toContain("In 1 of them the samples allow no verdict");
    expect(many).not.toMatch(/^lua .*(faster|slower)/m);
  });

  it("names a busy machine", () => {
    expect(show(MANY)).not.toContain("busy");
    const neighbours = { others: 1.2, stolen: 0, load: 3, isBusy: true };
    expect(show({ ...MANY, neighbours })).toMatch(
      /^The machine was busy: other programs had 1\.2/m,
    );
  });

  it("shows one trace with exact numbers and their meanings", () => {
    const text = show(reportOf([traceReport("lua")]));
    expect(text).toMatch(/^uordblks +36,184 {2}bytes in use/m);
    expect(text).toMatch(/^brk at the end +1\.04 MiB +1,089,536 bytes, start_brk \+ 0x10a000$/m);
    expect(text).toMatch(/^JavaScript, pool +500 +450 to 550 +0 % of it garbage collection$/m);
    expect(text).toMatch(/^The Wasm heap, warm: 17\.0x \(/m);
  });

  it("can do without the engine, and without any operation", () => {
    const trace = { ...traceReport("lua"), engines: [] };
    expect(show(reportOf([trace, trace]))).not.toMatch(/JavaScript/i);
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
