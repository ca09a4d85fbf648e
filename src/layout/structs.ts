// How the structs of a binary are laid out, as the binary itself tells it: its custom section
// "layout" has a line for each struct that it uses. So no table need be carried along.

import type { Abi } from "./address.js";
import type { layouts } from "./generated.js";
import type { FieldKind, FieldLayout, StructLayout } from "./struct.js";

/** The structs of a layout, by name. Which of them a binary has depends on the build. */
export type Structs<A extends Abi = Abi> = (typeof layouts)[A];

const known = new WeakMap<WebAssembly.Module, Structs>();

/**
 * A struct as the binaries tell it: `NAME SIZE KIND FIELD … KIND FIELD …`, arrays as `FIELD*COUNT`;
 * offsets follow from that.
 */
export function describeStruct(name: string, { size, fields }: StructLayout): string {
  const words: (string | number)[] = [name, size];
  let last = "";
  for (const [field, { kind, count }] of Object.entries(fields)) {
    if (kind !== last) words.push(kind);
    words.push(count ? `${field}*${count}` : field);
    last = kind;
  }
  return words.join(" ");
}

/** Fields that version 0.1.0 called words: their old names go on for one version. */
const RENAMED = ["fd", "bk", "fdNextsize", "bkNextsize", "top", "lastRemainder"];

/** Reads what `describeStruct` writes: each field lies at the next multiple of its size. */
export function parseStruct(line: string): [string, StructLayout] {
  const [name = "", size, ...words] = line.split(" ");
  const fields: Record<string, FieldLayout> = {};
  let kind: FieldKind = "u8";
  let end = 0;
  for (const word of words) {
    if (/^[ui]\d+$/.test(word)) {
      kind = word as FieldKind;
      continue;
    }
    const [field = "", count] = word.split("*");
    const bytes = Number(kind.slice(1)) / 8;
    const offset = Math.ceil(end / bytes) * bytes;
    fields[field] = { offset, size: bytes, kind, ...(count && { count: Number(count) }) };
    end = offset + bytes * Number(count ?? 1);
  }
  for (const field of RENAMED)
    if (fields[field]) Object.defineProperty(fields, `${field}Word`, { value: fields[field] });
  return [name, { size: Number(size), fields }];
}

/** @returns what a binary's custom section says, plain ASCII; undefined where there is none */
export function sectionText(module: WebAssembly.Module, name: string): string | undefined {
  const [section] = WebAssembly.Module.customSections(module, name);
  // Not all hosts have a TextDecoder.
  const characters =
    section && Array.from(new Uint8Array(section), (byte) => String.fromCharCode(byte));
  return characters?.join("");
}

/** @returns the struct layouts of a binary that `checkBinary` has found good */
export function structsOf<A extends Abi>(module: WebAssembly.Module, _abi: A): Structs<A> {
  let structs = known.get(module);
  if (structs === undefined) {
    const lines = sectionText(module, "layout")!.split("\n");
    structs = Object.fromEntries(lines.map(parseStruct)) as unknown as Structs;
    known.set(module, structs);
  }
  return structs as Structs<A>;
}
