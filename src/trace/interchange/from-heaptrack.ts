// Reader of heaptrack's data files, versions 0 to 3, and of its raw ones. Numbers are hex.
//
//   v 10400 3                  heaptrack's version, the format's (none: 0; 10200 alone: 1)
//   s 4 main                   a string, from 1 on; before version 3 without its length
//   i IP MODULE [FUNCTION FILE LINE]…   an instruction pointer, from 1 on; the names are strings,
//                              0 for none; behind the first those that it is inlined in
//   t IP PARENT                a stack: an instruction pointer and the stack that called it
//   a 18 8                     an allocation, from 0 on: size and stack
//   + 1                        a block of allocation 1 comes
//   - 1                        … and goes
//
// Which block goes is not said: the youngest of its kind is taken. A realloc is a - and a +, calloc
// and memalign are as malloc, and there are no threads. Raw files (heaptrack -r) and version 0 have
// addresses, so that the right block goes:
//
//   m LENGTH NAME BASE (OFFSET BYTES)…   a loaded module, in raw files: stacks name it with offsets
//   + 18 8 559fdb1331d0        size, stack, address
//   - 559fdb1331d0

import { OpKind } from "../../layout/generated.js";
import { TraceError } from "../trace.js";
import type { TraceMaker } from "./maker.js";
import { quoted, type Reader } from "./reader.js";

/** A file's first line that is no comment. */
export const HEAPTRACK_HEAD = /^v [\da-f]+( [\da-f]+)?$/;

const NEWEST = 3;
/** From this version on strings have their length in front, and from the other on there is `a`. */
const SIZED = 3;
const INFOS = 1;
/** What 1.0.0 called itself before the format had a version. */
const BEFORE_VERSIONS = 0x10200;
/** No block is here. */
const NOWHERE = 1n << 64n;
/** Lines that a trace has no use for: command line, system, times, resident set, suppressions. */
const PASSED = new Set(["X", "I", "c", "R", "A", "S"]);
/** In an `i` line each function has its file and its line behind it. */
const FRAME_WORDS = 3;

/** Part of the address space that a module's code is in. */
interface Module {
  readonly name: string;
  readonly base: bigint;
  readonly end: bigint;
}

/** Reads a file of heaptrack's; see the head of the file. */
export class HeaptrackReader implements Reader {
  readonly #maker: TraceMaker;
  readonly #file: string;
  #line = 0;
  #version: number | undefined;
  /** The program's name; raw files have it. */
  #exe: string | undefined;
  readonly #strings = [""];
  readonly #pointers = [""];
  readonly #stacks = [""];
  #modules: Module[] = [];
  readonly #sizes: bigint[] = [];
  readonly #labels: string[] = [];
  /** For each allocation its live blocks' addresses, which are made up. */
  readonly #live: bigint[][] = [];
  #made = 0n;

  constructor(maker: TraceMaker, file: string) {
    this.#maker = maker;
    this.#file = file;
  }

  line(text: string, line: number): void {
    if (text === "" || text.startsWith("#")) return;
    this.#line = line;
    const mode = text[0]!;
    if (this.#version === undefined && mode !== "v") {
      this.#fail('a data file of heaptrack begins with its version, "v 10400 3"');
    }
    if (PASSED.has(mode)) return;
    const rest = text.slice(2);
    if (mode === "s") this.#strings.push(this.#sized(rest));
    else if (mode === "x") this.#exe = baseName(this.#sized(rest));
    else if (mode === "m") this.#module(rest);
    else this.#numbered(mode, rest);
  }

  finish(): void {
    if (this.#version === undefined) this.#fail("no version in it: it is empty");
  }

  #numbered(mode: string, rest: string): void {
    const words = rest.split(" ");
    switch (mode) {
      case "v":
        return this.#readVersion(words);
      case "i":
        return this.#pointer(words);
      case "t":
        return this.#stack(words);
      case "a":
        this.#need(words, 2, '"a SIZE STACK"');
        this.#sizes.push(this.#hex(words[0]!));
        this.#labels.push(this.#entry(this.#stacks, words[1]!, "stack"));
        this.#live.push([]);
        return;
      case "+":
      case "-":
        this.#maker.at(this.#line);
        return this.#exe !== undefined || this.#version! < INFOS
          ? this.#atAddress(mode, words)
          : this.#ofInfo(mode, words);
      default:
        this.#fail(`${quoted(mode)} begins no line of heaptrack's`);
    }
  }

  #readVersion(words: readonly string[]): void {
    const program = Number(this.#hex(words[0]!));
    this.#version =
      words.length > 1 ? Number(this.#hex(words[1]!)) : program === BEFORE_VERSIONS ? 1 : 0;
    if (this.#version > NEWEST) {
      this.#fail(`format version ${this.#version}, and versions up to ${NEWEST} are known`);
    }
  }

  /** @returns a string, whose length in bytes stands in front of it from version 3 on */
  #sized(text: string): string {
    if (this.#version! < SIZED) return text;
    const length = text.split(" ", 1)[0]!;
    this.#hex(length);
    return text.slice(length.length + 1);
  }

  #pointer(words: readonly string[]): void {
    const names: string[] = [];
    for (let at = 2; at < words.length; at += FRAME_WORDS) {
      const name = this.#entry(this.#strings, words[at]!, "string");
      if (name !== "") names.push(name);
    }
    if (names.length === 0) {
      const module = this.#entry(this.#strings, words[1] ?? "0", "string");
      names.push(baseName(module) || `0x${words[0]}`);
    }
    this.#pointers.push(names.join(" <- "));
  }

  #stack(words: readonly string[]): void {
    this.#need(words, 2, '"t POINTER STACK"');
    const [pointer = "", parent = ""] = words;
    const name =
      this.#exe !== undefined
        ? this.#placeOf(this.#hex(pointer))
        : this.#entry(this.#pointers, pointer, "instruction pointer");
    const callers = this.#entry(this.#stacks, parent, "stack");
    this.#stacks.push(callers === "" ? name : `${name} <- ${callers}`);
  }

  /** A raw file's line of a module; "-" says that all are listed anew. */
  #module(text: string): void {
    const named = this.#sizedModule(text);
    if (named === undefined) {
      this.#modules = [];
      return;
    }
    const [path, rest] = named;
    const [base = 0n, ...segments] = rest.map((word) => this.#hex(word));
    let end = base;
    for (let at = 0; at + 1 < segments.length; at += 2) {
      const last = base + segments[at]! + segments[at + 1]!;
      if (last > end) end = last;
    }
    this.#modules.push({ name: path === "x" ? (this.#exe ?? path) : baseName(path), base, end });
  }

  #sizedModule(text: string): [string, string[]] | undefined {
    const body = this.#sized(text);
    if (body === "-") return undefined;
    // A path may have blanks, of which its length knows.
    const bytes = this.#version! < SIZED ? body.indexOf(" ") : parseInt(text, 16);
    const path = new TextDecoder().decode(new TextEncoder().encode(body).subarray(0, bytes));
    return [path, body.slice(path.length).trim().split(" ")];
  }

  #placeOf(pointer: bigint): string {
    const module = this.#modules.find(({ base, end }) => pointer >= base && pointer < end);
    if (module === undefined) return `0x${pointer.toString(16)}`;
    return `${module.name}+0x${(pointer - module.base).toString(16)}`;
  }

  #atAddress(mode: string, words: readonly string[]): void {
    if (mode === "-") {
      this.#need(words, 1, '"- ADDRESS"');
      this.#maker.release(this.#maker.take(this.#hex(words[0]!)));
      return;
    }
    this.#need(words, FRAME_WORDS, '"+ SIZE STACK ADDRESS"');
    const label = this.#entry(this.#stacks, words[1]!, "stack");
    const address = this.#hex(words[2]!);
    this.#maker.allocate(OpKind.MALLOC, this.#hex(words[0]!), 0n, address, label);
  }

  #ofInfo(mode: string, words: readonly string[]): void {
    this.#need(words, 1, `"${mode} ALLOCATION"`);
    const info = Number(this.#hex(words[0]!));
    const live = this.#live[info];
    if (live === undefined) this.#fail(`there is no allocation ${words[0]} so far`);
    if (mode === "-") {
      this.#maker.release(this.#maker.take(live.pop() ?? NOWHERE));
      return;
    }
    live.push(++this.#made);
    const { [info]: label } = this.#labels;
    this.#maker.allocate(OpKind.MALLOC, this.#sizes[info]!, 0n, this.#made, label);
  }

  /** @returns what a number in hex stands for in a table */
  #entry(table: readonly string[], word: string, what: string): string {
    const found = table[Number(this.#hex(word))];
    if (found === undefined) this.#fail(`there is no ${what} ${word} so far`);
    return found;
  }

  #hex(word: string): bigint {
    if (!/^[\da-f]{1,16}$/.test(word)) this.#fail(`${quoted(word)} is not a number in hex`);
    return BigInt(`0x${word}`);
  }

  #need(words: readonly string[], count: number, form: string): void {
    if (words.length !== count) this.#fail(`${quoted(words.join(" "))} does not fit ${form}`);
  }

  #fail(reason: string): never {
    throw new TraceError(this.#file, this.#line, reason);
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
