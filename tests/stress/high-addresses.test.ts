// Addresses above 2 GiB, where a signed 32-bit number turns negative: the checker and the replayer
// over a full address space.

import { expect, it } from "vitest";
import { startProcess } from "../../src/process/process.js";
import { parseTrace } from "../../src/trace/parse.js";
import { replayAddresses } from "../../src/trace/replay.js";

const GIB = 2 ** 30;

it.each(["linux", "top-down", "compact"] as const)(
  "the checker follows a heap of nearly 4 GiB, %s",
  async (layout) => {
    const process = await startProcess({ build: "checked", layout });
    const blocks: number[] = [];
    for (const bytes of [64 * 2 ** 20, 2 ** 20, 100_000, 1000]) {
      // Small sizes only until the address space is full: a few show that it is.
      for (let count = 0; count < 256; count++) {
        const block = process.malloc(bytes);
        if (block === 0) break;
        process.u8()[block] = 1;
        process.u8()[block + bytes - 1] = 1;
        blocks.push(block);
      }
    }
    expect(Math.max(...blocks)).toBeGreaterThan(3.5 * GIB);
    expect(process.raw.check_heap()).toBe(0);
    for (const block of blocks) process.free(block);
    expect(process.raw.check_heap()).toBe(0);
    expect(process.mallinfo2().hblkhd).toBe(0);
  },
);

it("the address log knows blocks above 2 GiB", () => {
  const text = "0\n3\n5\n1\na 0 1200000000\na 1 1200000000\na 2 900000000\nr 2 500000000\nf 1\n";
  let logText = "";
  const trace = parseTrace(new TextEncoder().encode(text), "high.rep");
  const sink = (bytes: Uint8Array): void => void (logText += Buffer.from(bytes).toString("latin1"));
  const log = replayAddresses(trace, { layout: "top-down" }, { sink });
  const logged = logText.split("\n");
  // As native i386 glibc 2.36 logs them.
  expect(logged.slice(0, 4)).toEqual([
    "0 mmap 010 1200001008",
    "1 mmap 010 1200001008",
    "2 mmap 010 900001776",
    "3 mmap 010 500002800",
  ]);
  expect(log.info).toContain("hblks=2 hblkhd=1700003840");
});
