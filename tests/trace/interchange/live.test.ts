// A program that makes every kind of call, recorded by each of the programs that are here.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { unpacked } from "../../../src/cli/exchange/unpack.js";
import { importRecording, type RecordingFormat } from "../../../src/trace/interchange/import.js";
import { describeWith } from "./support.js";

const PROGRAM = `
#include <malloc.h>
#include <mcheck.h>
#include <stdlib.h>

int main(void) {
  mtrace();
  void *a = malloc(100), *c = calloc(3, 40), *m = memalign(64, 200), *r = realloc(NULL, 50);
  r = realloc(r, 5000);
  free(a), free(c);
  r = realloc(r, 0);
  a = malloc(77);
  free(m);
  return a == NULL;
}
`;
const ALL = ["a 0 100", "c 1 3 40", "m 2 64 200", "r 3 50", "r 3 5000"];
const REST = ["f 0", "f 1", "r 3 0", "a 3 77", "f 2"];
let made: string | undefined;

afterAll(() => {
  if (made !== undefined) rmSync(made, { recursive: true });
});

/** The folder with the program, compiled when it is asked for first. */
function folder(): string {
  if (made !== undefined) return made;
  made = mkdtempSync(join(tmpdir(), "exchange-live-"));
  const source = join(made, "calls.c");
  writeFileSync(source, PROGRAM);
  execFileSync("cc", ["-O0", "-fno-builtin", "-w", "-o", join(made, "calls"), source]);
  return made;
}

/** Runs a recorder in the folder. @returns why it cannot, undefined if it can */
function run(words: readonly string[], env: Record<string, string> = {}): string | undefined {
  const [program = "", ...args] = words;
  const { status, stderr } = spawnSync(program, args, {
    cwd: folder(),
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return status === 0 ? undefined : `status ${status}: ${stderr}`;
}

/** The operations of a recording, without labels. */
function operations(file: string, format: RecordingFormat): string[] {
  const path = join(folder(), file);
  const { text } = importRecording(unpacked(readFileSync(path), file), file, format);
  const lines = text.trimEnd().split("\n").slice(4);
  return lines.map((line) => line.replace(/ #.*/, ""));
}

describeWith("valgrind", "valgrind", "recording by valgrind", () => {
  it("has all calls", () => {
    const words = ["valgrind", "--trace-malloc=yes", "--log-file=valgrind.txt", "./calls"];
    expect(run(words)).toBeUndefined();
    expect(operations("valgrind.txt", "valgrind")).toEqual([...ALL, ...REST]);
  });
});

describeWith("ltrace", "ltrace", "recording by ltrace", () => {
  it("has all calls", ({ skip }) => {
    const why = run(["ltrace", "-f", "-o", "ltrace.txt", "./calls"]);
    // Some containers forbid ptrace.
    skip(/Operation not permitted|PTRACE/.test(why ?? ""), `ltrace cannot trace here: ${why}`);
    expect(why).toBeUndefined();
    expect(operations("ltrace.txt", "ltrace")).toEqual([...ALL, ...REST]);
  });
});

describeWith("heaptrack", "heaptrack", "recording by heaptrack", () => {
  it.each([
    ["interpreted", []],
    ["raw", ["-r"]],
  ])("has sizes and frees, %s", (name, options) => {
    expect(run(["heaptrack", ...options, "-o", name, "./calls"])).toBeUndefined();
    const file = readdirSync(folder()).find((path) => path.startsWith(`${name}.`))!;
    const calls = operations(file, "heaptrack").map((line) => line.replace(/^(.) \d+/, "$1"));
    // libstdc++, which heaptrack brings, has a block of its own. memalign, and what realloc to
    // 0 bytes frees, heaptrack 1.4 does not see.
    const [first, ...rest] = calls;
    expect(first).toBe("a 72704");
    expect(rest).toEqual(["a 100", "a 120", "a 50", "f", "a 5000", "f", "f", "a 77", "f"]);
  });
});

describeWith("mtrace", "libc-devtools", "recording by mtrace", () => {
  it("has sizes, reallocs and frees", () => {
    const env = { LD_PRELOAD: "libc_malloc_debug.so.0", MALLOC_TRACE: "mtrace.txt" };
    expect(run(["./calls"], env)).toBeUndefined();
    expect(operations("mtrace.txt", "mtrace")).toEqual([
      ...["a 0 100", "a 1 120", "a 2 200", "a 3 50", "r 3 5000"],
      ...["f 0", "f 1", "f 3", "a 3 77", "f 2"],
    ]);
  });
});
