// The words of a script (`strace script`): C's tokens, each taken whole or refused. Spaces and
// comments (`#` and `//` to the end of the line, `/* */`) lie between them; a new line ends a
// statement unless something is open, so a token knows whether one came before it.

/** What is wrong with a script, and where. */
export class ScriptProblem extends Error {
  override readonly name = "ScriptProblem";
  /** Where in the text, from 0. */
  readonly at: number;

  /**
   * @param at where in the text, from 0
   * @param message the rule that is broken
   */
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** One token. */
export interface Token {
  readonly kind: "number" | "name" | "text" | "character" | "sign" | "end";
  /** As it is written; "" at the end. */
  readonly text: string;
  /** Where it begins, from 0. */
  readonly at: number;
  /** Whether it is the first of its line. */
  readonly isFirst: boolean;
}

const BLANK = /(?:[ \t\r\f\v]|\\\r?\n)+/y;
const LINE_COMMENT = /(?:#|\/\/)[^\n]*/y;
const KINDS = [
  ["number", /\d[\w.]*/y],
  ["name", /[A-Za-z_]\w*/y],
  ["text", /"(?:[^"\\\n]|\\.)*"/y],
  ["character", /'(?:[^'\\\n]|\\.[0-7]{0,2})'/y],
  ["sign", /<<=|>>=|\+\+|--|->|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||[-+*/%&|^~!<>=?:,;()[\]{}.]/y],
] as const;

/** Tokens of a text, read one after the other. */
export class Lexer {
  readonly text: string;
  readonly #end: number;
  #at: number;
  #next: Token | undefined;

  /**
   * @param text all of it
   * @param from where to begin
   * @param to where to end
   */
  constructor(text: string, from = 0, to = text.length) {
    this.text = text;
    this.#at = from;
    this.#end = to;
  }

  /** Where the next token is looked for. */
  get at(): number {
    return this.#next?.at ?? this.#at;
  }

  /** Goes on reading somewhere else. */
  moveTo(at: number): void {
    this.#at = at;
    this.#next = undefined;
  }

  /** @returns the next token, which stays the next one @throws ScriptProblem where there is none */
  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  /** @returns the token after the next one */
  peekSecond(): Token {
    const { at } = this.peek();
    this.take();
    const second = this.peek();
    this.moveTo(at);
    return second;
  }

  /** @returns the next token, and goes on behind it */
  take(): Token {
    const token = this.peek();
    this.#at = token.at + token.text.length;
    this.#next = undefined;
    return token;
  }

  /** Goes on behind the next token if it is this one. @returns whether it was */
  skip(text: string): boolean {
    const token = this.peek();
    if (token.kind === "text" || token.kind === "character" || token.text !== text) return false;
    this.take();
    return true;
  }

  #read(): Token {
    let isFirst = this.#at === 0 || this.text[this.#at - 1] === "\n";
    for (;;) {
      if (this.#match(BLANK) !== undefined) continue;
      if (this.#match(LINE_COMMENT) !== undefined) continue;
      if (this.text[this.#at] === "\n" && this.#at < this.#end) {
        this.#at++;
        isFirst = true;
      } else if (this.text.startsWith("/*", this.#at)) {
        const close = this.text.indexOf("*/", this.#at + 2);
        if (close < 0) throw new ScriptProblem(this.#at, "the comment /* has no */");
        isFirst ||= this.text.slice(this.#at, close).includes("\n");
        this.#at = close + 2;
      } else break;
    }
    const at = this.#at;
    if (at >= this.#end) return { kind: "end", text: "", at, isFirst: true };
    for (const [kind, pattern] of KINDS) {
      const text = this.#match(pattern);
      if (text !== undefined) return { kind, text, at, isFirst };
    }
    const odd = String.fromCodePoint(this.text.codePointAt(at)!);
    if (odd === '"' || odd === "'")
      throw new ScriptProblem(at, `the ${odd} has no end in its line`);
    throw new ScriptProblem(at, `unexpected '${odd}'`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined || this.#at + found.length > this.#end) return undefined;
    this.#at += found.length;
    return found;
  }
}

/** What an unexpected token is called in messages. */
export function nameOf({ kind, text }: Token): string {
  return kind === "end" ? "the end" : `'${text.length > 40 ? `${text.slice(0, 40)}…` : text}'`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  e: "\x1b",
};

/** @returns the text in a literal of C, without its quotes, with its escapes done */
export function unquoted(literal: string): string {
  const escape = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([^]))/g;
  return literal.slice(1, -1).replace(escape, (_, hex?: string, octal?: string, one?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return ESCAPES[one!] ?? one!;
  });
}
