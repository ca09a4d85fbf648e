// The examples of docs/javascript.md: each is type-checked and run as it stands, by the built package, and prints what its comments say.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
// Inside the package, so that it can be imported by its name.
const folder = `${root}build/examples/`;

interface Example {
  readonly line: number;
  readonly code: string;
  readonly expected: readonly string[];
}

function examplesOf(text: string): Example[] {
  return [...text.matchAll(/^```(?:js|ts)\n([^]*?)^```$/gm)].map((match) => {
    const code = match[1]!;
    const expected = [...code.matchAll(/console\.log\(.*\).*?\/\/ (.*)$/gm)].map((log) => log[1]!);
    return { line: text.slice(0, match.index).split("\n").length, code, expected };
  });
}

const examples = examplesOf(readFileSync(`${root}docs/javascript.md`, "utf8"));

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
  types: [],
  strict: true,
  skipLibCheck: true,
  rootDir: folder,
  outDir: folder,
};

/** Runs all examples, one after the other, in a process of their own. @returns what each printed, by its line */
function outputs(): Map<number, string> {
  const runner = examples.map(
    ({ line }) =>
      `console.log("\\x00${line}");\nawait import("./line-${line}.mjs").catch(console.log);\n`,
  );
  writeFileSync(`${folder}all.mjs`, runner.join(""));
  const output = execFileSync(process.execPath, [`${folder}all.mjs`], { encoding: "utf8" });
  const parts = output.split("\0").slice(1);
  return new Map(parts.map((part) => [parseInt(part), part.slice(part.indexOf("\n") + 1)]));
}

describe("docs/javascript.md", () => {
  let program: ts.Program;
  let printed: Map<number, string>;

  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const names = examples.map(({ line, code }) => {
      writeFileSync(`${folder}line-${line}.mts`, code);
      return `${folder}line-${line}.mts`;
    });
    program = ts.createProgram(names, options);
    program.emit();
    printed = outputs();
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has examples that print something", () => {
    expect(examples.length).toBeGreaterThan(8);
    for (const { line, expected } of examples) expect(expected, `line ${line}`).not.toEqual([]);
  });

  it("has examples without a type error", () => {
    const errors = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, "\n");
      if (file === undefined) return text;
      const { line } = file.getLineAndCharacterOfPosition(start!);
      return `${file.fileName}:${line + 1}: ${text}`;
    });
    expect(errors).toEqual([]);
  });

  it.each(examples)("line $line prints what it says", ({ line, expected }) => {
    expect(printed.get(line)).toBe(expected.map((text) => `${text}\n`).join(""));
  });
});
