// Addresses above 2 GiB, where a signed 32-bit number turns negative: the checker and the replayer
// over a full address space.

import { describe, expect, it } from "vitest";
import { startProcess } from "../../src/process/process.js";
import { parseTrace } from "../../src/trace/parse.js";
import { replayAddresses } from "../../src/trace/replay.js";
import { campaign, isShort } from "../support/campaign.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const LIMIT = 4 * GIB - 65536;

/**
 * Where a heap has its place, and its largest blocks. The checker looks at every page, and engines
 * get each from the system: the short form has but the addresses at which something can go wrong.
 */
const PLACES = campaign({
  short: [
    { place: "around 2 GiB", base: 2 * GIB - 64 * MIB, end: 2 * GIB + 64 * MIB, largest: 2 * MIB },
    { place: "up to 4 GiB", base: LIMIT - 128 * MIB, end: LIMIT, largest: 2 * MIB },
  ],
  ci: [{ place: "of nearly 4 GiB", base: 65536, end: LIMIT, largest: 64 * MIB }],
});

describe.each(PLACES)("a heap $place", ({ base, end, largest }) => {
  // As the layouts have it in the whole of the address space, which the default is for.
  const third = base + Math.floor((end - base) / 3 / 4096) * 4096;
  const mmapBases = { linux: third, "top-down": end, compact: 0 };

  it.each(["linux", "top-down", "compact"] as const)(
    "the checker follows it, %s",
    async (layout) => {
      const process = await startProcess({
        ...{ build: "checked", layout, base, taskSize: end },
        ...(isShort && { mmapBase: mmapBases[layout] }),
      });
      const blocks: number[] = [];
      for (const bytes of [largest, largest / 64, 100_000, 1000]) {
        // Small sizes only until the address space is full: a few show that it is.
        for (let count = 0; count < 256; count++) {
          const block = process.malloc(bytes);
          if (block === 0) break;
          process.u8()[block] = 1;
          process.u8()[block + bytes - 1] = 1;
          blocks.push(block);
        }
      }
      expect(Math.max(...blocks)).toBeGreaterThan(base + (7 / 8) * (end - base));
      expect(process.raw.check_heap()).toBe(0);
      for (const block of blocks) process.free(block);
      expect(process.raw.check_heap()).toBe(0);
      expect(process.mallinfo2().hblkhd).toBe(0);
    },
  );
});

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
