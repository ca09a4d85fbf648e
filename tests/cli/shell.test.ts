// The shell run as a script: what it shows of its lines.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "./run.js";

const LINES = ["# a block", "quietly p = malloc(24)", "", "free(p)", "tcachebins"];

const OUTPUT = [
  "  - tcache[1] (chunks of 0x20) had 0 of 7: the block goes there (tcache_put)",
  "chunks, newest first",
  "tcachebins of thread 0",
  "  [1]   0x20       1 chunk: 0x1000198 -> 0x0",
];

describe("shell", () => {
  it("-f shows each line before its output, comments as they stand", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "shell-")), "script.txt");
    writeFileSync(path, LINES.join("\n"));
    const [call, ...bins] = OUTPUT;
    expect((await run(["shell", "-f", path])).stdout.trimEnd().split("\n")).toEqual([
      ...["# a block", "> quietly p = malloc(24)", "> free(p)", call],
      ...["> tcachebins", ...bins],
    ]);
  });

  it("-c and standard input show the output alone; free has no value", async () => {
    const options = LINES.flatMap((line) => ["-c", line]);
    const expected = OUTPUT.join("\n");
    expect((await run(["shell", ...options])).stdout.trimEnd()).toBe(expected);
    expect((await run(["shell"], LINES.join("\n"))).stdout.trimEnd()).toBe(expected);
  });

  it("changed names the flags of a chunk that has no other news", async () => {
    const lines = ["quietly a = malloc(2000); w = malloc(24)", "mark", "free(a)", "changed"];
    const { stdout } = await run(["shell", ...lines.flatMap((line) => ["-c", line])]);
    expect(stdout).toContain("~ 0x1000978  in use, PREV_INUSE -> none\n");
    expect(stdout).toContain("chunks: 0 came, 0 went, 2 changed\n");
  });

  it("a size of top that is too large is compared with its own arena", async () => {
    const lines = ["quietly malloc(24)", "write top+4 0xffffffff", "try_malloc 2000"];
    const { stdout } = await run(["shell", ...lines.flatMap((line) => ["-c", line])]);
    expect(stdout).toMatch(/corrupted top size[^]*av->system_mem +0x22000 /);
  });
});
