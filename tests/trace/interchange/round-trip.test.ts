// What is exported comes in again: the same operations, threads, labels, and addresses.

import { describe, expect, it } from "vitest";
import type { ExportFormat } from "../../../src/trace/interchange/export.js";
import { exported, imported, linesOf, parsed, recording, replayLog } from "./support.js";

const BOTH_WAYS = ["heaptrack", "mtrace", "ltrace"] as const satisfies ExportFormat[];

/** Every kind of operation, in every odd way that a trace may have. */
const ALL = `0
9
99
1
a 0 24 # main
c 1 3 40 # grow <- fill <- main
m 2 64 100
r 3 50 # "a, label" (of) = <odd> # words
r 3 5000
a 4 0xffffffffffffffff
f 4
r 0 0x7fffffffffffffff
f -1
r 3 0
f 3
c 5 0xffffffffffff 0xffffffffffff
t 2
a 6 333
f 0
t 1
r 6 400 # ends <- in a thread
x 2
t 0
f 6
f 1
x 1
r 7 0
a 8 300000
`;

describe.each(BOTH_WAYS)("%s", (format) => {
  it.each(["ilp32", "lp64"] as const)("every kind of operation, %s", (abi) => {
    const trace = parsed(ALL);
    const back = imported(exported(trace, format, abi));
    expect(back.format).toBe(format);
    expect(replayLog(parsed(back.text), abi)).toEqual(replayLog(trace, abi));
    expect(back.threads).toBe(3);
    expect(back.text.match(/^x \d$/gm)).toHaveLength(2);
  });

  it.each(["syn05", "syn13", "openssl", "threads/git-grep"])("%s", (name) => {
    const trace = recording(name);
    const back = imported(exported(trace, format));
    expect(back.operations).toBe(trace.count);
    expect(replayLog(parsed(back.text))).toEqual(replayLog(trace));
  });
});

/** Without the comments a file is as the format's own program writes it. */
function bare(text: string): string {
  return text.replaceAll(/^# .*\n/gm, "");
}

const SMALL = "0\n3\n8\n1\na 0 24 # f <- g\nc 1 3 8\nr 0 100\nm 2 64 10\nf 1\nr 0 0\na 0 7\n";

describe("without its comments", () => {
  it("mtrace's keeps sizes, reallocs and places", () => {
    const text = bare(exported(parsed(SMALL), "mtrace"));
    expect(text.replaceAll(/0x1[\da-f]{6}\b/g, "P")).toBe(
      "= Start\n@ f<-g + P 0x18\n@ trace:6 + P 0x18\n@ trace:7 < P\n@ trace:7 > P 0x64\n" +
        "@ trace:8 + P 0xa\n@ trace:9 - P\n@ trace:10 - P\n@ trace:11 + P 0x7\n= End\n",
    );
    expect(linesOf(text)).toEqual([
      ...["a 0 24 # f <- g", "a 1 24", "r 0 100", "a 2 10", "f 1", "f 0", "a 0 7"],
    ]);
  });

  it("heaptrack's keeps sizes and stacks", () => {
    const text = bare(exported(parsed(SMALL), "heaptrack"));
    expect(linesOf(text)).toEqual([
      ...["a 0 24 # f <- g", "a 1 24 # calloc", "f 0", "a 0 100 # realloc"],
      ...["a 2 10 # memalign", "f 1", "f 0", "a 0 7 # malloc"],
    ]);
  });
});
