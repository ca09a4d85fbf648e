// Where each instruction of WebAssembly ends: what stands behind its opcode. Sources: the core
// specification 3.0, "Binary Format", "Instructions", and the proposals named below. An opcode that
// is not here ends the walk: nobody can say what comes behind it.

import type { Reader } from "./bytes.js";

/**
 * Immediates of an instruction, one letter each: `n` a number (LEB128, signed or not), `b` a
 * block's type, `h` a heap type, `m` a place in memory, `1` `4` `8` `v` one, four, eight, 16 bytes,
 * `l` a list of numbers, `t` a list of value types, `c` the catches of try_table.
 */
type Immediates = string;

/** From opcode, to opcode, immediates. */
type Range = readonly [number, number, Immediates];

const ONE_BYTE: readonly Range[] = [
  [0x00, 0x01, ""], // unreachable, nop
  [0x02, 0x04, "b"], // block, loop, if
  [0x05, 0x05, ""], // else
  [0x06, 0x06, "b"], // try
  [0x07, 0x09, "n"], // catch, throw, rethrow
  [0x0a, 0x0b, ""], // throw_ref, end
  [0x0c, 0x0d, "n"], // br, br_if
  [0x0e, 0x0e, "ln"], // br_table
  [0x0f, 0x0f, ""], // return
  [0x10, 0x10, "n"], // call
  [0x11, 0x11, "nn"], // call_indirect
  [0x12, 0x12, "n"], // return_call
  [0x13, 0x13, "nn"], // return_call_indirect
  [0x14, 0x15, "n"], // call_ref, return_call_ref
  [0x18, 0x18, "n"], // delegate
  [0x19, 0x1b, ""], // catch_all, drop, select
  [0x1c, 0x1c, "t"], // select with types
  [0x1f, 0x1f, "bc"], // try_table
  [0x20, 0x26, "n"], // local.get to table.set
  [0x28, 0x3e, "m"], // loads and stores
  [0x3f, 0x42, "n"], // memory.size, memory.grow, i32.const, i64.const
  [0x43, 0x43, "4"], // f32.const
  [0x44, 0x44, "8"], // f64.const
  [0x45, 0xc4, ""], // comparisons, arithmetic, conversions, sign extension
  [0xd0, 0xd0, "h"], // ref.null
  [0xd1, 0xd1, ""], // ref.is_null
  [0xd2, 0xd2, "n"], // ref.func
  [0xd3, 0xd4, ""], // ref.eq, ref.as_non_null
  [0xd5, 0xd6, "n"], // br_on_null, br_on_non_null
];

/** Garbage collection: structs, arrays, casts. */
const GC: readonly Range[] = [
  [0, 1, "n"], // struct.new, struct.new_default
  [2, 5, "nn"], // struct.get to struct.set
  [6, 7, "n"], // array.new, array.new_default
  [8, 10, "nn"], // array.new_fixed, array.new_data, array.new_elem
  [11, 14, "n"], // array.get to array.set
  [15, 15, ""], // array.len
  [16, 16, "n"], // array.fill
  [17, 19, "nn"], // array.copy, array.init_data, array.init_elem
  [20, 23, "h"], // ref.test, ref.cast
  [24, 25, "1nhh"], // br_on_cast, br_on_cast_fail
  [26, 30, ""], // conversions, ref.i31, i31.get
];

/** Saturating conversions, bulk memory, tables, wide arithmetic. */
const MISCELLANEOUS: readonly Range[] = [
  [0, 7, ""],
  [8, 8, "nn"], // memory.init
  [9, 9, "n"], // data.drop
  [10, 10, "nn"], // memory.copy
  [11, 11, "n"], // memory.fill
  [12, 12, "nn"], // table.init
  [13, 13, "n"], // elem.drop
  [14, 14, "nn"], // table.copy
  [15, 17, "n"], // table.grow, table.size, table.fill
  [19, 22, ""], // i64.add128 to i64.mul_wide_u
];

/** Vectors, relaxed ones too. */
const SIMD: readonly Range[] = [
  [0x00, 0x0b, "m"], // loads, store
  [0x0c, 0x0d, "v"], // const, shuffle
  [0x0e, 0x14, ""], // swizzle, splats
  [0x15, 0x22, "1"], // lanes
  [0x23, 0x53, ""],
  [0x54, 0x5b, "m1"], // loads and stores of a lane
  [0x5c, 0x5d, "m"], // loads that fill with zeroes
  [0x5e, 0x113, ""],
];

/** Threads. */
const ATOMIC: readonly Range[] = [
  [0x00, 0x02, "m"], // notify, wait
  [0x03, 0x03, "1"], // fence
  [0x10, 0x4e, "m"],
];

/** Opcodes that others of two numbers begin with. */
const PREFIXES: ReadonlyMap<number, readonly (Immediates | undefined)[]> = new Map([
  [0xfb, table(GC)],
  [0xfc, table(MISCELLANEOUS)],
  [0xfd, table(SIMD)],
  [0xfe, table(ATOMIC)],
]);

const PLAIN = table(ONE_BYTE);

function table(ranges: readonly Range[]): (Immediates | undefined)[] {
  const all: (Immediates | undefined)[] = [];
  for (const [from, to, immediates] of ranges)
    for (let opcode = from; opcode <= to; opcode++) all[opcode] = immediates;
  return all;
}

/** An opcode that this file does not know. The message names it. */
export class UnknownOpcode extends Error {
  override readonly name = "UnknownOpcode";
}

/**
 * Skips what stands behind an opcode of one byte.
 * @param reader behind the opcode
 * @throws UnknownOpcode when it cannot be told where the instruction ends
 */
export function skipImmediates(reader: Reader, opcode: number): void {
  const prefixed = PREFIXES.get(opcode);
  const second = prefixed === undefined ? undefined : reader.unsigned();
  const immediates = prefixed === undefined ? PLAIN[opcode] : prefixed[second!];
  if (immediates === undefined) {
    const numbers = [opcode, second].flatMap((code) => code?.toString(16).padStart(2, "0") ?? []);
    throw new UnknownOpcode(numbers.join(" "));
  }
  for (const kind of immediates) skipImmediate(reader, kind);
}

/** In a place's alignment: the number of the memory follows (several memories). */
const HAS_MEMORY = 0x40;

function skipImmediate(reader: Reader, kind: string): void {
  switch (kind) {
    case "n":
    case "h":
      return reader.skipNumber();
    case "b":
      return skipValueType(reader);
    case "m":
      if (reader.unsigned() & HAS_MEMORY) reader.skipNumber();
      return reader.skipNumber();
    case "l":
      for (let left = reader.unsigned(); left > 0; left--) reader.skipNumber();
      return;
    case "t":
      for (let left = reader.unsigned(); left > 0; left--) skipValueType(reader);
      return;
    case "c":
      for (let left = reader.unsigned(); left > 0; left--) skipCatch(reader);
      return;
    default:
      return reader.skip(kind === "v" ? 16 : Number(kind));
  }
}

/** (ref ht) and (ref null ht) have a heap type behind them. */
const REF = 0x64;
const REF_NULL = 0x63;

/** Skips a value's type, or a block's: a type's number, a value's type, or nothing (0x40). */
export function skipValueType(reader: Reader): void {
  const first = reader.bytes[reader.at];
  reader.skipNumber();
  if (first === REF || first === REF_NULL) reader.skipNumber();
}

/** Of the four kinds of catches the first two have a tag. */
const CATCH_ALL = 2;

function skipCatch(reader: Reader): void {
  if (reader.byte() < CATCH_ALL) reader.skipNumber();
  reader.skipNumber();
}
