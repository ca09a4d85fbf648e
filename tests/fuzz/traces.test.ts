// Random traces under 32 settings of tunables, each version of glibc, both layouts: the whole
// address log is native glibc's. `node tests/oracle/fuzz.mjs --traces --save` recorded the
// hashes; without --save it compares any number of seeds.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { GlibcVersion } from "../../src/binary/glibc.js";
import { digest, generateTrace, replayText, SETTING_COUNT } from "./traces.js";

/** The hashes of seeds from 0 on, by version. */
type Recorded = Readonly<Record<"ilp32" | "lp64", readonly string[]> & { operations: number }>;

const recorded = JSON.parse(
  readFileSync(new URL("traces.json", import.meta.url), "utf8"),
) as Readonly<Record<GlibcVersion, Recorded>>;

const RUNS = (Object.keys(recorded) as GlibcVersion[]).flatMap((glibc) =>
  (["ilp32", "lp64"] as const).map((abi) => ({ glibc, abi, ...recorded[glibc] })),
);

describe.each(RUNS)(
  "random traces under glibc $glibc, $abi",
  ({ glibc, abi, operations, ...all }) => {
    test(`each setting of tunables, ${operations} operations`, () => {
      expect(all[abi]).toHaveLength(SETTING_COUNT);
      const different = all[abi].flatMap((hash, seed) => {
        const { text, tunables } = generateTrace(seed, operations);
        const same = digest(replayText(text, { abi, tunables, glibc })) === hash;
        return same ? [] : [`seed ${seed}, tunables ${tunables}`];
      });
      expect(different, "node tests/oracle/fuzz.mjs --traces shows where").toEqual([]);
    });
  },
);

test("the same seed makes the same trace, another one another", () => {
  const [first, again, other] = [3, 3, 4].map((seed) => generateTrace(seed, 500).text);
  expect(first).toBe(again);
  expect(first).not.toBe(other);
});
