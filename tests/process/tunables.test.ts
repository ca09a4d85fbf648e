import { describe, expect, it } from "vitest";
import { parseTunables } from "../../src/process/tunable-text.js";
import { tunableNames, tunableRange } from "../../src/process/tunables.js";
import { Tunable } from "../../src/layout/generated.js";

function values(text: string | Record<string, number | bigint | string>, abi = "ilp32" as const) {
  return parseTunables(text, abi).map(({ name, value }) => [name, value]);
}

describe("tunables", () => {
  it("knows the 13 names of glibc 2.36, each with a number for the WebAssembly side", () => {
    expect(tunableNames).toHaveLength(13);
    const ids = tunableNames.map(
      (name) => parseTunables({ [name]: name.startsWith("arena") ? 1 : 0 }, "lp64")[0]?.id,
    );
    expect(ids).toEqual(
      tunableNames.map((name) => Tunable[name.toUpperCase() as Uppercase<typeof name>]),
    );
  });

  it("reads a GLIBC_TUNABLES string", () => {
    expect(values("glibc.malloc.tcache_count=0:glibc.malloc.mmap_threshold=65536")).toEqual([
      ["tcache_count", 0n],
      ["mmap_threshold", 65536n],
    ]);
  });

  it("ignores what belongs to other parts of glibc, and empty items", () => {
    expect(values("glibc.pthread.rseq=0::glibc.malloc.top_pad=1:")).toEqual([["top_pad", 1n]]);
    expect(values("")).toEqual([]);
  });

  it.each([
    ["0x10", 16n],
    ["0X1f", 31n],
    ["010", 8n],
    ["0", 0n],
    ["+5", 5n],
    ["4294967295", 0xffffffffn],
  ])("reads the number %s as strtoul does", (text, expected) => {
    expect(values(`glibc.malloc.top_pad=${text}`)).toEqual([["top_pad", expected]]);
  });

  it("lets a minus wrap at 64 bits, as strtoul does: SIZE_MAX in lp64, out of range in ilp32", () => {
    const text = "glibc.malloc.mmap_threshold=-1";
    expect(parseTunables(text, "lp64")[0]?.value).toBe(0xffffffffffffffffn);
    expect(() => parseTunables(text, "ilp32")).toThrow(RangeError);
  });

  it("reads objects, with or without the prefix", () => {
    expect(values({ perturb: 90, "glibc.malloc.top_pad": 4096n, mxfast: "0x20" })).toEqual([
      ["perturb", 90n],
      ["top_pad", 4096n],
      ["mxfast", 32n],
    ]);
  });

  it.each([
    ["glibc.malloc.tcache_counts=0", /position 0: glibc 2\.36 has no tunable.*tcache_counts/],
    ["glibc.malloc.top_pad=1:glibc.malloc.top_pad", /position 23: expected NAME=VALUE/],
    ["tcache_count=0", /expected a name like "glibc.malloc.top_pad", got "tcache_count"/],
    ["glibc.malloc.top_pad=12k", /must be a number .*got "12k"/],
    ["glibc.malloc.top_pad=", /must be a number .*got ""/],
    ["glibc.malloc.top_pad=08", /must be a number/],
    ["glibc.malloc.perturb=256", /must be from 0 to 255 in ilp32, got 256/],
    ["glibc.malloc.mmap_max=2147483648", /must be from 0 to 2147483647/],
    ["glibc.malloc.arena_max=0", /must be from 1 to 4294967295/],
    ["glibc.malloc.tcache_max=1021", /must be from 0 to 1020/],
    ["glibc.malloc.tcache_count=65536", /must be from 0 to 65535/],
    ["glibc.malloc.mxfast=81", /must be from 0 to 80/],
    ["glibc.malloc.check=4", /must be from 0 to 3/],
  ])("refuses %s, naming text, position and rule", (text, expected) => {
    expect(() => parseTunables(text, "ilp32")).toThrow(expected);
    expect(() => parseTunables(text, "ilp32")).toThrow(JSON.stringify(text));
  });

  it("refuses object values that are no integers", () => {
    expect(() => parseTunables({ top_pad: 1.5 }, "ilp32")).toThrow(/"top_pad".*integer, got 1.5/);
    expect(() => parseTunables({ nonsense: 1 }, "ilp32")).toThrow(/no tunable.*nonsense/);
  });

  it("has wider ranges in lp64", () => {
    expect(tunableRange("tcache_max", "lp64").max).toBe(1032n);
    expect(tunableRange("mxfast", "lp64").max).toBe(160n);
    expect(tunableRange("top_pad", "lp64").max).toBe(2n ** 64n - 1n);
  });
});
