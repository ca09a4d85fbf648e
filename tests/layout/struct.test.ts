import { describe, expect, expectTypeOf, it } from "vitest";
import { liveStruct, readStruct } from "../../src/layout/struct.js";
import { MemoryViews } from "../../src/layout/views.js";
import { chunkOf, memOf } from "../../src/layout/address.js";
import type { Chunk, Mem } from "../../src/layout/address.js";

const layout = {
  size: 40,
  fields: {
    small: { offset: 0, size: 1, kind: "u8" },
    signed: { offset: 4, size: 4, kind: "i32" },
    unsigned: { offset: 8, size: 4, kind: "u32" },
    wide: { offset: 16, size: 8, kind: "u64" },
    list: { offset: 24, size: 2, kind: "u16", count: 3 },
  },
} as const;

describe("struct readers", () => {
  it("reads every kind of field, and arrays", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const view = new DataView(memory.buffer);
    view.setUint8(100, 255);
    view.setInt32(104, -7, true);
    view.setUint32(108, 0xfffffff0, true);
    view.setBigUint64(116, 2n ** 40n, true);
    [1, 2, 65535].forEach((value, i) => view.setUint16(124 + 2 * i, value, true));
    const values = readStruct(view, 100, layout);
    expect(values).toEqual({
      small: 255,
      signed: -7,
      unsigned: 0xfffffff0,
      wide: 2 ** 40,
      list: [1, 2, 65535],
    });
    expectTypeOf(values.small).toEqualTypeOf<number>();
    expectTypeOf(values.list).toEqualTypeOf<number[]>();
  });

  it("a live struct follows the memory, also when it grows", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const live = liveStruct(new MemoryViews(memory), 0, layout);
    expect(live.unsigned).toBe(0);
    memory.grow(1);
    new DataView(memory.buffer).setUint32(8, 42, true);
    expect(live.unsigned).toBe(42);
    expect({ ...live }.unsigned).toBe(42);
  });
});

describe("memory views", () => {
  it("are made anew only when the buffer is another one", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const views = new MemoryViews(memory);
    const before = views.u8();
    expect(views.u8()).toBe(before);
    memory.grow(1);
    expect(before.byteLength).toBe(0);
    expect(views.u8().byteLength).toBe(131072);
    expect(views.view().byteLength).toBe(131072);
    expect(views.byteLength).toBe(131072);
  });
});

describe("address types", () => {
  it("chunk and block are two words apart, also at the top of the address space", () => {
    expect(chunkOf(0x1000, "ilp32")).toBe(0xff8);
    expect(chunkOf(0x1000, "lp64")).toBe(0xff0);
    expect(memOf(chunkOf(0xfffe0010, "lp64"), "lp64")).toBe(0xfffe0010);
  });

  it("the compiler keeps them apart, and takes plain numbers for either", () => {
    const mem: Mem = 0x1000;
    const chunk: Chunk = chunkOf(mem, "ilp32");
    // @ts-expect-error a chunk is not a block
    const wrong: Mem = chunk;
    expect(wrong).toBe(chunk);
  });
});
