// Reads of a WebAssembly binary what linking needs to know: imports, exports, memories, where its
// data lies, names of functions. What a newer proposal may have put into a section is skipped where
// that does no harm, as the engine validates everything anyway.

import { Reader } from "./bytes.js";
import { readConstant } from "./constants.js";
import { skipValueType, UnknownOpcode } from "./opcodes.js";

/** Section ids (core specification, "Binary Format", "Modules"). */
export const Section = {
  CUSTOM: 0,
  IMPORT: 2,
  MEMORY: 5,
  GLOBAL: 6,
  EXPORT: 7,
  START: 8,
  CODE: 10,
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

/** A global that the module defines. */
export interface GlobalEntry {
  /** What it begins with, when that is an i32 whose value is known. */
  readonly value: number | undefined;
  readonly isMutable: boolean;
}

/** A data segment: bytes for the memory. */
export interface DataSegment {
  /**
   * Where they go when the module is instantiated; undefined when the host or the guest's code
   * decides that.
   */
  readonly begin: number | undefined;
  readonly bytes: Uint8Array;
}

/** What the binary says. */
export interface Binary {
  readonly sections: readonly SectionEntry[];
  readonly imports: readonly ImportEntry[];
  readonly exports: readonly ExportEntry[];
  /** Memories that the module defines itself. */
  readonly memories: readonly MemoryLimits[];
  /** Globals that it defines; those behind one that cannot be read are missing. */
  readonly globals: readonly GlobalEntry[];
  /** Data segments; undefined when one cannot be read. */
  readonly data: readonly DataSegment[] | undefined;
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
  const imports = list(content(Section.IMPORT), readImport);
  const imported = imports.filter(({ kind }) => kind === "global").length;
  const globals: GlobalEntry[] = [];
  const valueOf = (index: number): number | undefined => globals[index - imported]?.value;
  readGlobals(content(Section.GLOBAL), globals, valueOf);
  return {
    sections,
    imports,
    exports: list(content(Section.EXPORT), readExport),
    memories: list(content(Section.MEMORY), readLimits),
    globals,
    data: readData(content(Section.DATA), valueOf),
    hasStart: content(Section.START) !== undefined,
  };
}

/**
 * The names of functions that the binary still carries, its own and imported ones: empty when it
 * was stripped.
 */
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

const HAS_MAXIMUM = 1;
const IS_SHARED = 2;
const IS_64 = 4;

function readLimits(reader: Reader): MemoryLimits {
  const flags = reader.byte();
  const initial = reader.unsigned();
  const maximum = flags & HAS_MAXIMUM ? reader.unsigned() : undefined;
  return { initial, maximum, shared: (flags & IS_SHARED) !== 0, is64: (flags & IS_64) !== 0 };
}

type ValueOf = Parameters<typeof readConstant>[1];

function readGlobals(reader: Reader | undefined, found: GlobalEntry[], valueOf: ValueOf): void {
  known(() =>
    list(reader, (globals) => {
      skipValueType(globals);
      const isMutable = globals.byte() === 1;
      found.push({ value: readConstant(globals, valueOf), isMutable });
    }),
  );
}

const PASSIVE = 1;
const WITH_MEMORY = 2;

function readData(reader: Reader | undefined, valueOf: ValueOf): DataSegment[] | undefined {
  return known(() =>
    list(reader, (segments) => {
      const flags = segments.unsigned();
      if (flags & WITH_MEMORY) segments.skipNumber();
      const begin = flags & PASSIVE ? undefined : readConstant(segments, valueOf);
      return { begin, bytes: segments.take(segments.unsigned()) };
    }),
  );
}

/**
 * @returns what was read, or undefined when an instruction is not known: nobody can say where it
 * ends
 */
function known<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnknownOpcode) return undefined;
    throw error;
  }
}
