// Recordings of real programs come in, and replay: recordings/README.md says how they were made.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unpacked } from "../../../src/cli/exchange/unpack.js";
import { importRecording } from "../../../src/trace/interchange/import.js";
import { labelOf } from "../../../src/trace/trace.js";
import { parsed, replayLog } from "./support.js";

function recorded(file: string) {
  const bytes = readFileSync(new URL(`recordings/${file}`, import.meta.url));
  return importRecording(unpacked(bytes, file), file);
}

describe.each([
  ["ls.heaptrack.zst", "heaptrack", 400, 1],
  ["ls.heaptrack-raw.gz", "heaptrack", 400, 1],
  ["sed.ltrace.gz", "ltrace", 100, 1],
  ["xz.ltrace.gz", "ltrace", 50, 3],
  ["gawk.valgrind.gz", "valgrind", 1000, 1],
] as const)("%s", (file, format, least, threads) => {
  const made = recorded(file);
  const trace = parsed(made.text, file);

  it(`is ${format}'s, and has its operations and threads`, () => {
    expect(made.format).toBe(format);
    expect(made.operations).toBeGreaterThan(least);
    expect(made.threads).toBe(threads);
    expect(trace.count).toBe(made.operations);
    expect(trace.notes).toEqual([]);
  });

  it.each(["ilp32", "lp64"] as const)("replays, %s", (abi) => {
    expect(replayLog(trace, abi)).toHaveLength(trace.count);
  });
});

it("heaptrack's two files of ls differ in the order of frees alone", () => {
  const sizes = (file: string) =>
    recorded(file)
      .text.split("\n")
      .filter((line) => line.startsWith("a"))
      .map((line) => Number(line.split(" ")[2]));
  expect(sizes("ls.heaptrack.zst")).toEqual(sizes("ls.heaptrack-raw.gz"));
});

it("stacks and callers are labels", () => {
  const labels = (file: string) => {
    const trace = parsed(recorded(file).text);
    return Array.from({ length: trace.count }, (_, index) => labelOf(trace, index));
  };
  expect(labels("ls.heaptrack.zst")).toContainEqual(expect.stringMatching(/ <- .* <- /));
  expect(labels("ls.heaptrack-raw.gz")).toContainEqual(expect.stringMatching(/^ls\+0x.* <- libc/));
  expect(labels("xz.ltrace.gz")).toContain("liblzma.so.5");
});

it("what the importer makes of ltrace's wrong names is said", () => {
  expect(recorded("sed.ltrace.gz").notes.join("\n")).toMatch(
    /that libc itself makes, left out: 2,099 /,
  );
});
