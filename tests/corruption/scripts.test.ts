// Every heap script, line by line, against what native glibc gave, each version of it that there
// are goldens of: the whole API, its edges and errors, and what corruption is noticed when, in
// which words.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { appliesTo, parseCases } from "../oracle/cases.mjs";
import { runScript } from "../oracle/script-runner.js";
import { GOLDEN_GLIBCS } from "../support/glibcs.js";

const folder = new URL("../golden/scripts/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".script"));

/** What this implementation offers to cases that say what they need. */
const OFFERED = new Set([""]);

/** What natively is a segmentation fault is one here, too. */
const SEGV = /^abort: Segmentation fault$|^signal 11$/;

const RUNS = GOLDEN_GLIBCS.flatMap((one) =>
  (["ilp32", "lp64"] as const).map((abi) => ({ ...one, abi })),
);

describe.each(RUNS)("$glibc, $abi", ({ abi, glibc, root, option }) => {
  describe.each(files)("%s", (file) => {
    const cases = parseCases(readFileSync(new URL(file, folder), "utf8"));
    const golden = new Map(
      parseCases(
        readFileSync(new URL(`scripts/${abi}/${file.replace(".script", ".out")}`, root), "utf8"),
      ).map((one) => [one.name, one.body]),
    );
    // Where a recorder had no kernel for i386 programs, an emulator's own rules are left out.
    const isEmulated = glibc !== "2.36" && abi === "ilp32";
    const here = cases.filter(
      (one) => appliesTo(one, abi, glibc) && !(isEmulated && one.isKernels),
    );
    test.each(here.map((one) => [one.name, one] as const))("%s", (_name, one) => {
      const expected = golden.get(one.name);
      expect(expected, "a golden: node tests/oracle/record.mjs").toBeDefined();
      if (!OFFERED.has(one.needs)) return;
      const lines = (text = "") => text.split("\n").map((line) => line.replace(SEGV, "SEGV"));
      const ours = runScript(one.body, abi, { tunables: one.tunables, ...option });
      expect(lines(ours)).toEqual(lines(expected));
    });
  });
});
