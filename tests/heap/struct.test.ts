// Structs in memory as objects.

import { inspect } from "node:util";
import { describe, expect, expectTypeOf, it } from "vitest";
import { enumeration } from "../../src/heap/structs/c-enum.js";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import { FreedBlockError, OutOfMemoryError } from "../../src/heap/errors.js";
import { collectOften, collectUntil } from "../support/garbage.js";

describe.each(["ilp32", "lp64"] as const)("structs, %s", (abi) => {
  const heap = createHeapSync({ abi });
  const Vec2 = heap.struct({ x: "f32", y: "f32" });
  const Item = heap.struct({
    id: "u32",
    big: "u64",
    name: "char[8]",
    at: Vec2,
    tags: "u8[4]",
    path: [Vec2, 3],
    inner: { on: "bool", next: "pointer" },
    color: enumeration({ RED: 0, GREEN: 5 }, "u8"),
  });

  it("fields are where C has them", () => {
    const item = Item.alloc({ id: 7, big: 2n ** 63n, at: { y: 1.5 }, color: "GREEN" });
    const { $address } = item;
    const { offsets } = Item;
    expect($address % 16).toBe(0);
    expect(heap.load("u32", $address + offsets.id)).toBe(7);
    expect(heap.load("u64", $address + offsets.big)).toBe(2n ** 63n);
    expect(heap.load("f32", $address + offsets.at + 4)).toBe(1.5);
    expect(heap.load("u8", $address + offsets.color)).toBe(5);
    heap.store("u8", $address + offsets.tags + 3, 9);
    expect(item.tags.get(3)).toBe(9);
    heap.store("u8", $address + offsets.color, 3);
    expect(item.color).toBe(3);
    expect(() => item.$set({ color: "BLUE" as "RED" })).toThrow(
      /field "color" must be one of RED, GREEN, got "BLUE"/,
    );
    item.$free();
  });

  it("what is set comes back; the rest is zero", () => {
    using item = Item.alloc();
    const zero = { x: 0, y: 0 };
    const expected = {
      ...{ id: 0, big: 0n, name: "", at: zero, tags: [0, 0, 0, 0], path: [zero, zero, zero] },
      ...{ inner: { on: false, next: 0 }, color: "RED" as "RED" | "GREEN" | number },
    };
    expect(item.$get()).toEqual(expected);
    item.name = "héllo";
    item.at.x = 2;
    item.tags.assign([1, 2]);
    item.path.set(1, { y: 3 });
    item.path.get(2).x = 4;
    item.inner.$set({ on: true, next: item.$address });
    expect(item.$get()).toEqual({
      ...expected,
      ...{ name: "héllo", at: { x: 2, y: 0 }, tags: [1, 2, 0, 0] },
      ...{ path: [zero, { x: 0, y: 3 }, { x: 4, y: 0 }] },
      inner: { on: true, next: item.$address },
    });
    expect([...item.path].map((vec) => vec.x)).toEqual([0, 0, 4]);
    expect(inspect(item.at)).toBe("{ x: 2, y: 0 }");
    expect(inspect(item.tags)).toBe("[ 1, 2, 0, 0 ]");
  });

  it("views are good after growth", () => {
    using item = Item.alloc({ id: 1 });
    const { tags } = item;
    const before = heap.memory.buffer.byteLength;
    heap.free(heap.malloc(before));
    expect(heap.memory.buffer.byteLength).toBeGreaterThan(before);
    item.id++;
    tags.set(0, 200);
    expect([item.id, item.tags.get(0)]).toEqual([2, 200]);
  });

  it("text of a fixed length: full, shortened, too long", () => {
    using item = Item.alloc({ name: "12345678" });
    expect(item.name).toBe("12345678");
    item.name = "x";
    expect([...heap.u8(item.$address + Item.offsets.name, 8)]).toEqual([0x78, 0, 0, 0, 0, 0, 0, 0]);
    expect(() => (item.name = "123456789")).toThrow(/field "name": the text needs 9 bytes/);
    expect(() => (item.name = "a\0")).toThrow(/field "name" must not contain U\+0000/);
    expect(item.name).toBe("x");
  });

  it("arrays of structs, and structs of others", () => {
    using list = Vec2.allocArray(10);
    for (let i = 0; i < list.length; i++) list.set(i, { x: i, y: -i });
    const same = Vec2.arrayAt(list.address, 10);
    expect(same.toArray()).toEqual(list.toArray());
    expect(Vec2.at(list.address + 3 * Vec2.size).$get()).toEqual({ x: 3, y: -3 });
    expect(() => list.get(10)).toThrow(/get: index must be from 0 to 9, got 10/);
    expect(() => list.assign(Array<{ x: number }>(11).fill({ x: 1 }))).toThrow(/11 values for 10/);
  });

  it("a freed struct is not used any more, nor are its parts", () => {
    const item = Item.alloc();
    const { at, tags } = item;
    item.$free();
    item.$free();
    expect(() => item.id).toThrow(FreedBlockError);
    expect(() => (item.id = 1)).toThrow(/field "id": this handle has no block/);
    expect(() => at.x).toThrow(FreedBlockError);
    expect(() => tags.get(0)).toThrow(FreedBlockError);
    expect(inspect(item)).toBe("[freed]");
    const other = Item.alloc({ id: 5 });
    const address = other.$release();
    expect(() => other.id).toThrow(FreedBlockError);
    expect(Item.at(address).id).toBe(5);
    heap.free(address);
  });

  it("pointers and sizes are words of the ABI", () => {
    const Wide = heap.struct({ p: "pointer", n: "usize", end: "u8" }, { abi: "x86-64" });
    using wide = Wide.alloc({ p: 0xfffffff0, n: 2 ** 40, end: 1 });
    expect(Wide.size).toBe(24);
    expect(heap.load("u64", wide.$address)).toBe(0xfffffff0n);
    expect([wide.p, wide.n]).toEqual([0xfffffff0, 2 ** 40]);
    expect(() => (wide.p = -1)).toThrow(/field "p" must be from 0/);
    const Narrow = heap.struct({ p: "pointer", n: "usize" });
    using narrow = Narrow.alloc({ p: 16 });
    expect(() => (narrow.n = 2 ** 32)).toThrow(/field "n" must be from 0 to 4294967295/);
    expect(() => heap.struct({ wide: Wide })).toThrow(/ABI "x86-64" cannot be in one of "wasm32"/);
  });

  it("packed ones and unions work unaligned", () => {
    const Packed = heap.struct({ a: "u8", b: "f64", c: "u64[2]" }, { pack: 1 });
    using packed = Packed.alloc({ a: 1, b: Math.PI, c: [1n, 2n] });
    expect(Packed.size).toBe(25);
    expect(packed.$get()).toEqual({ a: 1, b: Math.PI, c: [1n, 2n] });
    const Bits = heap.struct({ f: "f32", u: "u32" }, { union: true });
    using bits = Bits.alloc({ f: 1.5 });
    expect(bits.u).toBe(0x3fc00000);
  });
});

describe("structs go wrong", () => {
  const heap = createHeapSync({ tunables: { tcache_count: 0, mxfast: 0 } });
  const Pair = heap.struct({ a: "u8", b: "u32" });
  const pair = Pair.alloc();

  it.each<[string, () => unknown, RegExp]>([
    ["NULL", () => Pair.at(0), /at: address must be from 1/],
    ["unaligned", () => Pair.at(pair.$address + 2), /at: address must be a multiple of 4/],
    ["outside", () => Pair.at(heap.memory.buffer.byteLength - 4), /at: address must be from 1 to/],
    ["array outside", () => Pair.arrayAt(8, 2 ** 28), /arrayAt: address must be from 1 to/],
    ["unknown field", () => pair.$set({ c: 1 } as never), /\$set: there is no field "c"/],
    ["unknown at alloc", () => Pair.alloc({ c: 1 } as never), /no field "c"/],
    ["no object", () => pair.$set(5 as never), /\$set: values must be an object of fields, got 5/],
    ["too big", () => (pair.a = 256), /field "a" must be from 0 to 255, got 256/],
    ["no array", () => Pair.allocArray(-1), /allocArray: length must be from 0/],
  ])("%s", (_name, call, expected) => {
    const before = heap.stats().uordblks;
    expect(call).toThrow(expected);
    expect(heap.stats().uordblks).toBe(before);
  });

  it("no memory is an error whatever the policy", () => {
    const small = createHeapSync({ maximumPages: 16 });
    expect(() => small.struct({ a: ["u8[1000000]", 4] }).alloc()).toThrow(OutOfMemoryError);
  });
});

describe("the collector", () => {
  it("frees structs that nobody uses, not those of which a part is in use", async () => {
    const heap = await createHeap();
    const Big = heap.struct({ head: "u32", body: "u8[50000]" });
    Big.alloc().$free();
    const before = heap.stats().uordblks;
    const body = (() => Big.alloc({ head: 1 }).body)();
    const held = heap.stats().uordblks;
    (() => void Big.alloc())();
    (() => void Big.allocArray(4))();
    expect(heap.stats().uordblks).toBeGreaterThan(held);
    await collectUntil(() => heap.stats().uordblks === held);
    await collectOften();
    expect(heap.stats().uordblks).toBeGreaterThan(before);
    body.set(49_999, 7);
    expect(body.get(49_999)).toBe(7);
  });
});

it("types follow the definition", () => {
  const heap = createHeapSync();
  const Node = heap.struct({
    id: "u32",
    big: "i64",
    name: "char[16]",
    at: { x: "f64", flags: "bool[2]" },
    list: [{ v: "u8" }, 2],
    kind: enumeration({ A: 0, B: 1 }),
  });
  const node = Node.alloc();
  expectTypeOf(node.id).toEqualTypeOf<number>();
  expectTypeOf(node.big).toEqualTypeOf<bigint>();
  expectTypeOf(node.name).toEqualTypeOf<string>();
  expectTypeOf(node.at.x).toEqualTypeOf<number>();
  expectTypeOf(node.at.flags.get(0)).toEqualTypeOf<boolean>();
  expectTypeOf(node.list.get(0).v).toEqualTypeOf<number>();
  expectTypeOf(node.kind).toEqualTypeOf<"A" | "B" | number>();
  expectTypeOf(node.$get().at).toEqualTypeOf<{ x: number; flags: boolean[] }>();
  expectTypeOf(Node.offsets.big).toEqualTypeOf<number>();
  // @ts-expect-error: no such field
  expect(node.nothing).toBeUndefined();
  // @ts-expect-error: not a number
  expect(() => node.$set({ id: "1" })).toThrow(TypeError);
});
