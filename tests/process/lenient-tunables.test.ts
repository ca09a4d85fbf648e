// The option lenientTunables: tunables as glibc 2.36 reads them. What its loader makes of a text is
// a table here, and where native programs can be run, they say the same.

import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { parseTunables } from "../../src/process/tunable-text.js";
import { startProcessSync } from "../../src/process/process.js";
import { launcherOf } from "../oracle/native.mjs";
import { describeNative } from "../support/native.js";

const ABIS = ["ilp32", "lp64"] as const;
const MOST = 2n ** 64n - 1n;
/** In front of each setting: what stays where that is ignored. */
const BEFORE = 2n;

/** Texts of values, and what they are as an unsigned number of 64 bits. */
const NUMBERS: readonly [text: string, value: bigint][] = [
  ["5", 5n],
  ["0", 0n],
  ["+7", 7n],
  ["-1", MOST],
  ["-5", MOST - 4n],
  ["0x10", 16n],
  ["0X1F", 31n],
  ["010", 8n],
  ["08", 0n],
  ["0x", 0n],
  ["0xg", 0n],
  ["0x-5", 0n],
  ["-0x5", MOST - 4n],
  ["12abc", 12n],
  ["abc", 0n],
  ["", 0n],
  [" 9", 9n],
  ["\t9", 9n],
  ["\n9", 0n],
  ["9 ", 9n],
  [" +6", 6n],
  ["- 5", 0n],
  ["--5", 0n],
  ["1e3", 1n],
  ["1.5", 1n],
  ["5=6", 5n],
  ["255", 255n],
  ["256", 256n],
  ["2147483647", 2n ** 31n - 1n],
  ["2147483648", 2n ** 31n],
  ["4294967295", 2n ** 32n - 1n],
  ["4294967296", 2n ** 32n],
  ["18446744073709551605", MOST - 10n],
  ["18446744073709551606", MOST],
  ["99999999999999999999", MOST],
  ["-18446744073709551614", MOST],
  ["0xffffffffffffffef", MOST - 16n],
  ["0xfffffffffffffff0", MOST],
  ["01777777777777777777767", MOST - 8n],
  ["01777777777777777777770", MOST],
];

/** Tunables that malloc has no limits of its own for, and the loader's. */
const RANGES = {
  top_pad: { ilp32: [0n, 2n ** 32n - 1n], lp64: [0n, MOST] },
  arena_max: { ilp32: [1n, 2n ** 32n - 1n], lp64: [1n, MOST] },
  perturb: { ilp32: [0n, 255n], lp64: [0n, 255n] },
  mmap_max: { ilp32: [0n, 2n ** 31n - 1n], lp64: [0n, 2n ** 31n - 1n] },
} as const;

/** Whole texts, and what top_pad is then; undefined where it is not set. */
const TEXTS: readonly [text: string, topPad: bigint | undefined][] = [
  ["abc:glibc.malloc.top_pad=5", 5n],
  ["glibc.malloc.top_pad:glibc.malloc.top_pad=5", 5n],
  ["glibc.malloc.top_pad=5:glibc.malloc.top_pad", 5n],
  ["=5:glibc.malloc.top_pad=5", 5n],
  ["::glibc.malloc.top_pad=5::", 5n],
  ["glibc.nonsense.x=3:glibc.malloc.top_pad=5", 5n],
  ["glibc.malloc.top_pad=3,glibc.malloc.perturb=4", 3n],
  ["glibc.malloc.top_pad==5", 0n],
  [" glibc.malloc.top_pad=5", undefined],
  ["glibc.malloc.top_pad =5", undefined],
  ["GLIBC.malloc.top_pad=5", undefined],
  ["glibc.malloc.top_padd=5", undefined],
  ["top_pad=5", undefined],
];

const cases = ABIS.flatMap((abi) =>
  Object.entries(RANGES).flatMap(([name, ranges]) =>
    NUMBERS.map(([number, value]) => {
      const [min, max] = ranges[abi];
      const text = `glibc.malloc.${name}=${BEFORE}:glibc.malloc.${name}=${number}`;
      return { abi, name, text, expected: value >= min && value <= max ? value : BEFORE };
    }),
  ),
);

const valueIn = (
  given: string | Record<string, number | bigint | string>,
  abi: "ilp32" | "lp64",
  name: string,
): bigint | undefined =>
  parseTunables(given, abi, true).find((setting) => setting.name === name)?.value;

describe("what the loader reads", () => {
  it.each(ABIS)("numbers as far as they go, and none beyond the type's range, %s", (layout) => {
    for (const { abi, name, text, expected } of cases)
      if (abi === layout) expect(valueIn(text, abi, name), text).toBe(expected);
  });

  it.each(TEXTS)("%j", (text, expected) => {
    for (const abi of ABIS) expect(valueIn(text, abi, "top_pad")).toBe(expected);
  });

  it("objects alike, with or without the prefix", () => {
    const object = { top_pad: -1, "glibc.malloc.perturb": 256, nonsense: 1, mmap_max: "0x10" };
    expect(valueIn(object, "lp64", "top_pad")).toBe(MOST);
    expect(parseTunables(object, "ilp32", true).map(({ name }) => name)).toEqual(["mmap_max"]);
    expect(() => parseTunables({ top_pad: 1.5 }, "ilp32", true)).toThrow(TypeError);
  });
});

for (const abi of ABIS) {
  describeNative(`glibc's own loader, ${abi}`, abi, () => {
    it("reads the same", { timeout: 60_000 }, () => {
      const loader = abi === "lp64" ? "/lib64/ld-linux-x86-64.so.2" : "/lib/ld-linux.so.2";
      const [command = loader, ...front] = [...launcherOf(loader), loader];
      const listed = (text: string, name: string): bigint => {
        const env = { PATH: process.env["PATH"], GLIBC_TUNABLES: text };
        const args = [...front, "--list-tunables"];
        const output = execFileSync(command, args, { env, encoding: "utf8" });
        return BigInt(new RegExp(`^glibc\\.malloc\\.${name}: (\\w+)`, "m").exec(output)![1]!);
      };
      for (const { abi: layout, name, text, expected } of cases)
        if (layout === abi) expect(listed(text, name), text).toBe(expected);
      for (const [text, expected] of TEXTS)
        expect(listed(text, "top_pad"), text).toBe(expected ?? 0n);
    });
  });
}

describe("what malloc takes", () => {
  const names = (text: string, abi: "ilp32" | "lp64"): string[] =>
    parseTunables(text, abi, true).map(({ name, value }) => `${name}=${value}`);

  // Seen natively: a value that only malloc ignores leaves its default, not the setting before it.
  it.each([
    ["tcache_count=3:glibc.malloc.tcache_count=65535", "tcache_count=65535", "tcache_count=65535"],
    ["tcache_count=3:glibc.malloc.tcache_count=65536", undefined, undefined],
    ["tcache_count=3:glibc.malloc.tcache_count=-1", "tcache_count=3", undefined],
    ["tcache_max=100:glibc.malloc.tcache_max=5000", undefined, undefined],
    ["tcache_max=100:glibc.malloc.tcache_max=0x1ffffffff", "tcache_max=100", undefined],
    ["mxfast=0:glibc.malloc.mxfast=160", undefined, "mxfast=160"],
    ["mxfast=0:glibc.malloc.mxfast=161", undefined, undefined],
  ])("glibc.malloc.%s", (text, ilp32, lp64) => {
    const list = (item: string | undefined): string[] => (item === undefined ? [] : [item]);
    expect(names(`glibc.malloc.${text}`, "ilp32")).toEqual(list(ilp32));
    expect(names(`glibc.malloc.${text}`, "lp64")).toEqual(list(lp64));
  });
});

describe("the option", () => {
  const tunables = "glibc.malloc.nope=1:glibc.malloc.perturb=256:glibc.malloc.tcache_count=3";

  it("is off by default: errors name the setting", () => {
    expect(() => startProcessSync({ tunables })).toThrow(RangeError);
    expect(() => startProcessSync({ tunables, lenientTunables: false })).toThrow(RangeError);
  });

  it("is for processes and heaps", () => {
    const lenient = startProcessSync({ tunables, lenientTunables: true });
    const same = startProcessSync({ tunables: { tcache_count: 3 } });
    const first = ({ raw }: typeof same): number[] => {
      const blocks = Array.from({ length: 5 }, () => raw.malloc(24) >>> 0);
      for (const block of blocks) raw.free(block);
      return blocks.map(() => raw.malloc(24) >>> 0);
    };
    expect(first(lenient)).toEqual(first(same));
    const heap = createHeapSync({ tunables, lenientTunables: true });
    expect(heap.malloc(24)).toBeGreaterThan(0);
    expect(() => createHeapSync({ tunables })).toThrow(/no tunable/);
  });

  it("must be true or false", () => {
    const options = { lenientTunables: 1 } as unknown as { lenientTunables: boolean };
    expect(() => startProcessSync(options)).toThrow(/lenientTunables/);
  });
});
