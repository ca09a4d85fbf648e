// Runs heap scripts on the WebAssembly side and tells what every statement gave, in the very words
// of native/script.c.

import type { Abi } from "../../src/layout/address.js";
import { Values } from "./expression.js";
import { HEAP_REACH, Machine, type MachineOptions } from "./machine.js";

const FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split(
  " ",
);

/** Functions that return a block and how many arguments they take. */
const ALLOCATORS: Readonly<Record<string, number>> = {
  malloc: 1,
  calloc: 2,
  realloc: 2,
  reallocarray: 3,
  memalign: 2,
  aligned_alloc: 2,
  valloc: 1,
  pvalloc: 1,
};

interface Loop {
  line: number;
  slot: string;
  times: bigint;
}

/** One script on one process. */
class Script {
  readonly log: string[] = [];
  readonly #machine: Machine;
  readonly #values: Values;
  #errno = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#values = new Values(machine);
  }

  /** Runs the statements, at most until the log has `limit` lines. */
  run(body: string, limit: number): void {
    const lines = body.split("\n");
    const loops: Loop[] = [];
    for (let i = 0; i < lines.length; i++) {
      const marked = this.#unmark(lines[i] ?? "");
      if (marked === undefined) continue;
      if (this.log.length >= limit) return;
      const [statement, quiet] = marked;
      const loop = loops.at(-1);
      if (statement.startsWith("times ")) {
        const [, count = "", name = ""] = statement.split(/ +/);
        const times = this.#values.evaluate(count);
        const slot = this.#values.target(name);
        this.#values.set(slot, 0n);
        loops.push({ line: i, slot, times });
      } else if (statement === "end") {
        if (loop === undefined) throw new Error("end without times");
        const next = this.#values.get(loop.slot) + 1n;
        this.#values.set(loop.slot, next);
        if (next < loop.times) i = loop.line;
        else loops.pop();
      } else {
        const result = this.#statement(statement);
        if (result !== undefined && !quiet) this.log.push(`${statement} => ${result}`);
      }
    }
  }

  /**
   * The statement without the marks in front, and whether it is quiet; undefined where there is
   * nothing for this layout.
   */
  #unmark(line: string): [string, boolean] | undefined {
    let text = line.replace(/^ +/, "");
    const only = /^@(ilp32|lp64) /.exec(text);
    if (only !== null) {
      if (only[1] !== this.#machine.abi) return undefined;
      text = text.slice(only[0].length);
    }
    const quiet = text.startsWith("-");
    text = text.slice(quiet ? 1 : 0).replace(/^ +/, "");
    return text === "" || text.startsWith("#") ? undefined : [text, quiet];
  }

  #statement(statement: string): string | undefined {
    const words = statement.split(/ +/);
    const [first = "", second = ""] = words;
    if (second === "=") {
      const [value, text] = this.#assigned(words.slice(2));
      this.#values.set(this.#values.target(first), value);
      return text;
    }
    if (first === "let") {
      this.#values.set(this.#values.target(second), this.#values.evaluate(words[3] ?? ""));
      return undefined;
    }
    const args = words.slice(1).map((word) => this.#values.evaluate(word));
    const result =
      this.#memory(first, args) ?? this.#kernel(first, args) ?? this.#allocator(first, args);
    if (result === undefined) throw new Error(`unknown statement: ${statement}`);
    return result;
  }

  /** `v = CALL ARGUMENT...`: the result and its text. */
  #assigned(words: string[]): [bigint, string] {
    const m = this.#machine;
    const name = words[0] ?? "";
    const [x = 0n, y = 0n, z = 0n] = words.slice(1).map((word) => this.#values.evaluate(word));
    m.errno = this.#errno;
    const arity = ALLOCATORS[name];
    if (arity !== undefined) {
      const block = m.call(name, ...[x, y, z].slice(0, arity));
      this.#errno = m.errno;
      return [block, this.#block(block)];
    }
    if (name === "posix_memalign") {
      m.store(m.scratch, 0n);
      const status = m.callStatus(name, m.scratch, x, y);
      this.#errno = m.errno;
      const block = status === 0 ? m.load(m.scratch) : 0n;
      return [block, `status=${status}${status === 0 ? ` ${this.#block(block)}` : ""}`];
    }
    if (name !== "mmap" && name !== "sbrk") throw new Error(`unknown call: ${name}`);
    const result = name === "mmap" ? m.map(x) : m.call("sbrk", x);
    this.#errno = m.errno;
    const failed = result === m.wrap(-1n);
    return [result, failed ? `-1 errno=${this.#errno}` : this.#values.show(result)];
  }

  #memory(name: string, args: bigint[]): string | undefined {
    const m = this.#machine;
    const [x = 0n, y = 0n, z = 0n] = args;
    switch (name) {
      case "fill":
        m.bytes(x, y).fill(Number(z & 0xffn));
        return "ok";
      case "poke":
        m.store(x, y);
        return "ok";
      case "poke16":
        m.store16(x, Number(y & 0xffffn));
        return "ok";
      case "peek": {
        const words = Array.from({ length: args.length > 1 ? Number(y) : 1 }, (_, i) =>
          this.#values.show(m.load(x + BigInt(i) * m.wordBytes)),
        );
        return words.join(" ");
      }
      case "hex":
        return Array.from(
          { length: Number(y) },
          (_, i) => `0x${m.load(x + BigInt(i) * m.wordBytes).toString(16)}`,
        ).join(" ");
      case "runs":
        return runs(m.bytes(x, y));
      case "print":
        return this.#values.show(x);
      case "dec":
        return String(x);
      case "key":
        this.#values.key = m.load(x);
        return "ok";
      default:
        return undefined;
    }
  }

  #kernel(name: string, args: bigint[]): string | undefined {
    const m = this.#machine;
    const [x = 0n, y = 0n] = args;
    switch (name) {
      case "block_brk":
        m.blockBrk(x);
        return "ok";
      case "unblock_brk":
        m.unblockBrk();
        return "ok";
      case "munmap":
        return this.#result(m.callStatus("munmap", x, y));
      case "setbrk":
        return this.#result(m.callStatus("brk", x));
      case "brk":
        return `0x${m.wrap(m.call("sbrk", 0n) - m.heap).toString(16)}`;
      default:
        return undefined;
    }
  }

  #allocator(name: string, args: bigint[]): string | undefined {
    const m = this.#machine;
    const [x = 0n, y = 0n] = args;
    m.errno = this.#errno;
    let result: string;
    switch (name) {
      case "free":
        m.call("free", x);
        result = "ok";
        break;
      case "free_sized":
      case "free_aligned_sized":
        m.call(name, ...args);
        result = "ok";
        break;
      case "usable":
        result = String(m.call("malloc_usable_size", x));
        break;
      case "mallopt":
        result = String(m.callInt("mallopt", x, y));
        break;
      case "malloc_trim":
        result = String(m.callStatus("malloc_trim", x));
        break;
      case "mallinfo":
      case "mallinfo2":
        result = this.#mallinfo(name);
        break;
      case "errno":
        result = String(m.errno);
        break;
      case "set_errno":
        m.errno = Number(x);
        result = "ok";
        break;
      default:
        return undefined;
    }
    this.#errno = m.errno;
    return result;
  }

  #mallinfo(name: "mallinfo" | "mallinfo2"): string {
    const m = this.#machine;
    const out = m.scratch;
    m.call(name, out);
    const fields = FIELDS.map((field, i) => {
      const n = BigInt(i);
      const value =
        name === "mallinfo" ? BigInt(m.load32(out + n * 4n)) : m.load(out + n * m.wordBytes);
      return `${field}=${value}`;
    });
    return `${fields.join(" ")} brk=0x${m.wrap(m.call("sbrk", 0n) - m.heap).toString(16)}`;
  }

  #result(value: number): string {
    this.#errno = this.#machine.errno;
    return value === -1 ? `-1 errno=${this.#errno}` : String(value);
  }

  #block(block: bigint): string {
    const m = this.#machine;
    if (block === 0n) return `null errno=${this.#errno}`;
    const head = m.load(block - m.wordBytes);
    const mapped = (head & 2n) !== 0n && m.wrap(block - m.heap) >= HEAP_REACH;
    const where = mapped
      ? `mmap ${(block & 0xfffn).toString(16).padStart(3, "0")}`
      : this.#values.show(block);
    return `${where} size=0x${head.toString(16)}`;
  }
}

/** Bytes, run-length coded: `5a*24 00*3`. */
function runs(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0, j = 0; i < bytes.length && parts.length < 64; i = j) {
    const byte = bytes[i] ?? 0;
    while (j < bytes.length && bytes[j] === byte) j++;
    parts.push(`${byte.toString(16).padStart(2, "0")}*${j - i}`);
  }
  return parts.join(" ");
}

/** How to run a script, beyond what it says itself. */
export interface RunOptions extends MachineOptions {
  /** Stop when the log has so many lines. */
  limit?: number;
}

/**
 * Runs a heap script in a fresh process.
 * @param body the statements
 * @param abi the layout
 * @returns what native/script.c prints for it: a line a statement, then how it ended
 * @throws Error where the script is malformed
 */
export function runScript(body: string, abi: Abi, options: RunOptions = {}): string {
  const { limit = Infinity, ...rest } = options;
  const script = new Script(new Machine(abi, rest));
  let end = "exit 0";
  try {
    script.run(body, limit);
  } catch (error) {
    const death = Machine.deathOf(error);
    if (death === undefined) throw error;
    end = death;
  }
  return `${[...script.log, end].join("\n")}\n`;
}
