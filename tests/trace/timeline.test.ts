// Any moment of a trace, back and forth: what is there is what a plain replay has there.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HeapView } from "../../src/inspect/chunks.js";
import { OpKind } from "../../src/layout/generated.js";
import { parseTrace } from "../../src/trace/parse.js";
import { Timeline } from "../../src/trace/timeline.js";
import { Prng } from "../support/prng.js";
import { HEAPS, playerOf, startFull } from "../inspect/play.js";

const PATHS = ["traces/git-log.rep.gz", "traces/threads/git-grep.rep.gz"];

function traceOf(path: string) {
  return parseTrace(gunzipSync(readFileSync(path)), path);
}

describe.each(HEAPS)("a timeline, $abi, glibc $glibc", (which) => {
  it.each(PATHS)("%s: random moments are those of a plain replay", (path) => {
    const trace = traceOf(path);
    const timeline = new Timeline(trace, startFull(which));
    const random = new Prng(5);
    for (let i = 0; i < 8; i++) {
      const count = random.int(0, trace.count);
      timeline.to(count);
      expect(timeline.done).toBe(count);
      const { process, player } = playerOf(trace, which);
      player.to(count);
      const chunks = [...new HeapView(process).chunks()];
      expect([...new HeapView(timeline.process).chunks()], `at ${count}`).toEqual(chunks);
    }
  });

  it("a block's life: born, moved, freed, and why there", () => {
    const text = "0 3 6 0\na 0 24\na 1 3000\nr 0 5000\nf 1\nf 0\na 2 24\n";
    const trace = parseTrace(new TextEncoder().encode(text), "t.rep");
    const timeline = new Timeline(trace, startFull(which));
    timeline.to(2);
    const life = timeline.lifeOf(4);
    expect(timeline.done).toBe(2);
    expect(life.events.map(({ index, kind }) => [index, kind])).toEqual([
      [0, OpKind.MALLOC],
      [2, OpKind.REALLOC],
      [4, OpKind.FREE],
    ]);
    const steps = life.events.map((event) => event.steps.map(({ name }) => name));
    expect(steps[0]).toContain("TOP_TAKE");
    expect(steps[1]).toContain("REALLOC_MOVE");
    expect(steps[2]).toContain("MERGE_TOP");
    expect(() => timeline.lifeOf(6)).toThrow("operation 6: the trace has 6");
    expect(() => timeline.to(7)).toThrow("operation 7: the trace has 6");
  });
});
