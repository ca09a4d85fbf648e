// Whether freed memory went back to the system: what the page says is what the kernel did.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { startKernelSync, type Kernel } from "ptmalloc-wasm/kernel";
import { parseTrace } from "ptmalloc-wasm/trace";
import { expect, it } from "vitest";
import { readMoment, readNumbers } from "../../explorer/engine/look.js";
import { TraceMoments } from "../../explorer/engine/trace-moments.js";
import { whereFreed, whyKept } from "../../explorer/model/returned.js";
import { STATES } from "../../explorer/model/states.js";
import type { Moment } from "../../explorer/model/types.js";
import type { Moments } from "../../explorer/engine/moments.js";

function gitLog(): Moments {
  const bytes = gunzipSync(readFileSync(new URL("../../traces/git-log.rep.gz", import.meta.url)));
  const start = (): Kernel => startKernelSync({ abi: "ilp32", layout: "linux", startBrk: 2 ** 24 });
  return new TraceMoments(parseTrace(bytes, "git-log"), { abi: "ilp32", glibc: "2.36" }, start);
}

function at(moments: Moments, count: number): Moment {
  moments.to(count - 1);
  const before = readNumbers(moments.source);
  const operation = moments.operation(count);
  const births = {
    birthOf: moments.surveyor.birthsAt(count),
    threadOf: (index: number) => moments.surveyor.threadOf(index),
  };
  return readMoment(moments.source, count, operation, before, births);
}

it("says yes where the break went down, and what keeps the rest", () => {
  const moments = gitLog();
  const survey = moments.surveyor.survey();
  const answers = new Map<string, number>();
  for (let count = 4000; count < 4600; count++) {
    const moment = at(moments, count);
    const found = whereFreed(moment, survey);
    if (found === undefined) continue;
    const [brk] = moment.mm.filter(({ name }) => name === "brk");
    const isDown = brk!.value < brk!.before;
    expect(found.text.startsWith("Yes: the break"), found.text).toBe(isDown);
    const kind = found.text.slice(0, 24);
    answers.set(kind, (answers.get(kind) ?? 0) + 1);
    if (found.keeper === undefined) continue;
    // What keeps it lies right before top, and is no chunk that could be merged.
    const { state } = moment.chunks;
    expect(STATES[state[found.keeper + 1]!]).toBe("top");
    expect(STATES[state[found.keeper]!]).toMatch(/^(used|tcache|fastbin)/);
  }
  expect(answers.size).toBeGreaterThan(3);
  const moment = at(moments, 5000);
  const top = moment.chunks.state.indexOf(STATES.indexOf("top"));
  expect(whyKept(moment, top)!.text).toMatch(/top has 131 KiB.*trim_threshold \(128 KiB\)/);
  expect(whyKept(moment, moment.chunks.state.indexOf(STATES.indexOf("used")))).toBeUndefined();
});
