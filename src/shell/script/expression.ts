// Expressions of a script: C's operators with C's precedence, over whole numbers that are exact,
// casts, assignments and calls. Arithmetic on a pointer counts in what it points at, as in C; a
// number wraps only where its type is unsigned, and otherwise has to fit into 64 bits.

import { checkCall } from "./calls.js";
import { constant } from "./constants.js";
import { nameOf, ScriptProblem, unquoted, type Lexer, type Token } from "./lexer.js";
import { binary, compound, negated, type Num } from "./numbers.js";
import {
  beginsType,
  converted,
  readBaseType,
  readPointer,
  SIZE_T,
  sizeOf,
  type CType,
  type WordBits,
} from "./types.js";

/** What an expression gives: a number, a text in quotes, or the place of a variable (`&p`). */
export type Value =
  | Num
  | {
      /** What stands between the quotes. */
      readonly text: string;
    }
  | {
      /** The variable's name. */
      readonly place: string;
      /** Its type, where it has one. */
      readonly type: CType | undefined;
    };

/** A call, with what it is called with. */
export interface Call {
  readonly name: string;
  readonly at: number;
}

/** What an expression is evaluated in. */
export interface Scope {
  readonly wordBits: WordBits;
  /** The variables that have a value. */
  readonly variables: Map<string, Num>;
  /** Makes a call. */
  call(call: Call, args: readonly Value[]): Num;
}

/** A part of a script that gives a value. */
export interface Expression {
  /** Where it begins. */
  readonly at: number;
  /** How many parts are nested in it. */
  readonly depth: number;
  /** Whether it does something: a call, or an assignment. */
  readonly acts: boolean;
  evaluate(scope: Scope): Value;
}

/**
 * The variables of a script, as far as it has been read: whether they have a value, and their
 * types.
 */
export type Variables = Map<string, { isSet: boolean; type?: CType | undefined }>;

/** Binary operators by how tightly they bind. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];
const ASSIGNMENT = /^(?:[-+*/%&|^]|<<|>>)?=$/;
/** More is no script that anybody wrote, and would end in a stack that is full. */
const MOST_DEPTH = 200;
const MOST_PARTS = 1000;
const NUMBER = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)(?:[uU](?:ll?|LL?)?|(?:ll?|LL?)[uU]?)?$/;

/** @throws ScriptProblem at `at` for what is no number */
export function numberOf(value: Value, at: number): Num {
  if ("value" in value) return value;
  const shown = "text" in value ? JSON.stringify(value.text) : `&${value.place}`;
  throw new ScriptProblem(at, `a number was expected, not ${shown}`);
}

/** Reads expressions. Nothing is evaluated meanwhile. */
export class ExpressionParser {
  readonly #lexer: Lexer;
  readonly #variables: Variables;
  #depth = 0;
  #open = 0;

  /**
   * @param lexer where from
   * @param variables those that there are, to which assignments add
   */
  constructor(lexer: Lexer, variables: Variables) {
    this.#lexer = lexer;
    this.#variables = variables;
  }

  /** Reads an expression, with assignments but without commas. @throws ScriptProblem */
  expression(): Expression {
    return this.#nested(() => {
      const { kind, text } = this.#lexer.peek();
      if (kind === "name" && ASSIGNMENT.test(this.#lexer.peekSecond().text)) {
        return this.#assignment(text);
      }
      return this.#conditional();
    });
  }

  /** Reads the value of a variable that is declared, and makes it known. */
  initialised(name: string, at: number, type: CType | undefined): Expression {
    const value = this.expression();
    this.#variables.set(name, { isSet: true, type });
    return assigned(name, at, value, type);
  }

  /** Reads expressions with commas between them, up to the sign that ends them. */
  list(open: Token, close: string): Expression[] {
    this.#open++;
    const found: Expression[] = [];
    if (this.#lexer.peek().kind === "end") this.#close(open, close);
    if (this.#lexer.peek().text !== close) {
      do found.push(this.expression());
      while (this.#lexer.skip(","));
    }
    this.#close(open, close, "a , or ");
    this.#open--;
    return found;
  }

  #close(open: Token, close: string, or = ""): void {
    if (this.#lexer.skip(close)) return;
    const token = this.#lexer.peek();
    if (token.isFirst) throw new ScriptProblem(open.at, `this ${open.text} has no ${close}`);
    throw new ScriptProblem(token.at, `unexpected ${nameOf(token)}: ${or}${close} was expected`);
  }

  /** The next token, when the statement goes on with it. */
  #following(): Token | undefined {
    const token = this.#lexer.peek();
    return token.kind !== "sign" || (token.isFirst && this.#open === 0) ? undefined : token;
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MOST_DEPTH) {
      throw new ScriptProblem(this.#lexer.at, `more than ${MOST_DEPTH} parts inside each other`);
    }
    const found = read();
    this.#depth--;
    return found;
  }

  #assignment(name: string): Expression {
    const { at } = this.#lexer.take();
    const operator = this.#lexer.take().text.slice(0, -1);
    if (operator !== "") this.#known(name, at);
    if (constant(name) !== undefined)
      throw new ScriptProblem(at, `${name} is a constant: no value can be given to it`);
    const value = this.expression();
    const known = this.#variables.get(name);
    this.#variables.set(name, { ...known, isSet: true });
    return assigned(name, at, value, known?.type, operator);
  }

  #conditional(): Expression {
    const condition = this.#binary(0);
    if (this.#following()?.text !== "?") return condition;
    const question = this.#lexer.take();
    const first = this.expression();
    if (!this.#lexer.skip(":")) throw new ScriptProblem(question.at, "this ? has no :");
    const second = this.expression();
    const { at } = condition;
    return node(at, [condition, first, second], (scope) =>
      numberOf(condition.evaluate(scope), at).value !== 0n
        ? first.evaluate(scope)
        : second.evaluate(scope),
    );
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#following();
      if (token === undefined || !operators.includes(token.text)) return left;
      this.#lexer.take();
      left = joined(token, left, this.#binary(level + 1));
    }
  }

  #unary(): Expression {
    return this.#nested(() => {
      const token = this.#lexer.peek();
      if (token.kind !== "sign") return this.#value(this.#lexer.take());
      this.#lexer.take();
      const { text, at } = token;
      if (text === "(") return this.#parenthesised(token);
      if (text === "&") return this.#place(at);
      if (text === "++" || text === "--") return this.#step(at, text, this.#lexer.take(), false);
      if (text === "*") throw new ScriptProblem(at, NO_ACCESS);
      if (!"+-~!".includes(text)) throw unexpected(token);
      const operand = this.#unary();
      return node(at, [operand], (scope) =>
        negated(text, numberOf(operand.evaluate(scope), operand.at), scope.wordBits),
      );
    });
  }

  #parenthesised(open: Token): Expression {
    this.#open++;
    const isCast = this.#lexer.peek().kind === "name" && beginsType(this.#lexer.peek().text);
    const inner = isCast ? this.#type() : this.expression();
    this.#close(open, ")");
    this.#open--;
    if (!("bits" in inner)) return inner;
    const operand = this.#unary();
    return node(open.at, [operand], (scope) => {
      const { value } = numberOf(operand.evaluate(scope), operand.at);
      return { value: converted(value, inner, scope.wordBits), type: inner };
    });
  }

  #type(): CType {
    return readPointer(this.#lexer, readBaseType(this.#lexer));
  }

  #place(at: number): Expression {
    const token = this.#lexer.take();
    if (token.kind !== "name") throw new ScriptProblem(at, "& takes the name of a variable");
    const type = this.#variables.get(token.text)?.type;
    this.#variables.set(token.text, { type, isSet: true });
    return node(at, [], () => ({ place: token.text, type }));
  }

  /** `p++`, `--p` and the like. */
  #step(at: number, sign: string, { kind, text: name }: Token, isAfter: boolean): Expression {
    if (kind !== "name") throw new ScriptProblem(at, `${sign} takes the name of a variable`);
    const type = this.#known(name, at);
    const evaluate = (scope: Scope): Num => {
      const old = scope.variables.get(name)!;
      const value = compound(sign[0]!, old, { value: 1n }, type, scope.wordBits, at);
      scope.variables.set(name, value);
      return isAfter ? old : value;
    };
    return { at, depth: 1, acts: true, evaluate };
  }

  /** @returns a variable's type @throws ScriptProblem for one that has no value */
  #known(name: string, at: number): CType | undefined {
    const variable = this.#variables.get(name);
    if (variable?.isSet) return variable.type;
    if (variable !== undefined) throw new ScriptProblem(at, `${name} has no value yet`);
    throw new ScriptProblem(at, `there is no '${name}'`);
  }

  #value(token: Token): Expression {
    const { kind, text, at } = token;
    if (kind === "number") return literal(token);
    if (kind === "text") return node(at, [], () => ({ text: unquoted(text) }));
    if (kind === "character") {
      const value = BigInt(unquoted(text).codePointAt(0) ?? 0);
      return node(at, [], () => ({ value }));
    }
    if (kind !== "name") throw unexpected(token);
    const next = this.#following();
    if (text === "sizeof") return this.#sizeof(at);
    if (next?.text === "(") return this.#call(token);
    const value = this.#variables.has(text) ? undefined : constant(text);
    if (value !== undefined) return node(at, [], (scope) => value(scope.wordBits));
    if (next?.text === "[" || next?.text === "->" || next?.text === ".")
      throw new ScriptProblem(next.at, NO_ACCESS);
    if (next?.text === "++" || next?.text === "--") {
      this.#lexer.take();
      return this.#step(at, next.text, token, true);
    }
    this.#known(text, at);
    return node(at, [], (scope) => scope.variables.get(text)!);
  }

  #sizeof(at: number): Expression {
    const open = this.#lexer.take();
    if (open.text !== "(") throw new ScriptProblem(at, "sizeof takes a type or a variable in ( )");
    const token = this.#lexer.peek();
    const variable = this.#variables.get(token.text);
    const type = variable === undefined ? this.#type() : (variable.type ?? SIZE_T);
    if (variable !== undefined) this.#lexer.take();
    this.#close(open, ")");
    return node(at, [], ({ wordBits }) => ({ value: sizeOf(type, wordBits), type: SIZE_T }));
  }

  #call({ text: name, at }: Token): Expression {
    const args = this.list(this.#lexer.take(), ")");
    checkCall(name, args.length, at);
    return called({ name, at }, args);
  }
}

const NO_ACCESS =
  "memory is read with read(ADDRESS, LENGTH), and written with write(ADDRESS, LENGTH) or fill";

function unexpected(token: Token): ScriptProblem {
  return new ScriptProblem(token.at, `unexpected ${nameOf(token)}: a value was expected`);
}

/** Makes an expression of others. @throws ScriptProblem where there are too many */
function node(
  at: number,
  parts: readonly Expression[],
  evaluate: (scope: Scope) => Value,
): Expression {
  const depth = 1 + Math.max(0, ...parts.map((part) => part.depth));
  if (depth > MOST_PARTS) throw new ScriptProblem(at, `more than ${MOST_PARTS} parts in one`);
  return { at, depth, acts: parts.some((part) => part.acts), evaluate };
}

/** @returns a call as an expression */
export function called(call: Call, args: readonly Expression[]): Expression {
  const evaluate = (scope: Scope): Num =>
    scope.call(
      call,
      args.map((argument) => argument.evaluate(scope)),
    );
  return { ...node(call.at, args, evaluate), acts: true };
}

function assigned(
  name: string,
  at: number,
  value: Expression,
  type: CType | undefined,
  operator = "",
): Expression {
  const evaluate = (scope: Scope): Num => {
    const right = numberOf(value.evaluate(scope), value.at);
    const old = operator === "" ? { value: 0n } : scope.variables.get(name)!;
    const result = compound(operator || "+", old, right, type, scope.wordBits, at);
    scope.variables.set(name, result);
    return result;
  };
  return { ...node(at, [value], evaluate), acts: true };
}

function joined({ text, at }: Token, left: Expression, right: Expression): Expression {
  return node(left.at, [left, right], (scope) => {
    const first = numberOf(left.evaluate(scope), left.at);
    if (text === "&&" || text === "||") {
      const isDecided = (first.value !== 0n) === (text === "||");
      const last = isDecided ? first : numberOf(right.evaluate(scope), right.at);
      return { value: last.value !== 0n ? 1n : 0n };
    }
    return binary(text, first, numberOf(right.evaluate(scope), right.at), scope.wordBits, at);
  });
}

/** A number as C writes it. */
function literal({ text, at }: Token): Expression {
  const digits = NUMBER.exec(text)?.[1];
  if (digits === undefined) {
    const rule =
      "a whole number, decimal, 0x… or octal, with u or l behind it at most, was expected";
    throw new ScriptProblem(at, `'${text.slice(0, 40)}': ${rule}`);
  }
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits))
    throw new ScriptProblem(at, `${digits} is octal, without 8 or 9`);
  // The length first: BigInt takes more than linear time.
  const value = digits.length > 80 ? undefined : BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value === undefined || value >= 1n << 64n)
    throw new ScriptProblem(at, `${digits.slice(0, 40)} does not fit into 64 bits`);
  if (!/u/i.test(text)) return node(at, [], () => ({ value }));
  const bits = value >= 1n << 32n || /ll/i.test(text) ? 64 : /l/i.test(text) ? "word" : 32;
  return node(at, [], () => ({ value, type: { bits, isUnsigned: true } }));
}
