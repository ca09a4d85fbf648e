// The examples of docs/javascript.md: each is type-checked and run as it stands, by the built
// package, and prints what its comments say.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { examplesOf, tryExamples, type Outcome } from "../support/examples.js";

const text = readFileSync(new URL("../../docs/javascript.md", import.meta.url), "utf8");
const examples = examplesOf(text, (line) => `line-${line}`);

describe("docs/javascript.md", () => {
  let outcome: Outcome;

  beforeAll(() => {
    outcome = tryExamples("javascript", examples);
  });

  it("has examples that print something", () => {
    expect(examples.length).toBeGreaterThan(8);
    for (const { name, expected } of examples) expect(expected, name).not.toEqual([]);
  });

  it("has examples without a type error", () => {
    expect(outcome.errors).toEqual([]);
  });

  it.each(examples)("$name prints what it says", ({ name, expected }) => {
    expect(outcome.printed.get(name)).toBe(expected.map((line) => `${line}\n`).join(""));
  });
});
