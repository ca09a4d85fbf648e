// Every message that a glibc can die with is provoked by some heap script or by a case of several
// threads (threads.test.ts), or there is a reason why it cannot be.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { abortMessages } from "../../src/process/failures.js";
import type { FailureName } from "../../src/process/failures.js";
import { GOLDEN_GLIBCS } from "../support/glibcs.js";

/** What nothing reaches. */
const UNREACHED: Partial<Record<FailureName, string>> = {
  ASSERT_OLD_TOP_SMALL: "sysmalloc is only called when the top is too small",
  ASSERT_MUNMAP_MMAPPED: "the only callers have looked at the bit",
  ASSERT_MREMAP_MMAPPED: "the only caller has looked at the bit",
  ASSERT_MREMAP_ALIGNED: "realloc has refused a misaligned block before",
  ASSERT_REALLOC_MMAPPED: "realloc has taken the other way before",
};

/** What 2.36 does not check. */
const LATER: readonly FailureName[] = ["FREE_SMALLBIN_LIST"];

function addScripts(ends: Set<string>, folder: URL): void {
  for (const name of readdirSync(folder)) {
    const text = readFileSync(new URL(name, folder), "utf8");
    for (const match of text.matchAll(/^abort: (.*)$/gm)) ends.add(match[1] ?? "");
  }
}

/** What scripts and threads under 2.36 die of. */
function endsOf(abi: string): Set<string> {
  const ends = new Set<string>();
  addScripts(ends, new URL(`scripts/${abi}/`, GOLDEN_GLIBCS[0]!.root));
  const threads = readFileSync(new URL("threads/aborts.txt", GOLDEN_GLIBCS[0]!.root), "utf8");
  for (const match of threads.matchAll(/^(\w+) \w+ (.*)$/gm)) {
    if (match[1] === abi) ends.add(match[2] ?? "");
  }
  return ends;
}

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  const ends = endsOf(abi);
  const later = new Set<string>();
  for (const { root } of GOLDEN_GLIBCS.slice(1))
    addScripts(later, new URL(`scripts/${abi}/`, root));

  test.each(Object.entries(abortMessages) as [FailureName, string][])("%s", (name, message) => {
    const onlyLp64 = message.includes("chunk2mem (brk)");
    if (LATER.includes(name)) {
      expect(ends, "2.36 checks it after all").not.toContain(message);
      expect(later, "no script reaches it natively").toContain(message);
      return;
    }
    if (UNREACHED[name] !== undefined || (onlyLp64 && abi === "ilp32")) {
      expect(ends, "reached after all").not.toContain(message);
    } else {
      expect(ends, "no script reaches it natively").toContain(message);
    }
  });

  test("no script dies of something that is not in the list", () => {
    const known = new Set(Object.values(abortMessages));
    expect([...ends].filter((end) => !known.has(end))).toEqual([]);
  });
});
