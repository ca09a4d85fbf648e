// The language of `strace script`: statements of C, one a line or with `;` between them, and lines
// of strace's own output. There are calls, assignments and declarations, and no control flow.
//
//     # comment                                    // comment      /* comment */
//     char *a = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
//     munmap(a + 4096, 4096)
//     mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1ae9a6f000
//     madvise(0x7f1ae9a6f000, 4096, MADV_DONTNEED) = 0
//
// Everything is read, and checked as far as it can be, before anything runs.

import { constant } from "./constants.js";
import { UserError } from "../../base/user-error.js";
import { ExpressionParser, type Expression, type Variables } from "./expression.js";
import { Lexer, nameOf, ScriptProblem } from "./lexer.js";
import { TraceLines, type SkippedCall, type TracedCall } from "./strace-lines.js";
import { beginsType, readBaseType, readPointer } from "./types.js";

/** One statement, not evaluated yet. */
export type Statement =
  | {
      /** Written as in C. */
      readonly kind: "plain";
      /** Where it begins in the text, from 0. */
      readonly at: number;
      /** What is to be done. */
      readonly expression: Expression;
    }
  | TracedCall
  | SkippedCall;

/** A script that has been read. */
export interface Script {
  /** Its name, for messages. */
  readonly file: string;
  /** As it was written. */
  readonly text: string;
  /** Its statements, in their order. */
  readonly statements: readonly Statement[];
}

/**
 * Reads a script.
 * @param text all of it
 * @param file its name, for messages
 * @param variables those of what was read before, where it goes on
 * @throws UserError `FILE:LINE:COLUMN: RULE`
 */
export function parseScript(text: string, file: string, variables?: Variables): Script {
  try {
    return { file, text, statements: new ScriptParser(text, variables).statements() };
  } catch (error) {
    if (error instanceof ScriptProblem) throw problemAt({ file, text }, error.at, error.message);
    throw error;
  }
}

/** @returns the error that names a place of a script, lines and columns from 1 */
export function problemAt(
  { file, text }: Pick<Script, "file" | "text">,
  at: number,
  message: string,
): UserError {
  const lastLine = text.lastIndexOf("\n", at - 1) + 1;
  return new UserError(`${file}:${lineOf(text, at)}:${at - lastLine + 1}: ${message}`);
}

/** @returns the line of a place in a text, from 1 */
export function lineOf(text: string, at: number): number {
  let line = 1;
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", end + 1))
    line++;
  return line;
}

/** @returns what every script knows before it begins */
export function newVariables(): Variables {
  return new Map([["errno", { isSet: true }]]);
}

class ScriptParser {
  readonly #lexer: Lexer;
  readonly #traces: TraceLines;
  readonly #variables: Variables;
  readonly #expressions: ExpressionParser;
  readonly #found: Statement[] = [];

  constructor(text: string, variables: Variables = newVariables()) {
    this.#variables = variables;
    this.#lexer = new Lexer(text);
    this.#traces = new TraceLines(text);
    this.#expressions = new ExpressionParser(this.#lexer, this.#variables);
  }

  statements(): Statement[] {
    for (;;) {
      const token = this.#lexer.peek();
      if (token.kind === "end") return this.#found;
      if (this.#lexer.skip(";")) continue;
      const traced = token.isFirst ? this.#traces.read(token.at) : undefined;
      if (traced !== undefined) {
        if (traced.found !== "remark") this.#found.push(traced.found);
        this.#lexer.moveTo(traced.next);
        continue;
      }
      if (token.kind === "name" && beginsType(token.text)) this.#declaration();
      else this.#expression();
      this.#end();
    }
  }

  /** A statement ends with `;` or with its line. */
  #end(): void {
    const token = this.#lexer.peek();
    if (this.#lexer.skip(";") || token.isFirst) return;
    throw new ScriptProblem(token.at, `unexpected ${nameOf(token)}: ; or a new line was expected`);
  }

  #expression(): void {
    const { at, kind, text } = this.#lexer.peek();
    if (kind === "name" && KEYWORDS.has(text))
      throw new ScriptProblem(at, `${text}: a script has calls, assignments and declarations only`);
    const expression = this.#expressions.expression();
    if (!expression.acts)
      throw new ScriptProblem(at, "this does nothing: a call or an assignment was expected");
    this.#found.push({ kind: "plain", at, expression });
  }

  /** `void *p = malloc(10), *q;` */
  #declaration(): void {
    const base = readBaseType(this.#lexer);
    do {
      const type = readPointer(this.#lexer, base);
      const { kind, text: name, at } = this.#lexer.take();
      if (kind !== "name") throw new ScriptProblem(at, "the name of a variable was expected");
      if (constant(name) !== undefined)
        throw new ScriptProblem(at, `${name} is a constant: it cannot be a variable`);
      const next = this.#lexer.peek();
      if (!next.isFirst && (next.text === "[" || next.text === "("))
        throw new ScriptProblem(next.at, "a script has no arrays and no functions of its own");
      if (this.#lexer.skip("=")) {
        const expression = this.#expressions.initialised(name, at, type);
        this.#found.push({ kind: "plain", at, expression });
      } else {
        this.#variables.set(name, { isSet: false, type });
      }
    } while (this.#lexer.skip(","));
  }
}

const KEYWORDS: ReadonlySet<string> = new Set(
  "if else for while do switch case break continue return goto typedef default".split(" "),
);
