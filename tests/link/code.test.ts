import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readModule, Section } from "../../src/link/binary.js";
import { name as utf8, unsigned } from "../../src/link/bytes.js";
import { readCode } from "../../src/link/code.js";
import { assemble } from "./wat.js";

// Instructions by hand, from the core specification's "Binary Format" and the proposals, each with
// immediates that look like memory.grow (40 00) where they can. What comes behind them must be
// found, and nothing inside of them.

const GROW = [0x40, 0x00];
const END = 0x0b;

const INSTRUCTIONS: Readonly<Record<string, readonly number[]>> = {
  "unreachable, nop, return": [0x00, 0x01, 0x0f],
  "block, loop, if, else": [
    ...[0x02, 0x40, END, 0x03, 0x7f, END],
    ...[0x04, 0x80, 0x01, 0x05, END, 0x02, 0x63, 0x70, END],
  ],
  "try, catch, catch_all, rethrow, throw": [
    ...[0x06, 0x40, 0x07, 0x40, 0x09, 0x00, 0x19, 0x08, 0x40, END],
    ...[0x06, 0x40, 0x18, 0x40],
  ],
  "try_table, throw_ref": [
    ...[0x1f, 0x40, 0x04, 0x00, 0x40, 0x00, 0x01, 0x40, 0x00],
    ...[0x02, 0x40, 0x03, 0x00, 0x0a, END],
  ],
  "br, br_if, br_table": [0x0c, 0x40, 0x0d, 0x40, 0x0e, 0x02, 0x40, 0x00, 0x40],
  "call, call_indirect, call_ref": [0x10, 0x40, 0x11, 0x40, 0x00, 0x14, 0x40],
  "tail calls": [0x12, 0x40, 0x13, 0x40, 0x00, 0x15, 0x40],
  "drop, select, select of types": [0x1a, 0x1b, 0x1c, 0x02, 0x7f, 0x64, 0x40],
  "locals, globals, tables": [
    0x20, 0x40, 0x21, 0x40, 0x22, 0x40, 0x24, 0x40, 0x25, 0x40, 0x26, 0x40,
  ],
  "loads and stores": [0x28, 0x02, 0x40, 0x3e, 0x00, 0x80, 0x80, 0x04],
  "… of another memory": [0x28, 0x42, 0x40, 0x00, 0x36, 0x42, 0x01, 0x40],
  constants: [
    ...[0x41, 0xc0, 0x00, 0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
    ...[0x43, 0x40, 0x00, 0x40, 0x00, 0x44, 0x40, 0x00, 0x40, 0x00, 0x40, 0x00, 0x40, 0x00],
  ],
  "arithmetic, sign extension": [0x45, 0x6a, 0xa7, 0xbf, 0xc0, 0xc4],
  references: [0xd0, 0x70, 0xd1, 0xd2, 0x40, 0xd3, 0xd4, 0xd5, 0x40, 0xd6, 0x40],
  "saturating conversions": [0xfc, 0x00, 0xfc, 0x07],
  "bulk memory": [
    ...[0xfc, 0x08, 0x40, 0x00, 0xfc, 0x09, 0x40, 0xfc, 0x0a, 0x40, 0x00, 0xfc, 0x0b, 0x40],
    ...[0xfc, 0x0c, 0x40, 0x00, 0xfc, 0x0d, 0x40, 0xfc, 0x0e, 0x40, 0x00],
  ],
  "table.grow, table.size, table.fill": [0xfc, 0x0f, 0x40, 0xfc, 0x10, 0x40, 0xfc, 0x11, 0x40],
  "wide arithmetic": [0xfc, 0x13, 0xfc, 0x16],
  vectors: [
    ...[0xfd, 0x00, 0x04, 0x40, 0xfd, 0x0b, 0x44, 0x40, 0x00],
    ...[0xfd, 0x0c, ...Array.from({ length: 8 }, () => GROW).flat()],
    ...[0xfd, 0x0d, ...Array.from({ length: 8 }, () => GROW).flat()],
    ...[0xfd, 0x0f, 0xfd, 0x15, 0x40, 0xfd, 0x22, 0x40, 0xfd, 0x23, 0xfd, 0x53],
    ...[0xfd, 0x54, 0x00, 0x40, 0x40, 0xfd, 0x5b, 0x43, 0x40, 0x00, 0x40],
    ...[0xfd, 0x5c, 0x02, 0x40, 0xfd, 0x5e, 0xfd, 0xff, 0x01],
  ],
  "relaxed vectors": [0xfd, 0x80, 0x02, 0xfd, 0x93, 0x02],
  atomics: [
    ...[0xfe, 0x00, 0x02, 0x40, 0xfe, 0x02, 0x43, 0x40, 0x00, 0xfe, 0x03, 0x00],
    ...[0xfe, 0x10, 0x02, 0x40, 0xfe, 0x4e, 0x02, 0x40],
  ],
  "structs and arrays": [
    ...[0xfb, 0x00, 0x40, 0xfb, 0x02, 0x40, 0x00, 0xfb, 0x05, 0x40, 0x00, 0xfb, 0x06, 0x40],
    ...[0xfb, 0x08, 0x40, 0x00, 0xfb, 0x0b, 0x40, 0xfb, 0x0f, 0xfb, 0x10, 0x40],
    ...[0xfb, 0x11, 0x40, 0x00, 0xfb, 0x13, 0x40, 0x00],
  ],
  casts: [
    ...[0xfb, 0x14, 0x40, 0xfb, 0x17, 0x6e, 0xfb, 0x18, 0x03, 0x40, 0x6e, 0x40],
    ...[0xfb, 0x1a, 0xfb, 0x1e],
  ],
};

const NOTHING = { isPlace: () => false, placeGlobal: undefined };

function section(...bodies: readonly (readonly number[])[]): Uint8Array {
  const functions = bodies.flatMap((body) => [...unsigned(body.length), ...body]);
  return Uint8Array.from([...unsigned(bodies.length), ...functions]);
}

/** What is read of one function without locals. */
function read(...instructions: readonly number[]) {
  const { functions, unknown } = readCode(section([0, ...instructions, END]), NOTHING);
  return { ...functions[0], unknown: unknown?.reason };
}

describe("readCode", () => {
  it.each(Object.entries(INSTRUCTIONS))("comes to the end of %s", (_, bytes) => {
    const nothing = { grows: false, measures: false, mentions: false, unknown: undefined };
    expect(read(...bytes)).toEqual(nothing);
    expect(read(...bytes, ...GROW)).toEqual({ ...nothing, grows: true });
    expect(read(...GROW, ...bytes, 0x3f, 0x00)).toEqual({
      ...nothing,
      grows: true,
      measures: true,
    });
  });

  it("skips locals, and tells functions apart", () => {
    const locals = [0x03, 0x40, 0x7f, 0x01, 0x64, 0x40, 0x80, 0x01, 0x7b];
    const { functions } = readCode(
      section([...locals, END], [0, 0x3f, 0, END], [0, ...GROW, END]),
      NOTHING,
    );
    expect(functions.map(({ grows, measures }) => [grows, measures])).toEqual([
      [false, false],
      [false, true],
      [true, false],
    ]);
  });

  it("finds a place among constants and globals", () => {
    const wanted = { isPlace: (value: number) => value === 0xfffffff0, placeGlobal: 7 };
    const found = (...code: number[]) =>
      readCode(section([0, ...code, END]), wanted).functions[0]!.mentions;
    expect(found(0x41, 0x70)).toBe(true);
    expect(found(0x41, 0x10)).toBe(false);
    expect(found(0x23, 0x07)).toBe(true);
    expect(found(0x23, 0x08, 0x20, 0x07)).toBe(false);
  });

  it.each([
    ["the unknown opcode 27", [0x27]],
    ["the unknown opcode fc 1f", [0xfc, 0x1f]],
    ["the unknown opcode fd 200", [0xfd, 0x80, 0x04]],
    ["an instruction that is cut off", [0x02, 0x40, 0x41, 0x80]],
    ["more bytes than instructions", [END, 0x01]],
  ])("says when it cannot go on: %s", (reason, code) => {
    expect(read(...code).unknown).toBe(reason);
  });

  it.each(["core", "full", "image", "threads", "replay"])(
    "reads what compilers write: this project's own %s",
    (build) => {
      const bytes = readFileSync(new URL(`../../build/${build}.ilp32.wasm`, import.meta.url));
      const code = readModule(bytes).sections.find(({ id }) => id === Section.CODE);
      const { functions, unknown } = readCode(code?.content, NOTHING);
      expect(unknown).toBeUndefined();
      expect(functions.length).toBeGreaterThan(40);
      expect(functions.filter(({ grows }) => grows).length).toBeGreaterThan(0);
    },
  );

  it("reads what Binaryen writes of newer proposals", () => {
    const bytes = assemble(
      `(module (memory 1) (type $s (struct (field (mut i32))))
      (tag $t (param i32)) (table 1 funcref)
      (func (export "f") (param $x i32) (param $v v128) (result i32)
        (drop (try (result i32) (do (i32.const 64)) (catch $t)))
        (struct.set $s 0 (struct.new $s (i32.const 1)) (i32.const 64))
        (drop (i8x16.shuffle 64 0 64 0 0 0 0 0 0 0 0 0 0 0 0 0
          (local.get $v) (local.get $v)))
        (drop (i32.atomic.rmw.cmpxchg (local.get $x) (i32.const 1) (i32.const 2)))
        (return_call_indirect (param i32 v128) (result i32)
          (memory.grow (i32.const 1)) (local.get $v) (i32.const 0))))`.replaceAll(
        "64 0 64 0",
        "16 0 16 0",
      ),
    );
    const code = readModule(bytes).sections.find(({ id }) => id === Section.CODE);
    const { functions, unknown } = readCode(code?.content, NOTHING);
    expect(unknown).toBeUndefined();
    expect(functions).toEqual([{ grows: true, measures: false, mentions: false }]);
  });
});

describe("readModule", () => {
  /** A module with these sections only. */
  const module = (...sections: readonly (readonly [number, readonly number[]])[]): Uint8Array =>
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...sections.flatMap(([id, content]) => [id, ...unsigned(content.length), ...content]),
    ]);

  it("evaluates constant expressions, extended ones and through globals", () => {
    const globals = [3, 0x7f, 0, 0x41, 0x80, 0x08, END, 0x7f, 1, 0x23, 0x00, 0x41, 0x10, 0x6a, END];
    const twice = [0x7f, 0, 0x23, 0x01, 0x41, 0x02, 0x6c, 0x41, 0x01, 0x6b, END];
    const data = [2, 0x00, 0x23, 0x02, END, 0x01, 0xaa, 0x01, 0x01, 0xbb];
    const binary = readModule(
      module([Section.GLOBAL, [...globals, ...twice]], [Section.DATA, data]),
    );
    expect(binary.globals).toEqual([
      { value: 1024, isMutable: false },
      { value: 1040, isMutable: true },
      { value: 2079, isMutable: false },
    ]);
    expect(binary.data).toEqual([
      { begin: 2079, bytes: Uint8Array.of(0xaa) },
      { begin: undefined, bytes: Uint8Array.of(0xbb) },
    ]);
  });

  it("does not know what the host decides, or what no one has specified", () => {
    const global = [1, ...utf8("env"), ...utf8("__memory_base"), 3, 0x7f, 0];
    const data = [2, 0x00, 0x23, 0x00, END, 0x01, 0xaa, 0x00, 0x41, 0x08, END, 0x01, 0xbb];
    const binary = readModule(module([Section.IMPORT, global], [Section.DATA, data]));
    expect(binary.data?.map(({ begin }) => begin)).toEqual([undefined, 8]);
    const strange = readModule(module([Section.DATA, [1, 0x00, 0xff, END, 0x01, 0xaa]]));
    expect(strange.data).toBeUndefined();
  });
});
