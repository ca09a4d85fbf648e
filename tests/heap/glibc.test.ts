/** Every entry that starts a heap takes the option `glibc`. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createHeapSync as createCoreHeapSync } from "../../src/core.js";
import { createDebugHeapSync } from "../../src/debug.js";
import { createHeap, createHeapSync } from "../../src/index.js";
import { openHeapImageSync, MemoryFile } from "../../src/image.js";
import { startKernelSync } from "../../src/kernel.js";
import { createHeapSync as createThreadedSync } from "../../src/threads.js";

type Started = { readonly glibc: string; readonly profile: string };

const STARTS: readonly (readonly [name: string, start: (glibc: "2.43") => Started])[] = [
  ["createHeapSync", (glibc) => createHeapSync({ glibc }).process],
  ["createDebugHeapSync", (glibc) => createDebugHeapSync({ glibc }).process],
  ["openHeapImageSync", (glibc) => openHeapImageSync(new MemoryFile(), { glibc }).heap.process],
  ["startKernelSync", (glibc) => startKernelSync({ glibc }).process],
  ["createHeapSync of /threads", (glibc) => createThreadedSync({ glibc }).process],
];

describe("the option glibc", () => {
  it.each(STARTS)("of %s", (_, start) => {
    expect(start("2.43")).toMatchObject({ glibc: "2.43", profile: "glibc" });
  });

  it("of createHeap; names without a build of their own have another's", async () => {
    expect((await createHeap({ glibc: "2.43" })).process.glibc).toBe("2.43");
    expect((await createHeap({ glibc: "2.31" })).process.glibc).toBe("2.36");
    expect((await createHeap()).process.glibc).toBe("2.36");
  });

  it("is refused for what there is none of, and for other profiles", () => {
    const refused = { glibc: "2.42" as "2.43" };
    const rule = /option "glibc": there are 2\.31, .* got "2\.42"/;
    for (const [, start] of STARTS) expect(() => start(refused.glibc)).toThrow(rule);
    expect(() => createHeapSync({ glibc: "2.43", profile: "small" })).toThrow(
      'option "glibc" is for the profile "glibc", not "small"',
    );
  });

  it("places blocks as that version does", () => {
    const offset = (glibc: "2.36" | "2.43") => {
      const heap = createHeapSync({ glibc });
      return heap.malloc(24) - heap.process.startBrk;
    };
    expect([offset("2.36"), offset("2.43")]).toEqual([0x1a0, 0x10]);
  });

  it.each(["2.36", "2.41", "2.44"] as const)(
    "words failed assertions, also in /core: %s",
    (glibc) => {
      const name = glibc === "2.36" ? "core.ilp32" : `core-${glibc}.ilp32`;
      const wasm = readFileSync(new URL(`../../build/${name}.wasm`, import.meta.url));
      const heaps = [createHeapSync({ glibc }), createCoreHeapSync({ wasm })];
      const [usual, core] = heaps.map((heap) => {
        const bytes = 24;
        const block = heap.malloc(bytes);
        // Top behind it, which is to be smaller than anything.
        new Uint32Array(heap.memory.buffer, block + bytes, 2).set([0, 1]);
        try {
          return heap.malloc(100_000);
        } catch (error) {
          return String(error);
        }
      });
      expect(core).toBe(usual);
      expect(core).toMatch(
        glibc === "2.36"
          ? /malloc assertion failure in sysmalloc/
          : /Fatal glibc error: malloc\.c:\d+ \(sysmalloc\): assertion failed/,
      );
    },
  );
});
