// Labels: the comments behind operations.

import { expect, it } from "vitest";
import { parseTrace } from "../../src/trace/parse.js";
import { labelOf } from "../../src/trace/trace.js";

function parse(text: string) {
  return parseTrace(new TextEncoder().encode(text), "t.rep");
}

it("a trace without comments behind its operations has none", () => {
  const trace = parse("# name\n0\n1\n2\n1 # header\n# another\na 0 1\n# more\nt 1 # turn\nf 0 #\n");
  expect(trace).not.toHaveProperty("labels");
  expect(labelOf(trace, 1)).toBe("");
});

it("each comment behind an operation is its label, and is kept once", () => {
  const trace = parse(
    "0\n1\n4\n1\na 0 1 # f <- g: ü\r\na 1 2\nf 0 #f <- g: ü \nt 1 # no\nf 1 # # x",
  );
  expect(Array.from({ length: 4 }, (_, index) => labelOf(trace, index))).toEqual([
    ...["f <- g: ü", "", "f <- g: ü", "# x"],
  ]);
  expect(trace.labels?.texts).toEqual(["", "f <- g: ü", "# x"]);
});

it("also behind an operation whose size is taken from the line before", () => {
  const trace = parse("0\n2\n2\n1\na 0 64\na 1 # same\n");
  expect(labelOf(trace, 1)).toBe("same");
});
