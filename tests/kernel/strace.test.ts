// The memory system calls that malloc makes for the public traces, against what strace saw of
// native glibc 2.36 (i386): the same calls with the same arguments and results. To record:
// `node tests/kernel/record-strace.mjs traces/*.rep.gz`.

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseTrace } from "../../src/trace/parse.js";
import { Player } from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import { Machine } from "./support/machine.js";
import { logOfTrace } from "./support/strace-log.js";

const goldens = new URL("golden/strace/", import.meta.url);
const traces = new URL("../../traces/", import.meta.url);
const names = readdirSync(traces)
  .filter((file) => file.endsWith(".rep.gz"))
  .map((file) => file.replace(".rep.gz", ""));

/** The break begins at a multiple of 16 MiB, as in the native program. */
const START_BRK = 0x1000000;

function recorded(name: string): string[] {
  const text = gunzipSync(readFileSync(new URL(`${name}.log.gz`, goldens))).toString("latin1");
  return text.trimEnd().split("\n");
}

function replayed(name: string): string[] {
  const bytes = gunzipSync(readFileSync(new URL(`${name}.rep.gz`, traces)));
  const trace = parseTrace(bytes, name);
  const machine = new Machine({ abi: "ilp32", startBrk: START_BRK });
  // The native program has called sbrk before the first operation, so that libc knows the break.
  machine.process.raw.sbrk(0);
  machine.trace(true);
  new Player(trace, new Threads(machine.process, trace)).to();
  machine.trace(false);
  return logOfTrace(machine.traced, START_BRK);
}

test("every public trace has a recording", () => {
  expect(names.length).toBeGreaterThanOrEqual(19);
  expect(readdirSync(goldens).sort()).toEqual(names.map((name) => `${name}.log.gz`).sort());
});

describe("ilp32", () => {
  test.each(names)("%s", (name) => {
    expect(replayed(name)).toEqual(recorded(name));
  });
});
