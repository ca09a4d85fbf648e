import { describe, expect, it } from "vitest";
import { ENGINES, measureEngine } from "../../../src/cli/engine/measure.js";
import type { Outcome } from "../../../src/trace/measure.js";
import { parseTrace } from "../../../src/trace/parse.js";

function traceOf(ops: string) {
  return parseTrace(new TextEncoder().encode(`0\n0\n0\n1\n${ops}`), "t");
}

/** An outcome as the allocator would have given it; only what the engine needs. */
function outcomeOf(trace: ReturnType<typeof traceOf>, refused: number[] = []): Outcome {
  const flags = new Uint8Array(trace.count);
  for (const index of refused) flags[index] = 1;
  return { abi: "lp64", refused: flags } as Outcome;
}

const EVERYTHING =
  "a 0 100\nc 1 3 8\nm 2 64 0\nr 0 10\nr 0 1000\nr 1 0\nr 2 5\nr -1 7\nf 0\nf -1\n";

describe.each(ENGINES)("measureEngine, %s", (kind) => {
  it("takes samples and asks the collector about each", async () => {
    const trace = traceOf(EVERYTHING);
    const spans: [number, number][] = [];
    let progress = 0;
    const { times, gcShare, failed } = await measureEngine(kind, trace, outcomeOf(trace), {
      repeat: 3,
      collector: {
        milliseconds: (from, to) => {
          spans.push([from, to]);
          return Promise.resolve((to - from) / 2);
        },
      },
      onProgress: (ops) => (progress += ops),
    });
    expect(times.samples).toHaveLength(3);
    expect(spans.every(([from, to]) => from <= to)).toBe(true);
    expect(gcShare).toBeCloseTo(0.5);
    expect(failed).toBe(0);
    expect(progress).toBe(4 * trace.count);
  });

  it("counts what is too large for the engine, and skips what the allocator refused", async () => {
    const trace = traceOf("a 0 9007199254740991\na 1 8\nr 1 18446744073709551615\nf 0\n");
    const both = await measureEngine(kind, trace, outcomeOf(trace), { repeat: 1 });
    // An object has no bytes.
    expect(both).toMatchObject({ kind, failed: kind === "object" ? 0 : 2, gcShare: null });
    const one = await measureEngine(kind, trace, outcomeOf(trace, [0]), { repeat: 1 });
    expect(one.failed).toBe(kind === "object" ? 0 : 1);
  });

  it("works on a trace without operations", async () => {
    const trace = traceOf("");
    const { times } = await measureEngine(kind, trace, outcomeOf(trace), { repeat: 1 });
    expect(times.median).toBe(0);
  });
});

describe("the pool", () => {
  it("hands out freed pieces again, by size class, and copies what is resized", async () => {
    let ops = "";
    for (let i = 0; i < 200; i++) ops += `a ${i} ${i * 37}\nr ${i} ${i * 61}\n`;
    for (let i = 0; i < 200; i += 2) ops += `f ${i}\n`;
    for (let i = 0; i < 200; i++) ops += `r ${i} ${i * 11}\na ${i + 200} ${i << 12}\n`;
    const trace = traceOf(ops);
    const found = await measureEngine("pool", trace, outcomeOf(trace), { repeat: 2 });
    expect(found).toMatchObject({ failed: 0 });
    expect(found.times.samples).toHaveLength(2);
  });
});
