// The language of `strace script`: one call a line, as C and strace write it, with names for results.
//
//     # comment
//     a = mmap(NULL, 3*4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
//     munmap(a + 4096, 4096)
//
// An argument is a sum, difference, product or | of numbers, C's constants and names given before, or a "text" for a path.

import { MADV, MAP, MCL, MLOCK, MREMAP, MS, O, PROT, RLIMIT } from "../kernel/index.js";
import { UserError } from "./io.js";

/** One line's call, not evaluated yet. */
export interface ScriptCall {
  /** Line number, from 1. */
  readonly line: number;
  /** The name that the result is given; undefined for none. */
  readonly result: string | undefined;
  readonly name: string;
  /** Argument texts. */
  readonly args: readonly Expression[];
}

/** What an argument can be. */
export type Value = bigint | string;

/** An argument: gives its value from the names so far. */
export type Expression = (names: ReadonlyMap<string, bigint>) => Value;

const PREFIXES = { PROT, MAP, MREMAP, MADV, MS, MCL, MLOCK, O, RLIMIT };

const CONSTANTS: ReadonlyMap<string, bigint> = new Map([
  ["NULL", 0n],
  ["PAGE_SIZE", 4096n],
  ["RLIM_INFINITY", -1n],
  ["MAP_FAILED", -1n],
  ["MAP_ANON", BigInt(MAP.ANONYMOUS)],
  ...Object.entries(PREFIXES).flatMap(([prefix, values]) =>
    Object.entries(values).map(
      ([name, value]) => [`${prefix}_${name}`, BigInt(value)] as [string, bigint],
    ),
  ),
]);

const TOKEN = /\s*("[^"]*"|0x[0-9a-fA-F]+|\d+|[A-Za-z_]\w*|[-+*|(),=])/y;
const LINE = /^\s*(?:([A-Za-z_]\w*)\s*=\s*)?([A-Za-z_]\w*)\s*\((.*)\)\s*;?\s*$/;

/** What is wrong with a line; the caller knows which. */
class Problem extends Error {}

/** A reader of one expression list, by precedence: `|`, then `+ -`, then `*`, then a sign. */
class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  list(): Expression[] {
    if (this.#tokens.length === 0) return [];
    const found = [this.#or()];
    while (this.#take(",")) found.push(this.#or());
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new Problem(`unexpected '${rest}'`);
    return found;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #or(): Expression {
    let left = this.#sum();
    while (this.#take("|")) left = binary(left, this.#sum(), (a, b) => a | b);
    return left;
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      if (this.#take("+")) left = binary(left, this.#product(), (a, b) => a + b);
      else if (this.#take("-")) left = binary(left, this.#product(), (a, b) => a - b);
      else return left;
    }
  }

  #product(): Expression {
    let left = this.#value();
    while (this.#take("*")) left = binary(left, this.#value(), (a, b) => a * b);
    return left;
  }

  #value(): Expression {
    if (this.#take("-"))
      return binary(
        () => 0n,
        this.#value(),
        (a, b) => a - b,
      );
    if (this.#take("(")) {
      const inner = this.#or();
      if (!this.#take(")")) throw new Problem("a ) is missing");
      return inner;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Problem("an argument is missing");
    if (token.startsWith('"')) return () => token.slice(1, -1);
    if (/^\d/.test(token)) {
      // As in C, a number that begins with 0 is octal.
      const value = numberFrom(/^0\d/.test(token) ? `0o${token.slice(1)}` : token);
      return () => value;
    }
    if (!/^\w/.test(token)) throw new Problem(`unexpected '${token}'`);
    return (names) => {
      const value = names.get(token) ?? CONSTANTS.get(token);
      if (value === undefined) throw new Problem(`there is no '${token}'`);
      return value;
    };
  }
}

/** A number as it is written; what C would not take is a problem. */
function numberFrom(literal: string): bigint {
  if (/^0o.*[89]/.test(literal)) throw new Problem(`0${literal.slice(2)} is octal, without 8 or 9`);
  const value = BigInt(literal);
  if (value >= 1n << 64n) throw new Problem(`${literal} does not fit into 64 bits`);
  return value;
}

function binary(
  left: Expression,
  right: Expression,
  operate: (a: bigint, b: bigint) => bigint,
): Expression {
  return (names) => operate(numberOf(left(names)), numberOf(right(names)));
}

/** @throws a problem for a text */
export function numberOf(value: Value): bigint {
  if (typeof value === "string") throw new Problem(`a number was expected, not "${value}"`);
  return value;
}

function tokensOf(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Problem(`unexpected '${text.slice(at).trim()[0]}'`);
    found.push(match[1]!);
  }
  return found;
}

/**
 * Reads a script.
 * @param file its name, for messages
 * @throws UserError `FILE:LINE: REASON`
 */
export function parseScript(text: string, file: string): ScriptCall[] {
  return text.split("\n").flatMap((whole, index) => {
    const line = whole.replace(/^((?:[^"#]|"[^"]*")*)#.*$/, "$1");
    if (line.trim() === "") return [];
    return inLine(file, index + 1, () => {
      const match = LINE.exec(line);
      if (match === null) throw new Problem("a call was expected: [NAME =] CALL(ARGUMENT, ...)");
      const [, result, name = "", args = ""] = match;
      return [{ line: index + 1, result, name, args: new Parser(args).list() }];
    });
  });
}

/** A mistake in a call that is only seen when it runs. */
export function scriptProblem(message: string): Error {
  return new Problem(message);
}

/** Runs `step`; a problem becomes the user's error, with its line. */
export function inLine<T>(file: string, line: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof Problem) throw new UserError(`${file}:${line}: ${error.message}`);
    throw error;
  }
}
