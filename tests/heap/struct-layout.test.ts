// Offsets, sizes and alignments of structs, against the compilers whose ABIs they follow: random
// declarations, as static assertions.

import { describe, expect, it } from "vitest";
import { enumeration } from "../../src/heap/structs/c-enum.js";
import { structLayout } from "../../src/heap/structs/c-struct.js";
import type {
  Definition,
  FieldType,
  StructAbi,
  StructOptions,
} from "../../src/heap/structs/c-types.js";
import { compilerErrors, compilerMissing } from "../support/c-compilers.js";
import { Prng } from "../support/prng.js";

const C_TYPES = {
  u8: "unsigned char",
  i8: "signed char",
  u16: "unsigned short",
  i16: "short",
  u32: "unsigned",
  i32: "int",
  u64: "unsigned long long",
  i64: "long long",
  f32: "float",
  f64: "double",
  bool: "_Bool",
  pointer: "void *",
  usize: "__SIZE_TYPE__",
} as const;

const NAMES = Object.keys(C_TYPES) as (keyof typeof C_TYPES)[];

function randomType(prng: Prng, depth: number): FieldType {
  const kind = prng.int(0, 9);
  if (kind < 5) return prng.pick(NAMES);
  if (kind === 5) return `char[${prng.int(1, 40)}]`;
  if (kind === 6) return `${prng.pick(NAMES)}[${prng.int(1, 9)}]`;
  if (kind === 7) return enumeration({ A: 0, B: 7 }, "i32");
  if (depth >= 3) return prng.pick(NAMES);
  if (kind === 8) return [randomType(prng, depth + 1), prng.int(1, 5)];
  return randomDefinition(prng, depth + 1);
}

function randomDefinition(prng: Prng, depth: number): Definition {
  const fields = Array.from({ length: prng.int(1, 7) }, (_, i) => [
    `f${i}`,
    randomType(prng, depth),
  ]);
  return Object.fromEntries(fields) as Definition;
}

/** C's declaration of a member. */
function declare(name: string, type: FieldType): string {
  if (typeof type === "string") {
    const [, base = "", count] = /^(\w+)(\[\d+\])?$/.exec(type)!;
    const c = base === "char" ? "char" : C_TYPES[base as keyof typeof C_TYPES];
    return `${c} ${name}${count ?? ""};`;
  }
  if (Array.isArray(type)) {
    const [element, count] = type as readonly [FieldType, number];
    return declare(`${name}[${count}]`, element);
  }
  if ("constants" in type) return `enum { ${name.replace(/\W.*/, "")}_${serial++}_A = 0 } ${name};`;
  return `struct { ${members(type as Definition)} } ${name};`;
}

let serial = 0;

function members(definition: Definition): string {
  return Object.entries(definition)
    .map(([name, type]) => declare(name, type))
    .join(" ");
}

/** A declaration, and what is claimed about it. */
function claims(tag: string, definition: Definition, options: StructOptions): string {
  const { size, alignment, offsets } = structLayout(definition, options);
  const kind = options.union === true ? "union" : "struct";
  const type = `${kind} ${tag}`;
  const body = `${type} { ${members(definition)} };`;
  const packed =
    options.pack === undefined
      ? body
      : `#pragma pack(push, ${options.pack})\n${body}\n#pragma pack(pop)`;
  const lines = [
    packed,
    `_Static_assert(sizeof(${type}) == ${size}, "${tag} sizeof");`,
    `_Static_assert(_Alignof(${type}) == ${alignment}, "${tag} alignof");`,
  ];
  for (const [name, offset] of Object.entries(offsets))
    lines.push(
      `_Static_assert(__builtin_offsetof(${type}, ${name}) == ${offset}, "${tag}.${name}");`,
    );
  return lines.join("\n");
}

for (const abi of ["wasm32", "i386", "x86-64"] as const) {
  const reason = compilerMissing(abi);
  if (reason !== undefined && process.env.PTMALLOC_REQUIRE_NATIVE === "1")
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  if (reason !== undefined) process.stderr.write(`skipped: struct layouts of ${abi}: ${reason}\n`);
  describe.skipIf(reason !== undefined)(`struct layouts are the compiler's, ${abi}`, () => {
    it.each([1, 2, 3])("random declarations, seed %i", (seed) => {
      const prng = new Prng(seed);
      const parts = Array.from({ length: 150 }, (_, i) => {
        const options: StructOptions = { abi };
        if (prng.chance(0.2)) options.pack = prng.pick([1, 2, 4, 8] as const);
        if (prng.chance(0.15)) options.union = true;
        return claims(`s${seed}_${i}`, randomDefinition(prng, 0), options);
      });
      expect(compilerErrors(abi, parts.join("\n"))).toBe("");
    });

    it("a wrong claim is found", () => {
      const wrong = claims("s", { a: "u8", b: "u32" }, { abi }).replace("b) == 4", "b) == 3");
      expect(compilerErrors(abi, wrong)).toMatch(/s\.b/);
    });
  });
}

describe("layouts that are known", () => {
  const mixed = { a: "u8", b: "f64", c: "pointer", d: "u16", e: "usize" } as const;
  it.each<[StructAbi, number, number, number[]]>([
    ["wasm32", 32, 8, [0, 8, 16, 20, 24]],
    ["i386", 24, 4, [0, 4, 12, 16, 20]],
    ["x86-64", 40, 8, [0, 8, 16, 24, 32]],
  ])("%s", (abi, size, alignment, offsets) => {
    const layout = structLayout(mixed, { abi });
    expect([layout.size, layout.alignment, Object.values(layout.offsets)]).toEqual([
      size,
      alignment,
      offsets,
    ]);
  });

  it("an array of length 0 takes no room but aligns", () => {
    expect(structLayout({ n: "u8", rest: "u32[0]" })).toEqual({
      size: 4,
      alignment: 4,
      offsets: { n: 0, rest: 4 },
    });
  });
});

describe("wrong definitions", () => {
  const layout = (definition: unknown, options?: unknown) => () =>
    structLayout(definition as Definition, options as StructOptions);
  it.each<[string, () => unknown, RegExp]>([
    ["nothing", layout({}), /structLayout: a struct must have a field/],
    ["no object", layout("u8"), /the definition must be an object of fields, got "u8"/],
    ["unknown", layout({ a: "u24" }), /field "a": type must be one of u8, .*got "u24"/],
    ["inherited", layout({ a: "toString" }), /got "toString"/],
    ["char alone", layout({ a: "char" }), /char\[N\].*got "char"/],
    ["two dimensions", layout({ a: "u8[2][2]" }), /\[type, 4\]\).*got "u8\[2\]\[2\]"/],
    ["number", layout({ a: 5 }), /field "a": type must be .*got 5/],
    ["length", layout({ a: ["u8", -1] }), /field "a": length must be from 0/],
    ["pair", layout({ a: ["u8"] }), /field "a": type must be one of .*, got \[object Array\]/],
    ["nested", layout({ a: { b: "x" } }), /field "a": field "b": type must be/],
    ["element", layout({ a: [{ b: "x" }, 2] }), /field "a"\[\]: field "b": type must be/],
    ["name", layout({ "1": "u8" }), /a field's name must be a C identifier, got "1"/],
    ["dollar", layout({ $address: "u8" }), /C identifier, got "\$address"/],
    ["abi", layout({ a: "u8" }, { abi: "arm" }), /option "abi" must be one of "wasm32"/],
    ["pack", layout({ a: "u8" }, { pack: 3 }), /option "pack" must be 1, 2, 4 or 8, got 3/],
    ["size", layout({ a: ["u8[1000000]", 5000] }), /must be at most 4294967295 bytes/],
    ["enum", () => enumeration({ A: 300 }, "u8"), /constant A must be from 0 to 255/],
    ["storage", () => enumeration({ A: 1 }, "u64" as "u8"), /storage must be an integer type/],
  ])("%s", (_name, call, expected) => {
    expect(call).toThrow(expected);
  });
});
