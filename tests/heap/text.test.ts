// Strings in and out: all of Unicode, and what is no Unicode.

import { describe, expect, it } from "vitest";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeap } from "../../src/heap/threads/create.js";
import { Prng } from "../support/prng.js";

/** Text that has every kind of trouble in it, by a seed. */
function randomText(prng: Prng, length: number): string {
  const units = Array.from({ length }, () => {
    const kind = prng.int(0, 5);
    if (kind === 0) return prng.int(1, 0x7f);
    if (kind === 1) return prng.int(0x80, 0x7ff);
    if (kind === 2) return prng.int(0xd800, 0xdfff);
    if (kind === 3) return prng.pick([0xfeff, 0xfffe, 0xffff, 0xfffd, 0x7f, 0x2028]);
    return prng.int(0x800, 0xd7ff);
  });
  return String.fromCharCode(...units);
}

/** What must come back: halves of surrogate pairs are U+FFFD. */
function wellFormed(text: string): string {
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    "\ufffd",
  );
}

const heaps = {
  plain: () => createHeap(),
  lp64: () => createHeap({ abi: "lp64" }),
  shared: () => createThreadedHeap(),
} as const;

describe.each(Object.entries(heaps))("text, %s", (_name, make) => {
  it("every code point goes in and comes out", async () => {
    const heap = await make();
    for (let plane = 0; plane <= 0x10; plane++) {
      const points: number[] = [];
      for (let point = plane * 0x10000; point < (plane + 1) * 0x10000; point++) {
        const isSurrogate = point >= 0xd800 && point <= 0xdfff;
        if (point !== 0 && !isSurrogate) points.push(point);
      }
      let text = "";
      for (let i = 0; i < points.length; i += 4096)
        text += String.fromCodePoint(...points.slice(i, i + 4096));
      const address = heap.newCString(text);
      expect(heap.cString(address) === text).toBe(true);
      heap.free(address);
      using block = heap.newUtf8(text);
      expect(heap.utf8(block.address, block.length, { fatal: true }) === text).toBe(true);
    }
  });

  it("random text: as TextEncoder has it, cut only between characters", async () => {
    const heap = await make();
    const seed = 20240611;
    const prng = new Prng(seed);
    const room = heap.malloc(400);
    for (let round = 0; round < 500; round++) {
      const text = randomText(prng, prng.int(0, 60));
      const bytes = new TextEncoder().encode(text);
      const address = heap.newCString(text);
      expect([...heap.u8(address, bytes.length + 1)], `seed ${seed}`).toEqual([...bytes, 0]);
      expect(heap.cString(address)).toBe(wellFormed(text));
      const capacity = prng.int(1, 200);
      heap.u8(room, 400).fill(0xaa);
      const length = heap.writeCString(room, capacity, text, { truncate: true });
      const whole = heap.cString(room, undefined, { fatal: true });
      expect(wellFormed(text).startsWith(whole)).toBe(true);
      expect(new TextEncoder().encode(whole).length).toBe(length);
      // No further character would have fitted.
      if (length < bytes.length) expect(length + 4).toBeGreaterThan(capacity - 1);
      expect(heap.u8(room + capacity, 200).every((byte) => byte === 0xaa)).toBe(true);
      heap.free(address);
    }
  });
});

describe("C strings", () => {
  const heap = createHeapSync();

  it("a byte order mark is text", () => {
    expect(heap.cString(heap.newCString("\ufeffa\ufeff"))).toBe("\ufeffa\ufeff");
  });

  it("reading stops at the limit", () => {
    const address = heap.newCString("hello");
    expect(heap.cString(address, 3)).toBe("hel");
    expect(heap.cString(address, 100)).toBe("hello");
    expect(heap.cString(address, 0)).toBe("");
  });

  it("what is no UTF-8 reads as U+FFFD, or is refused", () => {
    const address = heap.newCString("abc");
    heap.u8(address, 3)[1] = 0xff;
    expect(heap.cString(address)).toBe("a\ufffdc");
    expect(() => heap.cString(address, undefined, { fatal: true })).toThrow(
      /cString: the 3 bytes are not valid UTF-8/,
    );
    expect(() => heap.utf8(address, 3, { fatal: true })).toThrow(TypeError);
  });

  it("no NUL up to the end of memory", () => {
    const small = createHeapSync();
    const end = small.memory.buffer.byteLength;
    new Uint8Array(small.memory.buffer).fill(0x61, end - 10);
    expect(() => small.cString(end - 5)).toThrow(/no NUL byte from address \d+ on/);
    expect(small.cString(end - 5, 5)).toBe("aaaaa");
    expect(() => small.cString(end - 5, 6)).toThrow(/cString: most must be from 0 to 5, got 6/);
  });

  it("out of memory: as the policy says", () => {
    const text = "x".repeat(2 ** 22);
    expect(createHeapSync({ maximumPages: 16 }).newCString(text)).toBe(0);
    const strict = createHeapSync({ maximumPages: 16, outOfMemory: "throw" });
    expect(() => strict.newCString(text)).toThrow(/malloc: no memory for 4194305 bytes/);
  });

  const room = heap.malloc(8);
  it.each<[string, () => unknown, RegExp]>([
    ["not text", () => heap.newCString(5 as never), /newCString: text must be a string, got 5/],
    ["NUL", () => heap.newCString("a\0b"), /must not contain U\+0000.*index 1/],
    ["too long", () => heap.writeCString(room, 4, "four"), /needs 4 bytes, there is room for 3/],
    ["no room", () => heap.writeCString(room, 0, ""), /writeCString: capacity must be from 1/],
    ["too long", () => heap.writeUtf8(room, 1, "é"), /writeUtf8: the text needs 2 bytes/],
    ["outside", () => heap.writeUtf8(room, 2 ** 31, "a"), /writeUtf8: length at address/],
    ["NULL", () => heap.cString(0), /cString: address must be from 1/],
  ])("%s", (_name, call, expected) => {
    expect(call).toThrow(expected);
  });
});
