// Random heap scripts against the hashes of what native glibc 2.36 printed for them (smoke.json,
// written by `node tests/oracle/fuzz.mjs --seeds 0-299 --save`). To see what differs:
// `node tests/oracle/fuzz.mjs --seeds N`.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sampled } from "../support/campaign.js";
import { digest, generate, runSeed } from "./bulk.js";

const AT_ONCE = 25;

const recorded = JSON.parse(readFileSync(new URL("smoke.json", import.meta.url), "utf8")) as Record<
  "ilp32" | "lp64",
  Record<string, string>
>;

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  const all = Object.keys(recorded[abi]).map(Number);
  const seeds = sampled(all, 4);

  for (let i = 0; i < seeds.length; i += AT_ONCE) {
    const some = seeds.slice(i, i + AT_ONCE);
    test(`${some.length} seeds from ${some[0]} to ${some.at(-1)}`, () => {
      const different = some.filter((seed) => digest(runSeed(seed, abi)) !== recorded[abi][seed]);
      expect(different, "seeds whose output is not native glibc's").toEqual([]);
    });
  }

  test.each([
    "tcache_count=6",
    "tcache_max=100",
    "mxfast=32",
    "top_pad=135168",
    "trim_threshold=135168",
    "mmap_threshold=135168",
  ])("canary: another %s is noticed", (tunable) => {
    const plain = all.filter((seed) => generate(seed).tunables === "").slice(0, 20);
    let noticed = 0;
    for (const seed of plain) {
      const output = runSeed(seed, abi, `glibc.malloc.${tunable}`);
      if (digest(output) !== recorded[abi][seed]) noticed++;
      if (noticed === 3) return;
    }
    expect.unreachable(`${noticed} of ${plain.length} seeds notice it`);
  });
});

test("the same seed makes the same script, another seed another", () => {
  expect(generate(7)).toEqual(generate(7));
  expect(generate(7).body).not.toBe(generate(8).body);
});
