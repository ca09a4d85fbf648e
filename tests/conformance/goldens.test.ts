// The central claim, proven: for every recorded trace, every address, every usable size, mallinfo2
// and the break are what native glibc gave, each version of it that there are goldens of, in both
// memory layouts and under tunables.

import { afterAll, describe, expect, it } from "vitest";
import type { Abi } from "../../src/layout/address.js";
import { replayAddresses } from "../../src/trace/replay.js";
import { GOLDEN_GLIBCS, type GoldenGlibc } from "../support/glibcs.js";
import { goldensOf, sampledLines, traceOf, type Golden } from "./goldens.js";

/** @returns the first line that differs, as `native: …, ours: …`; undefined when there is none */
function firstDifference(native: string, ours: string): string | undefined {
  if (native === ours) return undefined;
  const expected = native.split("\n");
  const found = ours.split("\n");
  const at = expected.findIndex((line, i) => line !== found[i]);
  return `native: "${expected[at] ?? ""}", ours: "${found[at] ?? ""}"`;
}

function check(golden: Golden, glibc: GoldenGlibc["option"]): void {
  const trace = traceOf(golden);
  expect(trace.count).toBe(golden.ops);
  const decoder = new TextDecoder();
  let lines = "";
  const log = replayAddresses(
    trace,
    { abi: golden.abi, tunables: golden.tunables, ...glibc },
    { sample: golden.sample, sink: (bytes) => (lines += decoder.decode(bytes)) },
  );
  expect(
    firstDifference(sampledLines(golden), lines),
    "first recorded line that differs",
  ).toBeUndefined();
  expect(log).toEqual({
    lines: golden.lines,
    addressHash: golden.addressHash,
    addressAndSizeHash: golden.addressAndSizeHash,
    info: golden.info,
  });
}

const RUNS = GOLDEN_GLIBCS.flatMap((one) =>
  (["ilp32", "lp64"] satisfies Abi[]).map((abi) => ({ ...one, abi })),
);

for (const { abi, glibc, root, option } of RUNS) {
  describe(`native goldens of ${glibc}, ${abi}`, () => {
    const goldens = goldensOf(abi, root);
    let matching = 0;

    it("are all here", () => {
      expect(goldens).toHaveLength(25);
      expect(new Set(goldens.map((golden) => golden.name.replace(/@.*/, ""))).size).toBe(19);
    });

    it.each(goldens)("$name", (golden) => {
      check(golden, option);
      matching++;
    });

    afterAll(() => {
      process.stdout.write(`${glibc} ${abi}: ${matching} of ${goldens.length} goldens match\n`);
    });
  });
}
