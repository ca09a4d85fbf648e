// Every message that the shipped glibc can die with is provoked by some heap script or by a case of
// several threads (threads.test.ts), or there is a reason why it cannot be.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { abortMessages } from "../../src/process/failures.js";
import type { FailureName } from "../../src/process/failures.js";

/** What nothing reaches. */
const UNREACHED: Partial<Record<FailureName, string>> = {
  ASSERT_OLD_TOP_SMALL: "sysmalloc is only called when the top is too small",
  ASSERT_MUNMAP_MMAPPED: "the only callers have looked at the bit",
  ASSERT_MREMAP_MMAPPED: "the only caller has looked at the bit",
  ASSERT_MREMAP_ALIGNED: "realloc has refused a misaligned block before",
  ASSERT_REALLOC_MMAPPED: "realloc has taken the other way before",
};

const folder = new URL("../golden/scripts/", import.meta.url);

function endsOf(abi: string): Set<string> {
  const ends = new Set<string>();
  for (const name of readdirSync(new URL(`${abi}/`, folder))) {
    const text = readFileSync(new URL(`${abi}/${name}`, folder), "utf8");
    for (const match of text.matchAll(/^abort: (.*)$/gm)) ends.add(match[1] ?? "");
  }
  const threads = readFileSync(new URL("../threads/aborts.txt", folder), "utf8");
  for (const match of threads.matchAll(/^(\w+) \w+ (.*)$/gm)) {
    if (match[1] === abi) ends.add(match[2] ?? "");
  }
  return ends;
}

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  const ends = endsOf(abi);

  test.each(Object.entries(abortMessages) as [FailureName, string][])("%s", (name, message) => {
    const onlyLp64 = message.includes("chunk2mem (brk)");
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
