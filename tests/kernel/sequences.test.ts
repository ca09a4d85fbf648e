// Stored sequences of random system calls, recorded on a Linux kernel: after every step the result,
// the regions, the resident pages and the process's sizes are the same here. To compare thousands
// of new ones: `node tests/kernel/sequences.mjs --count 1000`.

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseFileSequences, replayFiles } from "./support/file-sequence.js";
import { parseGuardSequences, replayGuard } from "./support/guard-sequence.js";
import { histogram, outcome, parseSequences, replaySequence } from "./support/sequence.js";

const folder = new URL("golden/sequences/", import.meta.url);
const AT_ONCE = 10;

function read(file: string): string {
  return gunzipSync(readFileSync(new URL(file, folder))).toString("latin1");
}

const files = readdirSync(folder).filter((file) => file.endsWith(".txt.gz"));
const recordings = files.map((file) => ({ file, text: read(file) }));
const all = recordings.flatMap(({ text }) => parseSequences(text));
const onFiles = recordings
  .filter(({ file }) => file.startsWith("files"))
  .flatMap(({ text }) => parseFileSequences(text));
const aroundGuards = recordings
  .filter(({ file }) => file.startsWith("guard"))
  .flatMap(({ text }) => parseGuardSequences(text));
const onMemory = all.filter(({ kind }) => kind !== "files" && !kind.startsWith("guard"));

describe("what is stored", () => {
  test("at least 200 sequences of 50 calls, each with the kernel that it is from", () => {
    expect(all.length).toBeGreaterThanOrEqual(200);
    expect(all.filter(({ steps }) => steps.length !== 50)).toEqual([]);
    for (const { text } of recordings) expect(text).toMatch(/^# Recorded on Linux \d+\.\d+\.\d+, /);
  });

  test("at least 500 of them map what grows down, where the kernel looks from the top", () => {
    const isDown = (line: string): boolean => /^mmap \S+ \S+ \S+ 1\w\w /.test(line);
    const down = aroundGuards.filter(({ isUp, lines }) => !isUp && lines.some(isDown));
    expect(down.length).toBeGreaterThanOrEqual(500);
  });

  test("the stored histogram is theirs", () => {
    const stored: unknown = JSON.parse(readFileSync(new URL("histogram.json", folder), "utf8"));
    expect(histogram(all)).toEqual(stored);
  });

  test("at least 60 % of the calls succeed, and each error of each call comes 20 times", () => {
    const steps = all.flatMap((sequence) => sequence.steps);
    const succeeded = steps.filter((step) => outcome(step) === "ok").length;
    expect(succeeded / steps.length).toBeGreaterThanOrEqual(0.6);
    const rare = Object.entries(histogram(all)).filter(([, count]) => count < 20);
    expect(rare).toEqual([]);
  });
});

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  for (let i = 0; i < onMemory.length; i += AT_ONCE) {
    const some = onMemory.slice(i, i + AT_ONCE);
    test(`${some[0]?.name} to ${some.at(-1)?.name}`, () => {
      for (const sequence of some) expect(replaySequence(sequence, abi)).toBeUndefined();
    });
  }
  for (let i = 0; i < onFiles.length; i += AT_ONCE) {
    const some = onFiles.slice(i, i + AT_ONCE);
    test(`${some[0]?.name} to ${some.at(-1)?.name}`, () => {
      for (const sequence of some) expect(replayFiles(sequence, abi)).toBeUndefined();
    });
  }
  for (let i = 0; i < aroundGuards.length; i += 5 * AT_ONCE) {
    const some = aroundGuards.slice(i, i + 5 * AT_ONCE);
    test(`${some[0]?.name} to ${some.at(-1)?.name}`, () => {
      for (const sequence of some) expect(replayGuard(sequence, abi)).toBeUndefined();
    });
  }
});

test("canary: another byte of a file, another page in memory is noticed", () => {
  const sequence = onFiles[0]!;
  const changed = (prefix: string, edit: (line: string) => string): boolean => {
    const copy = structuredClone(sequence) as { steps: string[][]; sizes: number[]; name: string };
    const step = copy.steps.findIndex((lines) => lines.some((line) => line.startsWith(prefix)));
    copy.steps[step] = copy.steps[step]!.map((line) =>
      line.startsWith(prefix) ? edit(line) : line,
    );
    return replayFiles(copy, "ilp32")?.step === step;
  };
  expect(changed("F", (line) => `${line}0`)).toBe(true);
  expect(changed("V", (line) => line.replace(/~\w+/, "~f"))).toBe(true);
});

test("canary: another result, another region, another size is noticed", () => {
  const sequence = parseSequences(
    recordings.find(({ file }) => file.startsWith("mapping"))?.text ?? "",
  )[0]!;
  const at = sequence.steps.findIndex(({ changes }) => changes.length > 1);
  const changed = (edit: (step: (typeof sequence.steps)[number]) => void): number | undefined => {
    const copy = structuredClone(sequence);
    const step = copy.steps[at];
    if (step !== undefined) edit(step);
    return replaySequence(copy, "ilp32")?.step;
  };
  expect(changed((step) => (step.result = "-ENOMEM"))).toBe(at);
  expect(changed((step) => (step.changes[0] += "ac"))).toBe(at);
  expect(changed((step) => step.changes.pop())).toBe(at);
});

test("canary: another place, another region beside one that grows down is noticed", () => {
  const sequence = aroundGuards[0]!;
  const changed = (pattern: RegExp, edit: (line: string) => string): boolean => {
    const step = sequence.lines.findIndex((line) => pattern.test(line));
    const lines = sequence.lines.map((line, i) => (i === step ? edit(line) : line));
    return replayGuard({ ...sequence, lines }, "ilp32")?.step === step;
  };
  expect(changed(/^mmap 0 /, (line) => `${line}0`)).toBe(true);
  expect(changed(/^V/, (line) => line.replace("g", ""))).toBe(true);
});
