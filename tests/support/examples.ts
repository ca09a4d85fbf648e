// Examples of documents: each is type-checked and run as it stands, by the built package, and
// prints what its comments say.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { codeOf } from "./markdown.js";

const build = fileURLToPath(new URL("../../build/", import.meta.url));

export interface Example {
  /** Where it is from; also the name of its file, so letters, digits, dots and hyphens. */
  readonly name: string;
  readonly code: string;
  /** The lines that it says it prints. */
  readonly expected: readonly string[];
}

/**
 * The examples in a text of Markdown: its blocks of JavaScript and TypeScript.
 * @param nameOf gets the line that a block begins at
 */
export function examplesOf(text: string, nameOf: (line: number) => string): Example[] {
  return codeOf(text, "js", "ts").map(({ content: code, line }) => {
    const expected = [...code.matchAll(/console\.log\(.*\).*?\/\/ (.*)$/gm)].map((log) => log[1]!);
    return { name: nameOf(line), code, expected };
  });
}

/** What came of examples. */
export interface Outcome {
  /** Type errors, with file and line. */
  readonly errors: readonly string[];
  /** What each printed, by its name. */
  readonly printed: ReadonlyMap<string, string>;
}

/**
 * Compiles examples, and runs them one after the other, in a process of their own.
 * @param id names their folder
 */
export function tryExamples(id: string, examples: readonly Example[]): Outcome {
  // Inside the package, so that it can be imported by its name.
  const folder = `${build}examples-${id}/`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    for (const { name, code } of examples) writeFileSync(`${folder}${name}.mts`, code);
    const program = ts.createProgram(
      examples.map(({ name }) => `${folder}${name}.mts`),
      optionsFor(folder),
    );
    program.emit();
    const errors = ts.getPreEmitDiagnostics(program).map(described);
    return { errors, printed: outputs(folder, examples) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function optionsFor(folder: string): ts.CompilerOptions {
  return {
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
}

function described({ file, start, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  if (file === undefined) return text;
  const { line } = file.getLineAndCharacterOfPosition(start!);
  return `${file.fileName}:${line + 1}: ${text}`;
}

function outputs(folder: string, examples: readonly Example[]): Map<string, string> {
  const runner = examples.map(
    ({ name }) =>
      `console.log("\\x00${name}");\nawait import("./${name}.mjs").catch(console.log);\n`,
  );
  writeFileSync(`${folder}all.mjs`, runner.join(""));
  const output = execFileSync(process.execPath, [`${folder}all.mjs`], { encoding: "utf8" });
  return new Map(
    output
      .split("\0")
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return [part.slice(0, end), part.slice(end + 1)];
      }),
  );
}
