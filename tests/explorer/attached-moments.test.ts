// What an attached heap sends, and what the explorer makes of it: every state is, byte for byte,
// what the heap was; and only what has changed is sent. Guests' calls are among what is shown.

import { expect, it } from "vitest";
import { createHeapSync, type Heap } from "ptmalloc-wasm";
import { createDebugHeapSync } from "ptmalloc-wasm/debug";
import type { HeapView } from "ptmalloc-wasm/inspect";
import { connectExplorer, readChanges, walkRegions } from "ptmalloc-wasm/inspect";
import { heapOptionsFor, linkGuestSync } from "ptmalloc-wasm/link";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { AttachedMoments } from "../../explorer/engine/attached-moments.js";
import { assemble, IMPORTS } from "../link/wat.js";

/** Asks as the page does. */
async function asker(heap: Parameters<typeof connectExplorer>[0]) {
  const connection = connectExplorer(heap, { name: "test" });
  await connection.ready;
  const address = connection.query.replace("?attach=", "");
  const ask = async (state: number): Promise<Uint8Array> =>
    new Uint8Array(await (await fetch(new URL(`changes/${state}`, address))).arrayBuffer());
  return { connection, ask };
}

/** The bytes of all regions. */
function bytesOf(source: ConstructorParameters<typeof HeapView>[0]): string {
  const pieces = [...walkRegions(source)].map((region) =>
    "start" in region ? source.u8().slice(region.start, region.end) : new Uint8Array(),
  );
  return Buffer.concat(pieces).toString("base64");
}

it("every state is what the heap was, there and back", async () => {
  const heap = createHeapSync({ initialPages: 4 });
  const { connection, ask } = await asker(heap);
  const random = xoroshiro128plus(20_261_130);
  const below = (most: number): number => (random.next() >>> 0) % most;
  const moments = new AttachedMoments(readChanges(await ask(0)));
  const states = [{ at: 0, bytes: bytesOf(heap.process) }];
  const live: number[] = [];
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 20; i++) {
      if (live.length > 20 && below(2) === 0) heap.free(live.splice(below(live.length), 1)[0]!);
      else live.push(heap.malloc(below(10) === 0 ? 200_000 : below(3000)));
    }
    heap.u8(live[0]!, 4).fill(round);
    const message = readChanges(await ask(moments.known));
    expect(moments.fits(message)).toBe(true);
    moments.add(message);
    states.push({ at: moments.count, bytes: bytesOf(heap.process) });
  }
  expect(moments.count).toBe(800);
  for (let i = 0; i < 100; i++) {
    const { at, bytes } = states[below(states.length)]!;
    moments.to(at);
    expect(bytesOf(moments.source) === bytes, `moment ${at}`).toBe(true);
  }
  expect(moments.operation(790)!.text).toMatch(/10 calls later/);
  connection.close();
});

it("a large heap sends what has changed only", async () => {
  const heap = createHeapSync();
  for (let i = 0; i < 60_000; i++) heap.u8(heap.malloc(1000), 1000).fill(i);
  const { connection, ask } = await asker(heap);
  const whole = await ask(0);
  expect(whole.length).toBeGreaterThan(60e6);
  const first = readChanges(whole);
  const block = heap.malloc(1000);
  const message = await ask(first.to);
  expect(message.length).toBeLessThan(50_000);
  const moments = new AttachedMoments(first);
  moments.add(readChanges(message));
  expect(moments.operation(1)!.text).toBe(`malloc(1000) = 0x${block.toString(16)}`);
  // Who does not say what he knows gets all of it; who knows all gets nothing.
  expect((await ask(0)).length).toBeGreaterThan(60e6);
  expect(readChanges(await ask(2))).toMatchObject({ runs: [], calls: [], from: 2, to: 2 });
  connection.close();
});

const GUEST = assemble(`(module ${IMPORTS}
  (import "ptmalloc" "posix_memalign" (func $aligned (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global (export "__heap_base") i32 (i32.const 4096))
  (func (export "make") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "drop") (param i32) (call $free (local.get 0)))
  (func (export "align") (param i32) (result i32)
    (drop (call $aligned (i32.const 1024) (i32.const 256) (local.get 0)))
    (i32.load (i32.const 1024))))`);

type Functions = Record<"make" | "drop" | "align", (value: number) => number>;

const HEAPS: [string, () => Heap<"ilp32">][] = [
  ["a heap", () => createHeapSync(heapOptionsFor(GUEST))],
  ["a debug heap", () => createDebugHeapSync(heapOptionsFor(GUEST))],
];

it.each(HEAPS)("calls of a guest over %s are shown, one by one", async (_, make) => {
  const heap = make();
  const { connection, ask } = await asker(heap);
  const guest = linkGuestSync(GUEST, connection).exports as unknown as Functions;
  const moments = new AttachedMoments(readChanges(await ask(0)));
  const block = guest.make(100) >>> 0;
  const aligned = guest.align(500) >>> 0;
  guest.drop(block);
  moments.add(readChanges(await ask(moments.known)));
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const texts = [1, 2, 3].map((at) => moments.operation(at)!.text.replace(/ \(.*later\)$/, ""));
  expect(texts).toEqual([
    `malloc(100) = ${hex(block)}`,
    `posix_memalign(1024, 256, 500) = ${hex(aligned)}`,
    `free(${hex(block)})`,
  ]);
  const { address, birth, death, kinds, bytes } = moments.surveyor.survey();
  expect([...address]).toEqual([block, aligned, block]);
  expect(birth[2]).toBe(0);
  expect(death[0]).toBe(2);
  expect(bytes[1]).toBe(500);
  expect(kinds).toEqual(["malloc", "posix_memalign", "free"]);
  connection.close();
  guest.drop(guest.make(10));
  expect(() => guest.drop(block)).toThrow();
});

it("off costs nothing: heaps and guests have functions of their own", () => {
  const heap = createHeapSync(heapOptionsFor(GUEST));
  const own = { ...heap.process.raw };
  const connection = connectExplorer(heap);
  expect(Object.hasOwn(heap, "malloc")).toBe(true);
  // This is what a guest that is linked to the heap itself gets.
  expect({ ...heap.process.raw }).toEqual(own);
  expect("cFunctions" in heap).toBe(false);
  expect((connection.cFunctions() as typeof own).malloc).not.toBe(own.malloc);
  connection.close();
  expect(Object.hasOwn(heap, "malloc")).toBe(false);
});
