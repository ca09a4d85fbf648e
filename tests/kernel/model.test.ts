// Random system calls against a naive array of pages; the region table's invariants hold after
// each. The long run is `node tests/kernel/model.mjs --calls 1000000`.

import { describe, expect, test } from "vitest";
import { compareMany, Pair } from "./model/compare.js";

const PROCESSES = 10;
const CALLS = 600;

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  test.each([1, 101])(`${PROCESSES} processes of ${CALLS} calls from seed %i on`, (first) => {
    const { calls, differences } = compareMany(abi, first, PROCESSES, CALLS);
    expect(differences).toEqual([]);
    expect(calls).toBe(PROCESSES * CALLS);
  });

  test("canary: a wrong protection is noticed, and so is a lost page", () => {
    for (const damage of ["protection", "page"] as const) {
      const pair = new Pair(7, abi);
      for (let i = 0; i < 100; i++) expect(pair.step()).toBeUndefined();
      pair.damage(damage);
      let found: string | undefined;
      for (let i = 0; i < 100 && found === undefined; i++) found = pair.step();
      expect(found).toBeDefined();
    }
  });
});
