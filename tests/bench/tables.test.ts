import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { machineLine } from "../../bench/lab/machine.js";
import type { Ratio } from "../../bench/lab/question.js";
import { anchorOf, markdownSection, withSection, type Result } from "../../bench/lab/tables.js";

const bench = new URL("../../bench/", import.meta.url);
const results = readdirSync(new URL("results/", bench)).map((file): [string, Result] => [
  file.replace(/\.json$/, ""),
  JSON.parse(readFileSync(new URL(`results/${file}`, bench), "utf8")) as Result,
]);
const text = readFileSync(new URL("../docs/benchmarks.md", bench), "utf8");

const [, example] = results[0]!;

describe("docs/benchmarks.md", () => {
  it.each(results)("has the result of %s as it is kept", (name, result) => {
    expect(withSection(text, name, result)).toBe(text);
  });

  it("names one machine for each result", () => {
    expect(results.length).toBeGreaterThan(10);
    expect(text.match(/^Machine: /gm)).toHaveLength(results.length);
  });
});

describe("README.md", () => {
  const links = readFileSync(new URL("../../README.md", import.meta.url), "utf8").matchAll(
    /\[([\d.]+)\]\(docs\/benchmarks\.md#([^)]+)\)/g,
  );
  const numbers = [...links].map(([, number, anchor]): [string, string] => [number!, anchor!]);

  it("says how this heap compares by numbers", () => {
    expect(numbers.length).toBeGreaterThan(10);
  });

  // A rate is told as a time.
  it.each(numbers)("%s is the number of the row that it leads to, %s", (number, anchor) => {
    expect(text).toContain(`<a id="${anchor}"></a>`);
    const found = results.flatMap(([name, { ratios }]) =>
      ratios.filter(({ label }) => anchorOf(name, label) === anchor),
    );
    const digits = number.split(".")[1]!.length;
    const [{ best, median }] = found as [Ratio];
    expect([best, median, 1 / best, 1 / median].map((one) => one.toFixed(digits))).toContain(
      number,
    );
  });
});

describe("a section", () => {
  it("says where its result is from", () => {
    const machine = { ...example.machine, cpu: "Abacus 3000" };
    const section = markdownSection("a", { ...example, machine });
    expect(section.replaceAll("\n", " ")).toContain(`Machine: ${machineLine(machine)}.`);
  });

  it("keeps what stands around its place, which it takes by its whole name", () => {
    const before = "# A\n\n<!-- a-b start -->\n1\n<!-- a-b end -->\n\n<!-- a start -->\n2\n";
    const after = "<!-- a end -->\n\nend\n";
    const changed = withSection(before + after, "a", example);
    expect(changed.startsWith(before.slice(0, -2))).toBe(true);
    expect(changed.endsWith(after)).toBe(true);
    expect(changed).toContain(markdownSection("a", example));
  });

  it("needs its place", () => {
    expect(() => withSection(text, "nothing", example)).toThrow("no place for nothing");
  });
});
