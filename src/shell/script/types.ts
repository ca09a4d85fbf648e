// C's types in a script: what a cast, a declaration or sizeof names, and what a number becomes in
// one.

import { nameOf, ScriptProblem, type Lexer } from "./lexer.js";

/** Bits of a word of the memory layout. */
export type WordBits = 32 | 64;

/** A size that may depend on the layout. */
type Bits = 8 | 16 | 32 | 64 | "word";

/** An integer's type, or a pointer's. */
export interface CType {
  readonly bits: Bits;
  readonly isUnsigned: boolean;
  /** Of a pointer: the bits of what it points at, by which arithmetic counts; void counts as 8. */
  readonly pointee?: Bits;
}

/** size_t. */
export const SIZE_T: CType = { bits: "word", isUnsigned: true };

/** Types of one word; `void` has no number of its own. */
const TYPEDEFS: Readonly<Record<string, CType>> = {
  size_t: SIZE_T,
  ssize_t: signed("word"),
  ptrdiff_t: signed("word"),
  intptr_t: signed("word"),
  uintptr_t: SIZE_T,
  off_t: signed("word"),
  off64_t: signed(64),
  bool: { bits: 8, isUnsigned: true },
  _Bool: { bits: 8, isUnsigned: true },
  ...Object.fromEntries(
    ([8, 16, 32, 64] as const).flatMap((bits): [string, CType][] => [
      [`int${bits}_t`, signed(bits)],
      [`uint${bits}_t`, { bits, isUnsigned: true }],
    ]),
  ),
};

const QUALIFIERS: ReadonlySet<string> = new Set(
  "const volatile static register restrict extern auto".split(" "),
);
const WORDS: ReadonlySet<string> = new Set(
  "void char short int long signed unsigned float double struct union enum".split(" "),
);

function signed(bits: Bits): CType {
  return { bits, isUnsigned: false };
}

/** @returns whether a type can begin with this word */
export function beginsType(word: string): boolean {
  return QUALIFIERS.has(word) || WORDS.has(word) || Object.hasOwn(TYPEDEFS, word);
}

/**
 * Reads the words of a type, up to its stars.
 * @throws ScriptProblem for one that scripts do not have
 */
export function readBaseType(lexer: Lexer): CType | "void" {
  const { at } = lexer.peek();
  const words: string[] = [];
  while (lexer.peek().kind === "name" && beginsType(lexer.peek().text)) {
    const word = lexer.take().text;
    if (!QUALIFIERS.has(word)) words.push(word);
  }
  const type = typeOf(words);
  if (type !== undefined) return type;
  const shown = words.length === 0 ? nameOf(lexer.peek()) : words.join(" ");
  throw new ScriptProblem(at, `${shown}: a script has integers and pointers only`);
}

function typeOf(words: readonly string[]): CType | "void" | undefined {
  const [only, ...others] = words;
  if (only !== undefined && others.length === 0) {
    if (only === "void") return only;
    if (Object.hasOwn(TYPEDEFS, only)) return TYPEDEFS[only];
  }
  const count = (word: string) => words.filter((each) => each === word).length;
  const known = ["char", "short", "int", "long", "signed", "unsigned"];
  if (words.length === 0 || !words.every((word) => known.includes(word))) return undefined;
  const isUnsigned = count("unsigned") > 0;
  if (count("char") > 0) return { bits: 8, isUnsigned };
  if (count("short") > 0) return { bits: 16, isUnsigned };
  if (count("long") > 1) return { bits: 64, isUnsigned };
  return { bits: count("long") > 0 ? "word" : 32, isUnsigned };
}

/** Reads the stars behind a type. @throws ScriptProblem for void without one */
export function readPointer(lexer: Lexer, base: CType | "void"): CType {
  let type: CType | "void" = base;
  for (;;) {
    const { kind, text, at } = lexer.peek();
    if (kind === "name" && QUALIFIERS.has(text)) lexer.take();
    else if (lexer.skip("*")) type = { ...SIZE_T, pointee: type === "void" ? 8 : type.bits };
    else if (type === "void") throw new ScriptProblem(at, "void is no type of a number: void * is");
    else return type;
  }
}

/** @returns bytes of a number of this type */
export function sizeOf({ bits }: { bits: Bits }, wordBits: WordBits): bigint {
  return BigInt(bits === "word" ? wordBits : bits) / 8n;
}

/** @returns what a number becomes in a variable of this type, as C converts it */
export function converted(value: bigint, { bits, isUnsigned }: CType, wordBits: WordBits): bigint {
  const width = bits === "word" ? wordBits : bits;
  return isUnsigned ? BigInt.asUintN(width, value) : BigInt.asIntN(width, value);
}
