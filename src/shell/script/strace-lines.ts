// Lines of strace's output as part of a script: `munmap(0x7f1234000, 4096) = 0`, with the prefixes
// of -f, -t, -tt, -ttt, -r, -i, -n and the suffixes of -T and -y; ltrace's lines of malloc are
// alike. Calls that have nothing to do with memory are told apart here and left out.

import { NUMERIC, STRACE_NAMES } from "./calls.js";
import { ExpressionParser, type Call, type Expression } from "./expression.js";
import { Lexer, nameOf, ScriptProblem } from "./lexer.js";

/** What a call gave where it was recorded. */
export interface NativeResult {
  /** undefined for `?` and for none. */
  readonly value: bigint | undefined;
  /** The error's name, such as "ENOMEM". */
  readonly error: string | undefined;
}

/** A line of strace. */
export interface TracedCall {
  readonly kind: "traced";
  readonly at: number;
  readonly call: Call;
  readonly args: readonly Expression[];
  readonly native: NativeResult;
}

/** A line of strace about something that this process has not. */
export interface SkippedCall {
  readonly kind: "skipped";
  readonly at: number;
  readonly name: string;
}

const PID = String.raw`(?:\[pid +(\d+)(?:<[^<>\n]*>)?\] +|(\d+)(?:<[^<>\n]*>)? +)?`;
const TIME = String.raw`(?:\d\d:\d\d:\d\d(?:\.\d+)? +|\+?\d+\.\d+ +)?(?:\(\+ *\d+\.\d+\) +)?`;
const PLACE = String.raw`(?:\[ *[0-9a-f?]+\] +){0,2}`;
const PREFIX = new RegExp(String.raw`[ \t]*${PID}${TIME}${PLACE}(?:[\w.+-]+->)?`, "y");
const NAME = /[A-Za-z_]\w*(?=\()/y;
/** What strace says besides calls: signals, ends, and about itself. */
const REMARK = /(?:\+\+\+ .* \+\+\+|--- .* ---|(?:strace|ltrace): .*)[ \t\r]*$/y;
const RESUMED = /<\.\.\. (\w+) resumed>/y;
const UNFINISHED = /(?: |, )?<unfinished \.\.\.>\s*$/;
const RESULT = new RegExp(
  String.raw`^\s*=(?!=)\s*(?:(\?|<void>|\(?nil\)?)|(-?\d+|0x[0-9a-fA-F]+)(?:<[^<>]*>)?)` +
    String.raw`(?:\s+(E[A-Z0-9]+|ERRNO_\d+))?(?:\s+\([^()]*\))?(?:\s+<\d+\.\d+>)?` +
    String.raw`\s*;?\s*(?:(?:#|//|/\*).*)?$`,
);

/** Calls whose lines of strace can be made again. */
const NOT_MADE: ReadonlySet<string> = new Set(
  (
    "syscall sysconf getpagesize getpid close pread pwrite ftruncate fsync fdatasync " +
    "read write fill memset"
  ).split(" "),
);

/**
 * @returns what a call of strace is called here; undefined when it has nothing to do with memory
 */
function ownName(name: string): string | undefined {
  const own = STRACE_NAMES[name] ?? name;
  return Object.hasOwn(NUMERIC, own) && !NOT_MADE.has(own) ? own : undefined;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads lines of strace. */
export class TraceLines {
  readonly #text: string;
  /** Calls that another thread's line came into, by thread. */
  readonly #unfinished = new Map<string, string>();

  /** @param text the whole script */
  constructor(text: string) {
    this.#text = text;
  }

  /**
   * @param at where a statement begins that is the first of its line
   * @returns the line's call, and where the next line begins; "remark" for a line without a call;
   *   undefined when the line is not strace's
   * @throws ScriptProblem for arguments or a result that are not strace's
   */
  read(at: number): { next: number; found: TracedCall | SkippedCall | "remark" } | undefined {
    const newline = this.#text.indexOf("\n", at);
    const next = newline < 0 ? this.#text.length : newline;
    PREFIX.lastIndex = at;
    const prefix = PREFIX.exec(this.#text);
    const from = at + (prefix?.[0].length ?? 0);
    const thread = prefix?.[1] ?? prefix?.[2] ?? "";
    const line = this.#text.slice(0, next);
    if (matches(REMARK, line, from) || matches(REMARK, line, at)) return { next, found: "remark" };
    const resumed = matches(RESUMED, line, from);
    if (resumed) return { next, found: this.#resumed(resumed, line, from, thread) };
    const name = matches(NAME, line, from)?.[0];
    if (name === undefined) return undefined;
    if (UNFINISHED.test(line.slice(from))) {
      this.#unfinished.set(thread, line.slice(from).replace(UNFINISHED, ""));
      return { next, found: "remark" };
    }
    const parts = partsOf(line, from + name.length, next);
    const isTraced = parts !== undefined && /^\s*=(?!=)/.test(line.slice(parts.end));
    // Without a result it is a call of C, unless something of strace's stands in front.
    if (!isTraced && !/^[[\d+]/.test(line.slice(at, from))) return undefined;
    return { next, found: traced({ name, at: from }, line, parts) };
  }

  #resumed(
    resumed: RegExpExecArray,
    line: string,
    at: number,
    thread: string,
  ): TracedCall | SkippedCall {
    const begun = this.#unfinished.get(thread);
    const name = resumed[1]!;
    this.#unfinished.delete(thread);
    if (begun?.startsWith(`${name}(`) !== true) {
      // It began before the recording did.
      return { kind: "skipped", at, name };
    }
    const rest = line.slice(at + resumed[0].length).trimStart();
    const separator = /[(,]\s*$/.test(begun) || /^[),]/.test(rest) ? "" : ", ";
    const whole = begun + separator + rest;
    try {
      const found = traced({ name, at: 0 }, whole, partsOf(whole, name.length, whole.length));
      return found.kind === "skipped" ? { ...found, at } : { ...found, at, call: { name, at } };
    } catch (error) {
      throw error instanceof ScriptProblem ? new ScriptProblem(at, error.message) : error;
    }
  }
}

function matches(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * The arguments of a call, `open` being where its ( is, and where its ) ends; undefined without
 * one.
 */
function partsOf(
  text: string,
  open: number,
  to: number,
): { spans: Span[]; end: number } | undefined {
  const spans: Span[] = [];
  let from = open + 1;
  let depth = 0;
  for (let at = open; at < to; at++) {
    const letter = text[at]!;
    if ("([{".includes(letter)) depth++;
    else if (")]}".includes(letter)) depth--;
    else if (letter === '"') at = endOfText(text, at, to);
    else if (text.startsWith("/*", at)) at = endBehind(text, "*/", at, to);
    else if (/\d<[^<]/.test(text.slice(at - 1, at + 2))) at = endBehind(text, ">", at, to);
    if (depth === 0 || (depth === 1 && letter === ",")) {
      if (depth === 1 || text.slice(from, at).trim() !== "") spans.push({ from, to: at });
      from = at + 1;
    }
    if (depth === 0) return { spans, end: at + 1 };
  }
  return undefined;
}

function endOfText(text: string, from: number, to: number): number {
  let at = from + 1;
  while (at < to && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function endBehind(text: string, close: string, from: number, to: number): number {
  const found = text.indexOf(close, from);
  return found < 0 ? to : found + close.length - 1;
}

function traced(
  { name, at }: Call,
  text: string,
  parts: ReturnType<typeof partsOf>,
): TracedCall | SkippedCall {
  const own = ownName(name);
  if (own === undefined) return { kind: "skipped", at, name };
  if (parts === undefined) throw new ScriptProblem(at + name.length, "this ( has no )");
  const native = resultOf(text.slice(parts.end), parts.end);
  const args = argumentsOf(own, name, text, parts.spans);
  const { least, most } = NUMERIC[own]!;
  if (args.length < least || args.length > most)
    throw new ScriptProblem(at, `${name} of strace has other arguments than these`);
  return { kind: "traced", at, call: { name: own, at }, args, native };
}

function resultOf(text: string, at: number): NativeResult {
  const match = RESULT.exec(text);
  if (match === null) throw new ScriptProblem(at, "a result as strace writes it was expected");
  const [, nothing, number, error] = match;
  if (number === undefined) return { value: nothing?.includes("nil") ? 0n : undefined, error };
  const isNegative = number.startsWith("-");
  const value = BigInt(isNegative ? number.slice(1) : number);
  return { value: isNegative ? -value : value, error };
}

function argumentsOf(
  own: string,
  name: string,
  text: string,
  spans: readonly Span[],
): readonly Expression[] {
  // What the kernel fills in is no argument here; prlimit64 has the process in front.
  const kept = name === "prlimit64" ? spans.slice(1, 3) : spans;
  if (own === "getrlimit") return expressionsOf(text, kept.slice(0, 1));
  if (own === "mincore") return expressionsOf(text, kept.slice(0, 2));
  const second = kept[1];
  const isQuestion = own === "prlimit" && second !== undefined && shownOf(text, second) === "NULL";
  return expressionsOf(text, isQuestion ? kept.slice(0, 1) : kept);
}

function shownOf(text: string, { from, to }: Span): string {
  return text.slice(from, to).trim();
}

function expressionsOf(text: string, spans: readonly Span[]): Expression[] {
  return spans.flatMap((span) => {
    const shown = shownOf(text, span);
    if (shown.startsWith("{")) return expressionsOf(text, fieldsOf(text, span));
    // strace -y has a descriptor's path behind it.
    const descriptor = /^\s*\d+(?=<[^<])/.exec(text.slice(span.from, span.to));
    const to = descriptor === null ? span.to : span.from + descriptor[0].length;
    const lexer = new Lexer(text, span.from, to);
    const expression = new ExpressionParser(lexer, new Map()).expression();
    const rest = lexer.peek();
    if (rest.kind !== "end") throw new ScriptProblem(rest.at, `unexpected ${nameOf(rest)}`);
    return [expression];
  });
}

/** The values in `{rlim_cur=1, rlim_max=2}`. */
function fieldsOf(text: string, { from, to }: Span): Span[] {
  const open = text.indexOf("{", from);
  const { spans } = partsOf(text, open, to) ?? { spans: [] };
  return spans.map((span) => {
    const equals = text.indexOf("=", span.from);
    return { from: equals < 0 || equals >= span.to ? span.from : equals + 1, to: span.to };
  });
}
