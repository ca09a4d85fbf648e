// Every heap script, line by line, against what native glibc 2.36 gave: the whole API, its edges
// and errors, and what corruption is noticed when, in which words.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { appliesTo, parseCases } from "../oracle/cases.mjs";
import { runScript } from "../oracle/script-runner.js";

const folder = new URL("../golden/scripts/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".script"));

/** What this implementation offers to cases that say what they need. */
const OFFERED = new Set([""]);

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  describe.each(files)("%s", (file) => {
    const cases = parseCases(readFileSync(new URL(file, folder), "utf8"));
    const golden = new Map(
      parseCases(
        readFileSync(new URL(`${abi}/${file.replace(".script", ".out")}`, folder), "utf8"),
      ).map((one) => [one.name, one.body]),
    );
    const here = cases.filter((one) => appliesTo(one, abi));
    test.each(here.map((one) => [one.name, one] as const))("%s", (_name, one) => {
      const expected = golden.get(one.name);
      expect(expected, "a golden: node tests/oracle/record.mjs").toBeDefined();
      if (!OFFERED.has(one.needs)) return;
      expect(runScript(one.body, abi, { tunables: one.tunables }).split("\n")).toEqual(
        expected?.split("\n"),
      );
    });
  });
});
