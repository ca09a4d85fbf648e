// The recorder still records what is stored: on a kernel of the recordings' version, where a C
// compiler is at hand.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { buildNative } from "../oracle/native.mjs";
import { describeNative } from "../support/native.js";

const folder = new URL("golden/sequences/", import.meta.url);
const AT_MOST = 3;

/** `6.18` of `6.18.44`. */
const series = (version: string): string => version.split(".").slice(0, 2).join(".");

/**
 * Whether pages that may only be executed cannot be read (memory protection keys): the stored
 * recordings are of a processor that has none.
 */
const hasProtectionKeys = (): boolean => /\bospke\b/.test(readFileSync("/proc/cpuinfo", "latin1"));

describeNative("sequences recorded again", "lp64", () => {
  // The other kinds set limits to what the program's own size makes of them.
  const files = ["mapping.txt.gz", "count.txt.gz", "touch.txt.gz", "policy.txt.gz", "guard.txt.gz"];

  test.for(files)("%s", (file, { skip }) => {
    const isGuard = file.startsWith("guard");
    const text = gunzipSync(readFileSync(new URL(file, folder))).toString("latin1");
    const recordedOn = /^# Recorded on Linux (\S+),/.exec(text)?.[1] ?? "";
    if (series(release()) !== series(recordedOn)) skip(`this is Linux ${release()}`);
    const name = isGuard ? "guard" : "sequences";
    const program = buildNative(name, "lp64", "tests/kernel/native");
    const about = isGuard ? "down" : file.replace(".txt.gz", "");
    const run = spawnSync(program, [about, "1", String(AT_MOST)], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    // Sizes at the start are the program's own: they depend on the C library and where it was
    // loaded.
    const strip = (recording: string): string[] =>
      recording.split("\n").filter((line) => !/^(start |#)/.test(line));
    const again = strip(run.stdout);
    expect(again.length).toBeGreaterThan(AT_MOST * 50);
    const recorded = strip(text).slice(0, again.length - 1);
    const readsCode =
      /^V .*--x[ps]/m.test(recorded.join("\n")) &&
      recorded.some((line) => line.startsWith("read "));
    if (readsCode && hasProtectionKeys()) skip("this processor has memory protection keys");
    expect(again.slice(0, -1)).toEqual(recorded);
  });
});
