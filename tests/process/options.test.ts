import { describe, expect, it } from "vitest";
import { planProcess, PROCESS_OPTIONS } from "../../src/process/build-options.js";
import { checkOptions } from "../../src/base/checks.js";
import { MAX_TASK_SIZE } from "../../src/process/options.js";
import type { ProcessOptions } from "../../src/process/options.js";

describe("process options", () => {
  it("defaults: ilp32, core, linux, 64 KiB for the kernel, all of the address space", () => {
    const plan = planProcess({});
    expect(plan).toMatchObject({
      abi: "ilp32",
      build: "core",
      layout: "linux",
      base: 0x10000,
      startBrk: 0x21000,
      taskSize: MAX_TASK_SIZE,
      mmapBase: 0x55550000,
      flags: 4,
      tunables: [],
    });
    expect(plan.tcacheKey).toBeUndefined();
    expect(plan.memory.buffer.byteLength).toBe(0x30000);
    expect(() => plan.memory.grow(65532)).not.toThrow();
    expect(() => plan.memory.grow(1)).toThrow();
  });

  it("says which layout to the kernel, and whether the memory is fresh", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    expect(planProcess({ layout: "top-down" }).flags).toBe(1 | 4);
    expect(planProcess({ layout: "compact" }).flags).toBe(2 | 4);
    expect(planProcess({ memory }).flags).toBe(0);
    expect(planProcess({ memory, fresh: true }).flags).toBe(4);
    expect(planProcess({ fresh: false }).flags).toBe(0);
  });

  it("takes the limit from the new memory's maximum", () => {
    const plan = planProcess({ maximumPages: 256 });
    expect(plan.taskSize).toBe(256 * 65536);
    expect(plan.mmapBase).toBe(Math.ceil((256 * 65536) / 3 / 4096) * 4096);
    expect(planProcess({ layout: "top-down" }).mmapBase).toBe(MAX_TASK_SIZE - 128 * 2 ** 20);
  });

  it("makes room for the base", () => {
    const plan = planProcess({ base: 0x300000 });
    expect(plan.startBrk).toBe(0x311000);
    expect(plan.memory.buffer.byteLength).toBe(0x320000);
  });

  it("randomises page by page, within limits, and sets a key", () => {
    const plans = Array.from({ length: 20 }, () => planProcess({ randomize: true }));
    for (const plan of plans) {
      expect(plan.startBrk % 4096).toBe(0);
      expect(plan.startBrk).toBeGreaterThanOrEqual(0x21000);
      expect(plan.startBrk).toBeLessThan(0x21000 + 2 ** 25);
      expect(plan.mmapBase % 4096).toBe(0);
      expect(plan.tcacheKey).toBeTypeOf("bigint");
    }
    expect(new Set(plans.map((plan) => plan.startBrk)).size).toBeGreaterThan(1);
    expect(new Set(plans.map((plan) => plan.tcacheKey)).size).toBeGreaterThan(1);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ abi: "lp32" }, /option "abi" must be one of "ilp32", "lp64", got "lp32"/],
    [{ build: "fast" }, /option "build" must be one of/],
    [
      { profile: "fast" },
      /option "profile" must be one of "glibc", "throughput", "small", got "fast"/,
    ],
    [{ profile: null }, /option "profile" must be one of "glibc", "throughput", "small", got null/],
    [
      { profile: "small", build: "full" },
      /option "profile": the build "full" has "glibc", "throughput"/,
    ],
    [
      { profile: "small", build: "threads" },
      /option "profile": the build "threads" has "glibc", "throughput"/,
    ],
    [
      { profile: "throughput", build: "threads", largeTcache: 1 },
      /option "largeTcache" is for the profile "glibc": "throughput" keeps blocks of up to 64 KiB/,
    ],
    [{ build: "full", trace: 1 }, /option "trace" must be a function/],
    [{ trace: () => undefined }, /option "trace" is for the build "full"/],
    [{ layout: "tiny" }, /option "layout" must be one of "linux", "top-down", "compact"/],
    [{ base: 100 }, /option "base" must be from 4096/],
    [{ base: 5000 }, /option "base" must be a multiple of 4096, got 5000/],
    [{ base: "65536" }, /option "base" must be an integer, got "65536"/],
    [{ base: 65536, startBrk: 4096 }, /option "startBrk" must be from 65536/],
    [{ taskSize: 2 ** 32 }, /option "taskSize" must be from .* to 4294901760/],
    [{ taskSize: 65536 }, /option "taskSize" must be from 139264/],
    [{ taskSize: 2 ** 20, mmapBase: 2 ** 21 }, /option "mmapBase" must not exceed taskSize/],
    [{ maximumPages: 2 }, /leaves no room/],
    [{ maximumPages: 70000 }, /option "maximumPages" must be from 1 to 65536/],
    [{ maximumPages: 10, initialPages: 11 }, /option "initialPages" must not exceed 10/],
    [{ memory: {} }, /option "memory" must be a WebAssembly.Memory/],
    [{ memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }) }, /unshared/],
    [{ memory: new WebAssembly.Memory({ initial: 1 }), maximumPages: 9 }, /give "taskSize"/],
    [{ hugePages: { standard: 3 * 4096 } }, /option "hugePages.standard" must be a power of two/],
    [{ hugePages: { transparent: 1 } }, /option "hugePages.transparent" must be a multiple of/],
    [{ tunables: "glibc.malloc.x=1" }, /no tunable/],
  ])("refuses %o", (options, expected) => {
    expect(() => {
      checkOptions(PROCESS_OPTIONS, options);
      planProcess(options as ProcessOptions);
    }).toThrow(expected);
  });
});
