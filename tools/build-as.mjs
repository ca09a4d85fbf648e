// Makes as/ and assembly.ts: the allocator as AssemblyScript sources that any asc compiles without
// a flag. It takes the sources in assembly/ as they are and does beforehand what this project's own
// builds leave to asc's options and transforms:
//
//   word               u32 or u64: what as/words-ilp32 or as/words-lp64 says, which as/ilp32 and
//                      as/lp64 import
//   @count(n) fields   n fields
//   HEAP_CHECK         0, or what the user says by --use PTMALLOC_CHECK=1 (or 2)
//   GLIBC_DEFAULTS     0, or what the user says by --use PTMALLOC_DEFAULTS=1
//   PROFILE            0, or what the user says by --use PTMALLOC_THROUGHPUT=1
//   @inline            the decorator. V8 inlines no calls within WebAssembly, and what asc's own
//                      -O3 inlines is less than what this project's builds do
//                      (tools/optimize-transform.mjs), so the ways of malloc and free are marked
//   THREADS …          0
//   host.fail          an abort of the program, with glibc's message
//
// and adds the runtimes' entries, which no other tool here can read (decorators on functions).
//
//   node tools/build-as.mjs

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

import { shaken } from "./as-shake.mjs";
import { AS_ENTRIES } from "./entries.mjs";
import { loadSource } from "./load-source.mjs";
import { MARKS, isMarked } from "./places.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const templates = join(root, "tools", "as-runtime");
const WORDS = { ilp32: "usize", lp64: "u64" };

/** Said by each source that speaks of words: what a program's entry makes them. */
const WORD = "type word = valueof<PTMALLOC_WORD>;\n";

/**
 * What says it: asc has no types that are global, but it has classes, and the type of their
 * elements.
 */
const wordSource = (type) => `// @ts-ignore: decorator
@global @unmanaged class PTMALLOC_WORD {
  // @ts-ignore: decorator
  @operator("[]") at(index: i32): ${type} { return 0; }
}
`;

/** Constants that are false here, whatever the user says. */
const FALSEHOODS = new Set([
  ...["IS_THREADED", "IS_FULL", "IS_SMALL", "COUNTS_HELD"],
  // It is glibc 2.36: asc's own --use cannot choose which fields a struct has.
  ...["FREES_SMALL_TO_BIN", "CALLOC_USES_TCACHE", "REALLOC_KEEPS_FIT", "MEMALIGN_USES_TCACHE"],
  ...["MERGES_CUT_PARTS", "MERGES_SMALL_ENDS", "CHECKS_ALIGNED_ALLOC", "MAPPED_HAS_TRAILER"],
  ...["HUGE_SETS_THRESHOLD", "COUNTS_SLOTS", "MAKES_TCACHE_LATE", "UNSORTED_MAKES_TCACHE"],
]);

/** What asc's --use says in this project's builds. */
const CONSTANTS = {
  HEAP_CHECK: "(isDefined(PTMALLOC_CHECK) ? PTMALLOC_CHECK : 0)",
  GLIBC_DEFAULTS: "(isDefined(PTMALLOC_DEFAULTS) ? PTMALLOC_DEFAULTS : 0)",
  COLLECTED: "isDefined(PTMALLOC_COLLECTED)",
  FULL: "0",
  THREADS: "0",
  PROFILE: "(isDefined(PTMALLOC_THROUGHPUT) ? PTMALLOC_THROUGHPUT : 0)",
  CRASH_POINTS: "0",
  GLIBC: "36",
};

/**
 * Where the copies differ in more than that: text that must be there, and what takes its place.
 * @type {Record<string, [string, string][]>}
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
    ],
  ],
  "malloc/fastbins": [
    [
      'offsetof<MallocState>("fastbinsY")',
      '(offsetof<MallocState>("topWord") - (SIZE_SZ == 4 ? 11 : 10) * SIZE_SZ)',
    ],
  ],
  // A program's memory starts small.
  "kernel/pages": [["IS_SMALL ? 1 : <u32>(MIB / WASM_PAGE_SIZE);", "4;"]],
};

/** Thrown for a source that this tool does not understand (any more). */
class BuildError extends Error {}

/** Applies the edits of one file. */
function edited(name, text) {
  for (const [from, to] of EDITS[name] ?? []) {
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

/** The fields that a `@count` field stands for, as source: one text for both layouts. */
function expandedField(node, counted) {
  const [length, inLp64 = length] = counted.expression.arguments.map(({ text }) => Number(text));
  const name = node.name.getText();
  let type = node.type.getText();
  // Twice as many halves of a word: as many words.
  if (inLp64 === 2 * length && type === "u32") type = "word";
  else if (!(length > 0) || inLp64 !== length) throw new BuildError(counted.getText());
  const names = Array.from({ length }, (_, index) => (index === 0 ? name : `${name}__${index}`));
  return names.map((field) => `${field}: ${type};`).join(" ");
}

/**
 * One source, made free of everything that needs a flag, and the names of the files that it
 * imports.
 */
function prepare(name) {
  const path = join(root, "assembly", `${name}.ts`);
  const text = edited(name, readFileSync(path, "utf8"));
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const own = ownNames(source);
  const changes = [];
  const imports = [];
  let usesWord = false;
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier)
      imports.push(posix.join(posix.dirname(name), node.moduleSpecifier.text));
    if (ts.isPropertyDeclaration(node)) {
      const decorators = ts.getDecorators(node) ?? [];
      const [first] = decorators;
      // Of another glibc's fields nothing is left.
      if (decorators.some((d) => /^@since\(\d+\)/.test(d.getText()))) {
        changes.push({ from: first.getStart(), to: node.getEnd(), text: "" });
        return;
      }
      const counted = decorators.find((d) => /^@count\(/.test(d.getText()));
      if (!counted && first)
        changes.push({ from: first.getStart(), to: decorators.at(-1).getEnd(), text: "" });
      if (counted) {
        changes.push({
          from: first.getStart(),
          to: node.getEnd(),
          text: expandedField(node, counted),
        });
        usesWord ||= node.type.getText() === "word" || counted.expression.arguments.length > 1;
        return;
      }
    }
    if (ts.isFunctionDeclaration(node) && isMarked(text, node.getStart(), MARKS.inline)) {
      const start = node.getStart();
      changes.push({ from: start, to: start, text: "// @ts-ignore: decorator\n@inline\n" });
    }
    if (ts.isIdentifier(node) && !own.has(node.text)) {
      usesWord ||= ts.isTypeReferenceNode(node.parent) && node.text === "word";
      const to = CONSTANTS[node.text];
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

/** The source of runtime/texts: every message of glibc's. */
async function textsSource() {
  const { abortMessages } = await loadSource("process/failures.ts");
  const { Failure, Invariant } = await loadSource("layout/generated.ts");
  const AT = 997;
  const NO_MEMORY = 998;
  const LAST = 999;
  const lines = Object.entries(abortMessages).map(([name, text]) => [Failure[name], text]);
  for (const [name, code] of Object.entries(Invariant))
    if (code !== Invariant.HOLDS) lines.push([code, `heap invariant ${name} does not hold`]);
  if (lines.some(([code]) => code >= AT)) throw new BuildError(`a failure's code is above ${AT}`);
  lines.push([AT, ", at 0x"], [NO_MEMORY, "out of memory: no room for a block of bytes: "]);
  lines.push([LAST, "the heap is broken"]);
  const longest = Math.max(...lines.map(([, text]) => text.length));
  const bytes = [
    ...Buffer.from(lines.map(([code, text]) => `${code} ${text}\n`).join(""), "ascii"),
  ];
  return readFileSync(join(templates, "texts.ts.in"), "utf8")
    .replace("__TEXTS__", bytes.join(","))
    .replace("__MESSAGE_BYTES__", String(20 + 2 * (longest + 24)))
    .replace("__AT__", String(AT))
    .replace("__NO_MEMORY__", String(NO_MEMORY))
    .replace("__LAST__", String(LAST));
}

const HEADER =
  "// Generated by tools/build-as.mjs from assembly/ and tools/as-runtime/. Do not edit.\n";

/**
 * The same source without its comments, but those that tools read: what is shipped is compiled, not
 * read, and they are half of it.
 */
function uncommented(text) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false);
  scanner.setText(text);
  let result = "";
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const isComment =
      kind === ts.SyntaxKind.SingleLineCommentTrivia ||
      kind === ts.SyntaxKind.MultiLineCommentTrivia;
    if (!isComment || scanner.getTokenText().includes("@ts-ignore"))
      result += scanner.getTokenText();
  }
  return result.replaceAll(/[ \t]+$/gm, "").replaceAll(/\n{2,}/g, "\n");
}

function write(path, text) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${HEADER}${text}`);
}

/** All sources that the entries need, by their paths without ".ts". */
async function sources() {
  const texts = new Map([["runtime/texts", await textsSource()]]);
  const wanted = [...AS_ENTRIES];
  for (const name of wanted) {
    if (texts.has(name)) continue;
    const { text, imports } = prepare(name);
    texts.set(name, text);
    wanted.push(...imports);
  }
  return texts;
}

async function main() {
  rmSync(join(root, "as"), { recursive: true, force: true });
  for (const [name, text] of shaken(await sources(), AS_ENTRIES, FALSEHOODS))
    write(`as/source/${name}.ts`, uncommented(text));
  for (const [abi, type] of Object.entries(WORDS)) {
    write(`as/words-${abi}.ts`, wordSource(type));
    write(`as/${abi}.ts`, `import "./words-${abi}";\nexport * from "./source/runtime/library";\n`);
  }
  for (const name of ["incremental", "minimal", "collected", "zeroed"])
    write(`as/${name}.ts`, readFileSync(join(templates, `${name}.ts.in`), "utf8"));
  write("assembly.ts", 'export * from "./as/ilp32";\n');
}

main().catch((error) => {
  console.error(error instanceof BuildError ? `build-as: ${error.message}` : error);
  process.exitCode = 1;
});
