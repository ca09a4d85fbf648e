// Looks through a guest's code for what an allocator of its own cannot do without: memory.grow,
// memory.size, and the address where its own part of the memory ends. Names, exports and imports
// may be gone from a release build; these stay.

import { isError } from "../base/realm.js";
import { Reader } from "./bytes.js";
import { skipImmediates, skipValueType, UnknownOpcode } from "./opcodes.js";

/** What was found in a function or in all of the code. */
export interface CodeFacts {
  /** Whether there is a memory.grow. */
  grows: boolean;
  /** Whether there is a memory.size. */
  measures: boolean;
  /** Whether there is a constant, or a global read, that `isPlace` or `placeGlobal` names. */
  mentions: boolean;
}

/** What to look for besides instructions. */
export interface Wanted {
  /** Whether an i32 constant, unsigned, is an address that counts. */
  readonly isPlace: (value: number) => boolean;
  /** The number of a global whose value is such an address; undefined for none. */
  readonly placeGlobal: number | undefined;
}

/** Code that cannot be looked through to its end. */
export interface UnknownCode {
  /** What stopped the walk: an opcode, or what is wrong. */
  readonly reason: string;
  /** The function, counted without imported ones. */
  readonly index: number;
}

const Opcode = {
  BLOCK: 0x02,
  IF: 0x04,
  TRY: 0x06,
  END: 0x0b,
  DELEGATE: 0x18,
  TRY_TABLE: 0x1f,
  GLOBAL_GET: 0x23,
  MEMORY_SIZE: 0x3f,
  MEMORY_GROW: 0x40,
  I32_CONST: 0x41,
} as const;

/**
 * Looks through a code section.
 * @param content the section's; undefined when there is none
 * @returns what each function has in it, and the first function that could not be read to its end
 * @throws RangeError when the section ends too early
 */
export function readCode(
  content: Uint8Array | undefined,
  wanted: Wanted,
): { functions: CodeFacts[]; unknown: UnknownCode | undefined } {
  const functions: CodeFacts[] = [];
  let unknown: UnknownCode | undefined;
  if (content === undefined) return { functions, unknown };
  const section = new Reader(content);
  const count = section.unsigned();
  for (let index = 0; index < count; index++) {
    const facts: CodeFacts = { grows: false, measures: false, mentions: false };
    const size = section.unsigned();
    const body = new Reader(content, section.at, section.at + size);
    section.skip(size);
    const reason = walk(body, facts, wanted);
    if (reason !== undefined) unknown ??= { reason, index };
    functions.push(facts);
  }
  return { functions, unknown };
}

/** @returns why the walk stopped early; undefined when it came to the function's end */
function walk(body: Reader, facts: CodeFacts, wanted: Wanted): string | undefined {
  try {
    // Locals: a count and a type each.
    for (let left = body.unsigned(); left > 0; left--) {
      body.skipNumber();
      skipValueType(body);
    }
    for (let depth = 1; depth > 0;) depth += step(body, facts, wanted);
    return body.isAtEnd ? undefined : "more bytes than instructions";
  } catch (error) {
    if (error instanceof UnknownOpcode) return `the unknown opcode ${error.message}`;
    if (isError(error, "RangeError")) return "an instruction that is cut off";
    throw error;
  }
}

/** Reads one instruction. @returns by how much it changes the depth of blocks */
function step(body: Reader, facts: CodeFacts, wanted: Wanted): number {
  const opcode = body.byte();
  switch (opcode) {
    case Opcode.I32_CONST:
      if (wanted.isPlace(body.signed32() >>> 0)) facts.mentions = true;
      return 0;
    case Opcode.GLOBAL_GET:
      if (body.unsigned() === wanted.placeGlobal) facts.mentions = true;
      return 0;
    case Opcode.MEMORY_SIZE:
      facts.measures = true;
      break;
    case Opcode.MEMORY_GROW:
      facts.grows = true;
      break;
  }
  skipImmediates(body, opcode);
  if (opcode === Opcode.END || opcode === Opcode.DELEGATE) return -1;
  const opens = opcode >= Opcode.BLOCK && opcode <= Opcode.IF;
  return opens || opcode === Opcode.TRY || opcode === Opcode.TRY_TABLE ? 1 : 0;
}
