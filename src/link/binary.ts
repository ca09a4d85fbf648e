// Reads of a WebAssembly binary what linking needs to know: imports, exports, memories, where its data lies, names of functions. What a
// newer proposal may have put into a section is skipped where that does no harm, as the engine validates everything anyway.

import { Reader } from "./bytes.js";

/** Section ids (core specification, "Binary Format", "Modules"). */
export const Section = {
  CUSTOM: 0,
  IMPORT: 2,
  MEMORY: 5,
  GLOBAL: 6,
  EXPORT: 7,
  START: 8,
  DATA: 11,
} as const;

/** What is imported or exported, by its number in the format. */
export const KINDS = ["function", "table", "memory", "global", "tag"] as const;
export type Kind = (typeof KINDS)[number];

/** Limits of a memory, in pages of 64 KiB. */
export interface MemoryLimits {
  /** At the start. */
  readonly initial: number;
  /** The most that it may grow to; undefined for no limit of its own. */
  readonly maximum: number | undefined;
  /** Whether threads share it. */
  readonly shared: boolean;
  /** Whether its addresses have 64 bits. */
  readonly is64: boolean;
}

export interface ImportEntry {
  readonly module: string;
  readonly name: string;
  readonly kind: Kind;
  /** What follows the kind, as it is in the binary. */
  readonly type: Uint8Array;
  /** For a memory. */
  readonly memory: MemoryLimits | undefined;
}

export interface ExportEntry {
  readonly name: string;
  readonly kind: Kind;
  readonly index: number;
}

/** A section: where its content is, without id and size. */
export interface SectionEntry {
  readonly id: number;
  /** Of a custom section. */
  readonly name: string | undefined;
  readonly content: Uint8Array;
}

/** What the binary says. */
export interface Binary {
  readonly sections: readonly SectionEntry[];
  readonly imports: readonly ImportEntry[];
  readonly exports: readonly ExportEntry[];
  /** Memories that the module defines itself. */
  readonly memories: readonly MemoryLimits[];
  /** Constant values of the i32 globals that it defines; undefined for others. */
  readonly globals: readonly (number | undefined)[];
  /** Where active data segments go, as far as their places are constants; undefined when there are none. */
  readonly data: { readonly begin: number; readonly end: number } | undefined;
  readonly hasStart: boolean;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/**
 * Reads a binary.
 * @throws TypeError when the bytes are no WebAssembly module, RangeError when they end too early
 */
export function readModule(bytes: Uint8Array): Binary {
  if (MAGIC.some((byte, at) => bytes[at] !== byte)) {
    const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
    throw new TypeError(
      `no WebAssembly module: it begins with ${found.join(" ") || "nothing"}, not with 00 61 73 6d`,
    );
  }
  if (bytes[4] !== 1 || bytes[6] !== 0)
    throw new TypeError("a WebAssembly component, or a version to come: a core module is needed");
  const sections = sectionsOf(bytes);
  const content = (id: number): Reader | undefined => {
    const section = sections.find((candidate) => candidate.id === id);
    return section && new Reader(section.content);
  };
  return {
    sections,
    imports: list(content(Section.IMPORT), readImport),
    exports: list(content(Section.EXPORT), readExport),
    memories: list(content(Section.MEMORY), readLimits),
    globals: readGlobals(content(Section.GLOBAL)),
    data: readData(content(Section.DATA)),
    hasStart: content(Section.START) !== undefined,
  };
}

/** The names of functions that the binary still carries, its own and imported ones: empty when it was stripped. */
export function functionNames({ sections }: Binary): string[] {
  const section = sections.find(({ id, name }) => id === Section.CUSTOM && name === "name");
  if (section === undefined) return [];
  const reader = new Reader(section.content);
  try {
    while (!reader.isAtEnd) {
      const id = reader.byte();
      const part = new Reader(reader.take(reader.unsigned()));
      if (id === FUNCTION_NAMES) return list(part, namedFunction);
    }
  } catch {
    // Engines do not mind a damaged custom section, either.
  }
  return [];
}

const FUNCTION_NAMES = 1;

function namedFunction(reader: Reader): string {
  reader.unsigned();
  return reader.name();
}

function list<T>(reader: Reader | undefined, read: (reader: Reader) => T): T[] {
  if (reader === undefined) return [];
  return Array.from({ length: reader.unsigned() }, () => read(reader));
}

function sectionsOf(bytes: Uint8Array): SectionEntry[] {
  const reader = new Reader(bytes, 8);
  const sections: SectionEntry[] = [];
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const whole = reader.take(reader.unsigned());
    const inside = new Reader(whole);
    const name = id === Section.CUSTOM ? inside.name() : undefined;
    sections.push({ id, name, content: whole.subarray(inside.at) });
  }
  return sections;
}

function readKind(reader: Reader): Kind {
  const code = reader.byte();
  const kind = KINDS[code];
  if (kind === undefined) throw new TypeError(`an import or export of the unknown kind ${code}`);
  return kind;
}

function readImport(reader: Reader): ImportEntry {
  const module = reader.name();
  const name = reader.name();
  const kind = readKind(reader);
  const from = reader.at;
  const memory = skipType(reader, kind);
  return { module, name, kind, type: reader.bytes.subarray(from, reader.at), memory };
}

function readExport(reader: Reader): ExportEntry {
  return { name: reader.name(), kind: readKind(reader), index: reader.unsigned() };
}

function skipType(reader: Reader, kind: Kind): MemoryLimits | undefined {
  switch (kind) {
    case "function":
      reader.unsigned();
      return undefined;
    case "table":
      skipValueType(reader);
      readLimits(reader);
      return undefined;
    case "memory":
      return readLimits(reader);
    case "global":
      skipValueType(reader);
      reader.byte();
      return undefined;
    case "tag":
      reader.byte();
      reader.unsigned();
      return undefined;
  }
}

/** (ref ht) and (ref null ht) have a heap type behind them. */
const REF = 0x64;
const REF_NULL = 0x63;

function skipValueType(reader: Reader): void {
  const type = reader.byte();
  if (type === REF || type === REF_NULL) reader.signed32();
}

const HAS_MAXIMUM = 1;
const IS_SHARED = 2;
const IS_64 = 4;

function readLimits(reader: Reader): MemoryLimits {
  const flags = reader.byte();
  const initial = reader.unsigned();
  const maximum = flags & HAS_MAXIMUM ? reader.unsigned() : undefined;
  return { initial, maximum, shared: (flags & IS_SHARED) !== 0, is64: (flags & IS_64) !== 0 };
}

const I32 = 0x7f;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const F32_CONST = 0x43;
const F64_CONST = 0x44;
const GLOBAL_GET = 0x23;
const REF_NULL_OF = 0xd0;
const REF_FUNC = 0xd2;
const END = 0x0b;

/** A constant expression that this reader does not know: it cannot tell where it ends. */
class UnknownExpression extends Error {}

/** Reads a constant expression. @returns its value when it is a plain i32.const */
function readConstant(reader: Reader): number | undefined {
  let value: number | undefined;
  for (let count = 0; ; count++) {
    const code = reader.byte();
    if (code === END) return count === 1 ? value : undefined;
    if (code === I32_CONST) value = reader.signed32() >>> 0;
    else if (code === F32_CONST) reader.skip(4);
    else if (code === F64_CONST) reader.skip(8);
    else if ([I64_CONST, GLOBAL_GET, REF_NULL_OF, REF_FUNC].includes(code)) reader.unsigned();
    // Arithmetic has no immediate values (extended constant expressions).
    else if (code < 0x6a || code > 0x7e) throw new UnknownExpression();
  }
}

function readGlobals(reader: Reader | undefined): (number | undefined)[] {
  const found: (number | undefined)[] = [];
  try {
    list(reader, (globals) => {
      const isI32 = globals.bytes[globals.at] === I32;
      skipValueType(globals);
      globals.byte();
      const value = readConstant(globals);
      found.push(isI32 ? value : undefined);
    });
  } catch (error) {
    if (!(error instanceof UnknownExpression)) throw error;
  }
  return found;
}

const PASSIVE = 1;
const WITH_MEMORY = 2;

function readData(reader: Reader | undefined): Binary["data"] {
  let begin = Infinity;
  let end = 0;
  try {
    list(reader, (segments) => {
      const flags = segments.unsigned();
      if (flags & WITH_MEMORY) segments.unsigned();
      const place = flags & PASSIVE ? undefined : readConstant(segments);
      const length = segments.unsigned();
      segments.skip(length);
      if (place === undefined) return;
      begin = Math.min(begin, place);
      end = Math.max(end, place + length);
    });
  } catch (error) {
    if (!(error instanceof UnknownExpression)) throw error;
  }
  return end === 0 ? undefined : { begin, end };
}
