// Makes a source of assembly/ free of everything that this project's own builds leave to asc's
// options and transforms, for one version of glibc:
//
//   word               u32 or u64: what as/words-ilp32 or as/words-lp64 says, which as/ilp32 and
//                      as/lp64 import
//   @count(n) fields   n fields; those of other versions, by @since and @until, none
//   HEAP_CHECK         0, or what the user says by --use PTMALLOC_CHECK=1 (or 2)
//   GLIBC_DEFAULTS     0, or what the user says by --use PTMALLOC_DEFAULTS=1
//   PROFILE            0, or what the user says by --use PTMALLOC_THROUGHPUT=1; 0 where it is not
//                      the default's glibc
//   @inline            the decorator. V8 inlines no calls within WebAssembly, and what asc's own
//                      -O3 inlines is less than what this project's builds do
//                      (tools/optimize-transform.mjs), so the ways of malloc and free are marked
//   THREADS …          0
//   host.fail          an abort of the program, with glibc's message

import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { factsOf } from "./as-facts.mjs";
import { DEFAULT_GLIBC } from "./builds.mjs";
import { MARKS, isMarked } from "./places.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Said by each source that speaks of words: what a program's entry makes them. */
const WORD = "type word = valueof<PTMALLOC_WORD>;\n";

/** What the user says by --use PTMALLOC_NAME=…, or 0. */
export const asked = (name) => `(isDefined(PTMALLOC_${name}) ? PTMALLOC_${name} : 0)`;

/** What asc's --use says in this project's builds, of one version of glibc. */
const constantsOf = (glibc) => ({
  HEAP_CHECK: asked("CHECK"),
  GLIBC_DEFAULTS: asked("DEFAULTS"),
  COLLECTED: "isDefined(PTMALLOC_COLLECTED)",
  FULL: "0",
  THREADS: "0",
  PROFILE: glibc === DEFAULT_GLIBC ? asked("THROUGHPUT") : "0",
  CRASH_POINTS: "0",
  GLIBC: String(glibc),
});

/**
 * Where the copies differ in more than that: text that must be there, what takes its place, and
 * the constant of assembly/abi/version.ts that must be true where that is not so of all versions.
 * @type {Record<string, [string, string, string?][]>}
 */
const EDITS = {
  "base/host": [
    [
      "export declare function fail(code: i32, address: usize): void;",
      'export { fail } from "../runtime/texts";',
    ],
  ],
  // The collectors find a block's size in the word before it, as the bytes that the block has; a
  // chunk's size is SIZE_SZ more. So under a collector the word is kept SIZE_SZ lower than glibc
  // has it. Nothing else changes: not a size, not an address.
  "malloc/chunk": [
    [
      "@unmanaged\nexport class Chunk {",
      "const HEAD_BIAS: word = COLLECTED ? SIZE_SZ : 0;\n\n@unmanaged\nexport class Chunk {",
    ],
    [
      "  mchunkSize: word; // mchunk_size: bytes, with the flag bits",
      "  headWord: word; // mchunk_size: bytes, with the flag bits, less HEAD_BIAS",
    ],
    [
      "  /** The chunk that a block belongs to (mem2chunk). */",
      `  get mchunkSize(): word {
    return this.headWord + HEAD_BIAS;
  }

  set mchunkSize(head: word) {
    this.headWord = head - HEAD_BIAS;
  }

  /** The chunk that a block belongs to (mem2chunk). */`,
    ],
  ],
  // One text for both layouts: the 11th fast bin of ilp32 is where lp64 leaves a gap before its 10.
  "malloc/state": [
    [
      "  @until(43) @count(11, 10) fastbinsY: word;",
      "  firstFastbin: u32; // fastbinsY[0] in ilp32, a gap in lp64\n  @count(10) fastbinsY: word;",
      "HAS_MAX_FAST",
    ],
  ],
  "malloc/fastbins": [
    [
      'offsetof<MallocState>("fastbinsY")',
      '(offsetof<MallocState>("topWord") - (SIZE_SZ == 4 ? 11 : 10) * SIZE_SZ)',
      "HAS_MAX_FAST",
    ],
  ],
  // Where malloc makes the tcache, by malloc, asc would warn that it cannot be inlined into itself.
  "malloc/allocate": [
    [
      "without a call on the way: for malloc itself. @inline */",
      "without a call on the way. */",
      "MAKES_TCACHE_LATE",
    ],
  ],
  // A program's memory starts small.
  "kernel/pages": [["IS_SMALL ? 1 : <u32>(MIB / WASM_PAGE_SIZE);", "4;"]],
};

/** Thrown for a source that this tool does not understand (any more). */
export class BuildError extends Error {}

/** Applies the edits of one file. */
function edited(name, text, glibc) {
  for (const [from, to, condition] of EDITS[name] ?? []) {
    if (condition && !factsOf(glibc).get(condition)) continue;
    const parts = text.split(from);
    if (parts.length !== 2)
      throw new BuildError(`assembly/${name}.ts: ${parts.length - 1} places for "${from}"`);
    text = parts.join(to);
  }
  return text;
}

/** The names that a file declares or imports itself. */
function ownNames(source) {
  const names = new Set();
  const visit = (node) => {
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && ts.isIdentifier(node.name))
      names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/**
 * What the decorators of a struct's field say, as tools/layout-transform.mjs reads them.
 * @returns {{ isThere: boolean, lengths?: number[] }} the lengths in the two layouts, or for both
 */
function fieldOf(node, glibc) {
  const said = {};
  for (const { expression } of ts.getDecorators(node) ?? [])
    said[expression.expression.getText()] = expression.arguments.map(({ text }) => Number(text));
  const [from = 0, length] = said.since ?? [];
  const [to = Infinity] = said.until ?? [];
  const isNew = length !== undefined && glibc >= from;
  return {
    isThere: (length !== undefined || glibc >= from) && glibc < to,
    lengths: isNew ? [length] : said.count,
  };
}

/** The fields that a `@count` field stands for, as source: one text for both layouts. */
function expandedField(node, [length, inLp64 = length]) {
  const name = node.name.getText();
  let type = node.type.getText();
  // Twice as many halves of a word: as many words.
  if (inLp64 === 2 * length && type === "u32") type = "word";
  else if (!(length > 0) || inLp64 !== length) throw new BuildError(node.getText());
  const names = Array.from({ length }, (_, index) => (index === 0 ? name : `${name}__${index}`));
  return names.map((field) => `${field}: ${type};`).join(" ");
}

/** What takes the place of a struct's field and its decorators. */
function replacedField(node, { isThere, lengths }) {
  // Of another glibc's fields nothing is left.
  if (!isThere) return "";
  if (lengths) return expandedField(node, lengths);
  return node.getText().slice(ts.getDecorators(node).at(-1).getEnd() - node.getStart());
}

/**
 * One source, made free of everything that needs a flag, and the names of the files that it
 * imports.
 * @param {string} name its path in assembly/ without ".ts"
 * @param {number} glibc which version it is to be, by the number behind the dot
 */
export function prepare(name, glibc) {
  const constants = constantsOf(glibc);
  const path = join(root, "assembly", `${name}.ts`);
  const text = edited(name, readFileSync(path, "utf8"), glibc);
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const own = ownNames(source);
  const changes = [];
  const imports = [];
  let usesWord = false;
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier)
      imports.push(posix.join(posix.dirname(name), node.moduleSpecifier.text));
    if (ts.isPropertyDeclaration(node) && ts.getDecorators(node)) {
      const field = fieldOf(node, glibc);
      changes.push({ from: node.getStart(), to: node.getEnd(), text: replacedField(node, field) });
      usesWord ||= field.isThere && /\bword\b/.test(changes.at(-1).text);
      return;
    }
    if (ts.isFunctionDeclaration(node) && isMarked(text, node.getStart(), MARKS.inline)) {
      const start = node.getStart();
      changes.push({ from: start, to: start, text: "// @ts-ignore: decorator\n@inline\n" });
    }
    if (ts.isIdentifier(node) && !own.has(node.text)) {
      usesWord ||= ts.isTypeReferenceNode(node.parent) && node.text === "word";
      const to = constants[node.text];
      if (to !== undefined && !ts.isPropertyAccessExpression(node.parent))
        changes.push({ from: node.getStart(), to: node.getEnd(), text: to });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  changes.sort((a, b) => b.from - a.from);
  let result = text;
  for (const change of changes)
    result = result.slice(0, change.from) + change.text + result.slice(change.to);
  return { text: usesWord ? `${WORD}${result}` : result, imports };
}
