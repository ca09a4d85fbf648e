// Guests with the heap of the profiles "throughput" and "small": merged by `ptmalloc-wasm link
// --profile`, and linked to a heap of it by linkGuest.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { heapOptionsFor, linkGuestSync, mergedFailure } from "../../src/link.js";
import { HeapAbort } from "../../src/process/failures.js";
import { run } from "../cli/run.js";
import { Prng } from "../support/prng.js";
import { assemble } from "./wat.js";

type Functions = Record<string, (...args: number[]) => number>;

const folder = mkdtempSync(join(tmpdir(), "ptmalloc-profile-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the guest passes on: a function's parameters, and whether it returns something. */
const CALLED = { malloc: 1, calloc: 2, realloc: 2, memalign: 2, malloc_usable_size: 1, free: 1 };

/** A guest that calls the heap for whoever asks. */
function guest(): Uint8Array<ArrayBuffer> {
  const all = Object.entries(CALLED).map(([name, count]) => {
    const result = name === "free" ? "" : "(result i32)";
    const params = `(param ${"i32 ".repeat(count)})`;
    const values = Array.from({ length: count }, (_, i) => `(local.get ${i})`).join(" ");
    return [
      `(import "ptmalloc" "${name}" (func $${name} ${params} ${result}))`,
      `(func (export "my_${name}") ${params} ${result} (call $${name} ${values}))`,
    ];
  });
  return assemble(`(module ${all.map(([head]) => head).join("\n")} (memory (export "memory") 2)
    (global (export "__heap_base") i32 (i32.const 5000)) ${all.map(([, body]) => body).join("\n")})`);
}

/** Merges the guest, and instantiates the result. */
async function merged(...options: string[]): Promise<WebAssembly.Exports> {
  const [file, out] = [join(folder, "guest.wasm"), join(folder, "out.wasm")];
  writeFileSync(file, guest());
  const { code, stderr } = await run(["link", file, "-o", out, ...options]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return new WebAssembly.Instance(new WebAssembly.Module(readFileSync(out))).exports;
}

const functionsOf = (exports: WebAssembly.Exports): Functions => exports as unknown as Functions;

/**
 * A random program of the guest's functions, which looks at what is in its blocks.
 * @returns the addresses that it got
 */
function work(exports: WebAssembly.Exports, seed: number, alignment = 16): number[] {
  const random = new Prng(seed);
  const memory = exports.memory as WebAssembly.Memory;
  const call = functionsOf(exports);
  const bytes = (): Uint8Array => new Uint8Array(memory.buffer);
  const blocks: { block: number; size: number; mark: number }[] = [];
  const addresses: number[] = [];
  const add = (block: number, size: number): void => {
    const mark = 1 + (addresses.length % 255);
    addresses.push(block);
    expect(block % alignment).toBe(0);
    expect(call.my_malloc_usable_size!(block) >>> 0).toBeGreaterThanOrEqual(size);
    bytes().fill(mark, block, block + size);
    blocks.push({ block, size, mark });
  };
  const take = () => {
    const [old] = blocks.splice(random.int(0, blocks.length - 1), 1);
    const { block, size, mark } = old!;
    expect(
      bytes()
        .subarray(block, block + size)
        .every((byte) => byte === mark),
    ).toBe(true);
    return old!;
  };
  for (let i = 0; i < 3000; i++) {
    const size = random.power(0, random.chance(0.05) ? 18 : 11);
    const kind = random.int(0, 9);
    if (kind < 4 && blocks.length > 0) {
      call.my_free!(take().block);
    } else if (kind === 4 && blocks.length > 0) {
      const old = take();
      const block = call.my_realloc!(old.block, size) >>> 0;
      const kept = bytes().subarray(block, block + Math.min(size, old.size));
      expect(kept.every((byte) => byte === old.mark)).toBe(true);
      add(block, size);
    } else if (kind === 5) {
      const block = call.my_calloc!(1, size) >>> 0;
      expect(
        bytes()
          .subarray(block, block + size)
          .every((byte) => byte === 0),
      ).toBe(true);
      add(block, size);
    } else if (kind === 6) {
      const block = call.my_memalign!(256, size) >>> 0;
      expect(block % 256).toBe(0);
      add(block, size);
    } else {
      add(call.my_malloc!(size) >>> 0, size);
    }
  }
  while (blocks.length > 0) call.my_free!(take().block);
  return addresses;
}

it("a guest merged with another version of glibc gets that version's blocks", async () => {
  const seed = 2043;
  const addresses = work(await merged("-O", "0", "--glibc", "2.43"), seed);
  const heap = createHeapSync({ ...heapOptionsFor(guest()), glibc: "2.43" });
  expect(work(linkGuestSync(guest(), heap).exports, seed)).toEqual(addresses);
  expect(work(await merged("-O", "0"), seed)).not.toEqual(addresses);
  const { code, stderr } = await run([
    "link",
    "x.wasm",
    "-o",
    "y.wasm",
    "--profile",
    "small",
    "--glibc",
    "2.43",
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain("--glibc is for the profile glibc");
});

const rows = [
  ["throughput", 16, "free(): double free detected in tcache 2"],
  ["small", 8, "double free or corruption (top)"],
] as const;

describe.each(rows)("a guest on the heap of the profile %s", (profile, alignment, twice) => {
  it.each(["0", "3"])("merged at -O%s, it answers right, and as linkGuest's", async (level) => {
    const seed = 2040;
    const exports = await merged("-O", level, "--profile", profile);
    const addresses = work(exports, seed, alignment);
    const heap = createHeapSync({ ...heapOptionsFor(guest()), profile });
    const linked = linkGuestSync(guest(), heap);
    expect(work(linked.exports, seed, alignment)).toEqual(addresses);
    // And it is not glibc's heap.
    expect(work(await merged("-O", "0"), seed)).not.toEqual(addresses);
  });

  it("linkGuest's heap is sound after the guest's work", () => {
    const heap = createHeapSync({
      ...heapOptionsFor(guest()),
      build: "checked",
      profile,
    });
    heap.raw.verify_calls(0);
    const { exports } = linkGuestSync(guest(), heap);
    expect(work(exports, 3, alignment).length).toBeGreaterThan(1000);
    expect(heap.raw.check_heap()).toBe(0);
    heap.trim();
    expect(heap.raw.check_heap()).toBe(0);
    expect(heap.stats().uordblks).toBeLessThan(2048);
  });

  it.each(["0", "3"])("merged at -O%s, it says why the heap gave up", async (level) => {
    const exports = await merged("-O", level, "--profile", profile);
    const { my_malloc: malloc, my_free: free } = functionsOf(exports);
    const block = malloc!(24);
    free!(block);
    expect(() => free!(block)).toThrow(WebAssembly.RuntimeError);
    const failure = mergedFailure(exports);
    expect(failure).toBeInstanceOf(HeapAbort);
    expect((failure as HeapAbort).abortMessage).toBe(twice);
  });
});

describe("a guest and profiles", () => {
  it("no profile of another name", async () => {
    const { code, stderr } = await run(["link", "x.wasm", "-o", "y.wasm", "--profile", "fast"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--profile.*'fast'.*glibc, throughput, small/);
  });
});
