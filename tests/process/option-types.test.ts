// The types of options: each build is offered its own, and no other's (src/process/only-in.ts).

import { describe, expect, expectTypeOf, it } from "vitest";
import { ONLY_IN, type BuildOptions } from "../../src/process/only-in.js";
import { startProcessSync, type Process, type ProcessOptions } from "../../src/process/process.js";
import { createHeapSync } from "../../src/heap/create.js";
import type { CoreHeapOptions } from "../../src/heap/core-create.js";
import type { Heap, HeapOptions } from "../../src/heap/heap.js";
import type { ThreadedHeapOptions } from "../../src/heap/threads/create.js";
import type { DebugHeapOptions } from "../../src/debug/options.js";
import type { HeapImageOptions } from "../../src/image/open.js";
import type { KernelOptions } from "../../src/kernel/kernel.js";

/** The names of options that not all builds have, as far as `O` has them. */
type Own<O> = Extract<keyof O, keyof BuildOptions>;

describe("the types of options", () => {
  it("have what the build has besides", () => {
    type Of<B extends "core" | "full" | "image" | "threads"> = Own<ProcessOptions<"ilp32", B>>;
    expectTypeOf<Of<"core">>().toEqualTypeOf<never>();
    expectTypeOf<Of<"full">>().toEqualTypeOf<"files" | "trace">();
    expectTypeOf<Of<"image">>().toEqualTypeOf<"restore">();
    expectTypeOf<Of<"threads">>().toEqualTypeOf<"patience" | "remoteFrees" | "largeTcache">();
    expectTypeOf<Of<"core" | "image">>().toEqualTypeOf<"restore">();
    expectTypeOf<Own<ProcessOptions>>().toEqualTypeOf<keyof typeof ONLY_IN>();
  });

  it("have it in every entry", () => {
    expectTypeOf<Own<HeapOptions<"ilp32", "image">>>().toEqualTypeOf<"restore">();
    expectTypeOf<Own<CoreHeapOptions>>().toEqualTypeOf<never>();
    expectTypeOf<Own<DebugHeapOptions>>().toEqualTypeOf<"restore">();
    expectTypeOf<Own<HeapImageOptions>>().toEqualTypeOf<never>();
    expectTypeOf<Own<KernelOptions>>().toEqualTypeOf<"trace">();
    expectTypeOf<Own<ThreadedHeapOptions>>().toEqualTypeOf<
      "patience" | "remoteFrees" | "largeTcache"
    >();
  });

  it("keep the types that they were declared with", () => {
    type Full = ProcessOptions<"lp64", "full">;
    expectTypeOf<Full["trace"]>().toEqualTypeOf<BuildOptions["trace"]>();
    expectTypeOf<Full["abi"]>().toEqualTypeOf<"lp64" | undefined>();
  });

  it("are inferred from the words that are given", () => {
    const numbers: number[] = [];
    const full = startProcessSync({ build: "full", trace: (nr) => void numbers.push(nr) });
    expectTypeOf(full).toEqualTypeOf<Process<"ilp32", "full">>();
    full.raw.trace_syscalls(1);
    full.malloc(200_000);
    expect(numbers.length).toBeGreaterThan(0);
    expectTypeOf(startProcessSync()).toEqualTypeOf<Process<"ilp32", "core">>();
    const heap = createHeapSync({ build: "checked", abi: "lp64", outOfMemory: "throw" });
    expectTypeOf(heap).toEqualTypeOf<Heap<"lp64", "checked">>();
  });
});

describe("an option of another build", () => {
  const rule = (name: keyof typeof ONLY_IN) =>
    `option "${name}" is for the build "${ONLY_IN[name]}"`;
  const trace = () => undefined;

  it("is refused by the types, and at run time", () => {
    // @ts-expect-error: the core build, which is the default, traces nothing
    expect(() => startProcessSync({ trace })).toThrow(rule("trace"));
    // @ts-expect-error: nor has it files
    expect(() => startProcessSync({ build: "core", files: {} })).toThrow(rule("files"));
    // @ts-expect-error: there is one thread
    expect(() => startProcessSync({ build: "full", patience: 1 })).toThrow(rule("patience"));
    // @ts-expect-error: there is no image
    expect(() => createHeapSync({ restore: trace })).toThrow(rule("restore"));
    // @ts-expect-error: nor here
    expect(() => createHeapSync({ build: "checked", restore: trace })).toThrow(rule("restore"));
  });

  it("is refused for every name of the table", () => {
    const values = { files: {}, remoteFrees: "lock", patience: 1, largeTcache: 1 };
    for (const name of Object.keys(ONLY_IN) as (keyof typeof ONLY_IN)[]) {
      const options = { [name]: (values as Record<string, unknown>)[name] ?? trace };
      expect(() => createHeapSync(options), name).toThrow(rule(name));
    }
  });
});
