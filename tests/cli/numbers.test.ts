import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { parseWhole, wholeNumber } from "../../src/cli/numbers.js";
import { run } from "./run.js";

const BAD = ["", " ", "1e3", "12abc", "1.5", "-1", "+1", "0x", "0xg", "1_000", "1 2", "１", "٣"];

describe("whole numbers", () => {
  it("are decimal or hex", () => {
    expect(["0", "007", "1000", "0x10", "0XfF"].map(parseWhole)).toEqual([0, 7, 1000, 16, 255]);
  });

  it.each([...BAD, "9007199254740992", "0x20000000000000"])("%j is none", (text) => {
    expect(parseWhole(text)).toBeUndefined();
  });

  it("have a range, which the error names", () => {
    const parse = wholeNumber(1, 1000);
    expect([parse("1"), parse("1000")]).toEqual([1, 1000]);
    for (const text of [...BAD, "0", "1001"]) {
      expect(() => parse(text)).toThrow(InvalidArgumentError);
      expect(() => parse(text)).toThrow("A whole number from 1 to 1000 is needed.");
    }
    expect(() => wholeNumber(3)("2")).toThrow("A whole number of at least 3 is needed.");
  });
});

describe("options that take numbers", () => {
  const OPTIONS = [
    ["replay", "--repeat"],
    ["replay", "--cores"],
    ["replay", "--max-workers"],
    ["maps", "--at"],
    ["mm", "--at"],
  ];

  it.each(OPTIONS)("%s %s names itself and the rule", async (command, option) => {
    for (const text of BAD) {
      const { code, stderr, stdout } = await run([command, `${option}=${text}`, "-"], "");
      expect(stderr).toContain(
        `ptmalloc-wasm: option '${option} <n>' argument '${text}' is invalid`,
      );
      expect(stderr).toContain("A whole number ");
      expect(code).not.toBe(0);
      expect(stdout).toBe("");
    }
  });
});
