// The values of heap scripts over the WebAssembly side: the same grammar as native/expression.h,
// told there.

import { HEAP_REACH, type Machine } from "./machine.js";

const SLOTS = 4096n;
const OPERATORS: readonly (readonly [string, number])[] = [
  ["|", 1],
  ["^", 2],
  ["&", 3],
  ["<<", 4],
  [">>", 4],
  ["+", 5],
  ["-", 5],
  ["*", 6],
  ["/", 6],
  ["%", 6],
];
const MALLOPTS: Readonly<Record<string, bigint>> = {
  M_MXFAST: 1n,
  M_TRIM_THRESHOLD: -1n,
  M_TOP_PAD: -2n,
  M_MMAP_THRESHOLD: -3n,
  M_MMAP_MAX: -4n,
  M_CHECK_ACTION: -5n,
  M_PERTURB: -6n,
  M_ARENA_TEST: -7n,
  M_ARENA_MAX: -8n,
};

/**
 * Evaluates expressions, keeps the script's variables, and tells words relative to where things
 * lie.
 */
export class Values {
  /** The tcache's key, 0 until the script tells it. */
  key = 0n;
  readonly #machine: Machine;
  readonly #variables = new Map<string, bigint>();
  #text = "";
  #at = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The value of a whole expression. @throws Error where it is malformed */
  evaluate(text: string): bigint {
    this.#text = text;
    this.#at = 0;
    const value = this.#binary(1);
    if (this.#at < text.length) this.#bad("junk after expression");
    return value;
  }

  /** The name under which `NAME` or `NAME[EXPR]` is kept. */
  target(text: string): string {
    this.#text = text;
    this.#at = 0;
    const slot = this.#slot(this.#name());
    if (this.#at < text.length) this.#bad("variable expected");
    return slot;
  }

  get(slot: string): bigint {
    return this.#variables.get(slot) ?? 0n;
  }

  set(slot: string, value: bigint): void {
    this.#variables.set(slot, value);
  }

  /** A word as text that does not depend on where things lie. */
  show(value: bigint): string {
    const { heap, arena, arenaBytes, ref } = this.#machine;
    const hex = (prefix: string, v: bigint): string => `${prefix}0x${v.toString(16)}`;
    if (this.key !== 0n && value === this.key) return "key";
    if (value >= heap && value - heap < HEAP_REACH) return hex("heap+", value - heap);
    if (value >= arena && value - arena < arenaBytes) return hex("arena+", value - arena);
    if (value <= ref && ref - value <= 0x4000000n) return hex("ref-", ref - value);
    return hex("", value);
  }

  #bad(what: string): never {
    throw new Error(`${what}: ${this.#text.slice(this.#at)}`);
  }

  #name(): string {
    const match = /^[A-Za-z_][A-Za-z_0-9]*/.exec(this.#text.slice(this.#at));
    if (match === null) this.#bad("value expected");
    this.#at += match[0].length;
    return match[0];
  }

  #slot(name: string): string {
    if (this.#text[this.#at] !== "[") return `${name}[0]`;
    this.#at++;
    const index = this.#binary(1);
    if (this.#text[this.#at++] !== "]") this.#bad("] expected");
    if (index >= SLOTS) this.#bad("index too large");
    return `${name}[${index}]`;
  }

  #binary(least: number): bigint {
    let value = this.#primary();
    for (;;) {
      const found = OPERATORS.find(([op]) => this.#text.startsWith(op, this.#at));
      if (found === undefined || found[1] < least) return value;
      this.#at += found[0].length;
      value = this.#machine.wrap(this.#apply(found[0], value, this.#binary(found[1] + 1)));
    }
  }

  #apply(op: string, left: bigint, right: bigint): bigint {
    switch (op) {
      case "|":
        return left | right;
      case "^":
        return left ^ right;
      case "&":
        return left & right;
      case "<<":
        return left << right;
      case ">>":
        return left >> right;
      case "+":
        return left + right;
      case "-":
        return left - right;
      case "*":
        return left * right;
      case "/":
        return right === 0n ? 0n : left / right;
      default:
        return right === 0n ? 0n : left % right;
    }
  }

  #primary(): bigint {
    const c = this.#text[this.#at];
    if (c === "-" || c === "~") {
      this.#at++;
      const value = this.#primary();
      return this.#machine.wrap(c === "-" ? -value : ~value);
    }
    if (c === "(") {
      this.#at++;
      const value = this.#binary(1);
      if (this.#text[this.#at++] !== ")") this.#bad(") expected");
      return value;
    }
    const digits = /^(0x[0-9a-f]*|[0-9]+)/.exec(this.#text.slice(this.#at));
    if (digits !== null) {
      this.#at += digits[0].length;
      return this.#machine.wrap(BigInt(digits[0]));
    }
    const name = this.#name();
    if (this.#text[this.#at] === "(") return this.#machine.wrap(this.#call(name));
    return this.#constant(name) ?? this.get(this.#slot(name));
  }

  #constant(name: string): bigint | undefined {
    const m = this.#machine;
    const mallopt = MALLOPTS[name];
    if (mallopt !== undefined) return m.wrap(mallopt);
    switch (name) {
      case "W":
        return m.wordBytes;
      case "MINSIZE":
        return m.wordBytes * 4n;
      case "SIZE_MAX":
        return m.wrap(-1n);
      case "PTRDIFF_MAX":
        return m.wrap(-1n) >> 1n;
      case "heap":
        return m.heap;
      case "brk":
        return m.call("sbrk", 0n);
      case "arena":
        return m.arena;
      case "top":
        return m.load(this.#arena("top"));
      case "binmap":
        return this.#arena("binmap");
      case "last_remainder":
        return this.#arena("lastRemainder");
      case "attached_threads":
        return this.#arena("attachedThreads");
      case "tcache":
        return m.tcache;
      case "ref":
        return m.ref;
      case "key":
        return this.key;
      default:
        return undefined;
    }
  }

  /** Where a field of main_arena is. */
  #arena(field: string): bigint {
    return this.#machine.arenaField(field) ?? this.#bad(`this glibc's arenas have no ${field}`);
  }

  /** Of a bin: where its counter or its first entry is, or how many blocks it has. */
  #tcache(what: "tcount" | "tentry" | "tblocks", index: bigint): bigint {
    const m = this.#machine;
    const { counter, entries, count, countsSlots } = m.tcacheBins;
    if (index >= BigInt(count)) this.#bad("a tcache has not so many bins");
    const { tcache } = m;
    if (tcache === 0n) return what === "tblocks" ? 0n : this.#bad("there is no tcache here");
    if (what === "tentry") return tcache + entries + m.wordBytes * index;
    const place = tcache + counter + 2n * index;
    if (what === "tcount") return place;
    const counted = BigInt(m.load16(place));
    return countsSlots ? m.tcacheCount - counted : counted;
  }

  #call(name: string): bigint {
    const m = this.#machine;
    const args: bigint[] = [];
    this.#at++;
    while (this.#text[this.#at] !== ")") {
      args.push(this.#binary(1));
      if (this.#text[this.#at] === ",") this.#at++;
      else if (this.#text[this.#at] !== ")") this.#bad(") expected");
    }
    this.#at++;
    const [x = 0n, y = 0n] = args;
    switch (name) {
      case "load":
        return m.load(x);
      case "load16":
        return BigInt(m.load16(x));
      case "link":
        return (x >> 12n) ^ y;
      case "reveal":
        return (x >> 12n) ^ m.load(x);
      case "size":
        return m.load(x - m.wordBytes) & ~7n;
      case "chunk": {
        const size = m.wrap(x + m.wordBytes + 15n) & ~15n;
        return size < m.wordBytes * 4n ? m.wordBytes * 4n : size;
      }
      case "bin":
        return this.#arena("bins") + (x - 2n) * 2n * m.wordBytes;
      case "fastbin":
        return this.#arena("fastbinsY") + x * m.wordBytes;
      case "tcount":
      case "tentry":
      case "tblocks":
        return this.#tcache(name, x);
      default:
        return this.#bad(`unknown function ${name}`);
    }
  }
}
