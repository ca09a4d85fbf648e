// The option "profile": which binary it loads, what refuses it, and that a binary says itself which
// heap it is.

import { describe, expect, it } from "vitest";
import { PROFILES, buildHasProfile } from "../../src/binary/profile.js";
import { createDebugHeapSync } from "../../src/debug/create.js";
import { createHeapSync as createCoreHeapSync } from "../../src/heap/core-create.js";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import { startKernelSync } from "../../src/kernel/kernel.js";
import { startProcess, startProcessSync } from "../../src/process/process.js";
import * as threads from "../../src/threads.js";

const abis = ["ilp32", "lp64"] as const;
const OTHERS = ["throughput", "small"] as const;
const BUILDS = ["core", "checked", "replay", "image", "full", "threads"] as const;
const WITHOUT_SMALL = ["full", "threads"] as const;

/** What a call throws: name and message. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  throw new Error("nothing was refused");
}

describe.each(abis)("the option profile, %s", (abi) => {
  it("glibc is the default", () => {
    expect(PROFILES[0]).toBe("glibc");
    expect(startProcessSync({ abi }).profile).toBe("glibc");
    expect(createHeapSync({ abi }).process.profile).toBe("glibc");
    expect(startProcessSync({ abi }).structs).not.toHaveProperty("ClassCache");
  });

  it.each(BUILDS)("heaps that are to be had in the build %s differ", (build) => {
    const has = PROFILES.filter((profile) => buildHasProfile(build, profile));
    const all = has.map((profile) => startProcessSync({ abi, build, profile }));
    const [glibc, throughput, small] = all;
    expect(has).toHaveLength(build === "full" || build === "threads" ? 2 : 3);
    expect(all.map(({ profile }) => profile)).toEqual(has);
    expect(new Set(all.map(({ module }) => module)).size).toBe(has.length);
    expect(throughput!.structs).toHaveProperty("ClassCache");
    // One class for requests of an eighth of 2 KiB.
    const sizes = [glibc!, throughput!].map((process) => process.usableSize(process.malloc(1800)));
    expect(sizes[1]! - sizes[0]!).toBeGreaterThan(64);
    if (small === undefined) return;
    expect(small.structs).not.toHaveProperty("TcachePerthreadStruct");
    // And steps of two words.
    expect(small.usableSize(small.malloc(20))).toBe(abi === "ilp32" ? 20 : 24);
    expect(small.raw.tcache()).toBe(0);
  });

  it.each(OTHERS)("heaps of all kinds take it, and say what they have: %s", async (profile) => {
    const heaps = [
      createHeapSync({ abi, profile }),
      createCoreHeapSync({ abi, wasm: startProcessSync({ abi, profile }).module }),
      createDebugHeapSync({ abi, profile }),
      await createHeap({ abi, profile }),
    ];
    for (const heap of heaps) {
      const block = heap.malloc(1800);
      expect(heap.usableSize(block)).toBeGreaterThanOrEqual(1800);
      heap.free(block);
    }
    const process = await startProcess({ abi, profile });
    expect(process.profile).toBe(profile);
    expect((await process.attachThread()).profile).toBe(profile);
    expect(createHeapSync({ abi, profile, build: "checked" }).process.profile).toBe(profile);
  });

  it("a binary that is given says itself what it is", () => {
    for (const profile of PROFILES) {
      const { module } = startProcessSync({ abi, profile });
      expect(startProcessSync({ abi, wasm: module }).profile).toBe(profile);
      expect(startProcessSync({ abi, wasm: module, profile }).profile).toBe(profile);
      expect(createHeapSync({ abi, wasm: module }).process.profile).toBe(profile);
    }
  });

  it("a binary of another profile is refused, with both names", async () => {
    for (const [i, profile] of PROFILES.entries()) {
      const other = PROFILES[(i + 1) % PROFILES.length]!;
      const { module: wasm } = startProcessSync({ abi, profile: profile });
      const message = `option "profile": the binary has "${profile}"`;
      const options = { abi, wasm, profile: other };
      expect(refusal(() => startProcessSync(options))).toBe(`TypeError: ${message}`);
      expect(refusal(() => createHeapSync(options))).toBe(`TypeError: ${message}`);
      await expect(startProcess(options)).rejects.toThrow(message);
      await expect(createHeap(options)).rejects.toThrow(message);
      // That has changed nothing: the binary is as good as before.
      expect(startProcessSync({ abi, wasm }).profile).toBe(profile);
    }
  });

  it("builds that do not have it refuse it by name: small", async () => {
    const profile = "small";
    const rule = (build: string): string =>
      `TypeError: option "profile": the build "${build}" has "glibc", "throughput"`;
    for (const build of WITHOUT_SMALL) {
      expect(refusal(() => startProcessSync({ abi, build, profile }))).toBe(rule(build));
      await expect(startProcess({ abi, build, profile })).rejects.toThrow(rule(build).slice(11));
    }
    expect(refusal(() => startKernelSync({ profile }))).toBe(rule("full"));
    expect(refusal(() => threads.createHeapSync({ abi, profile } as never))).toBe(rule("threads"));
    // The default by its name is no reason to refuse anything.
    expect(startProcessSync({ abi, build: "full", profile: "glibc" }).profile).toBe("glibc");
  });

  it("heaps of threads take it; a cache for large blocks they have by themselves", async () => {
    const heap = threads.createHeapSync({ abi, profile: "throughput" });
    expect(heap.process.profile).toBe("throughput");
    const block = heap.malloc(1800);
    const other = threads.attachHeapSync(heap.handle());
    other.free(block);
    expect(other.malloc(1800)).toBe(block);
    expect(other.process.profile).toBe("throughput");
    expect((await threads.createHeap({ abi, profile: "throughput" })).malloc(1)).toBeGreaterThan(0);
    const rule = 'TypeError: option "largeTcache" is for the profile "glibc"';
    const { module: wasm } = heap.process;
    for (const options of [{ profile: "throughput" }, { wasm }] as const)
      expect(refusal(() => threads.createHeapSync({ abi, ...options, largeTcache: 4096 }))).toMatch(
        rule,
      );
    expect(startKernelSync({ abi, profile: "throughput" }).process.profile).toBe("throughput");
  });
});
