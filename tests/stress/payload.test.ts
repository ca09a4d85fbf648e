// What programs keep in their blocks: nothing is lost, nothing overlaps, and calloc's blocks are
// zero, whatever was there before. Every block is written to when it is served; that also makes
// every page dirty that calloc could take for a fresh one.

import { describe, expect, it } from "vitest";
import { startProcess, type ProcessOptions } from "../../src/process/process.js";
import { OpKind } from "../../src/layout/generated.js";
import { Player, type Step } from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import { NEVER_LIVE_SLOT, slotOf } from "../../src/trace/trace.js";
import { goldensOf, traceOf } from "../conformance/goldens.js";
import { sampled } from "../support/campaign.js";

/** Bytes written and compared at either end of a block. */
const EDGE = 4096;

/** Writes a block's mark: its slot, all over its ends. */
function mark(memory: Uint8Array, address: number, bytes: number, slot: number): void {
  memory.fill((slot % 255) + 1, address, address + Math.min(bytes, EDGE));
  memory.fill((slot % 255) + 1, address + Math.max(0, bytes - EDGE), address + bytes);
}

/**
 * Whether the first `bytes` bytes of a block, up to EDGE, still have the mark; and the last ones if
 * all of it is wanted.
 */
function isMarked(
  memory: Uint8Array,
  address: number,
  bytes: number,
  slot: number,
  isWhole: boolean,
): boolean {
  const isMark = (value: number): boolean => value === (slot % 255) + 1;
  if (!memory.subarray(address, address + Math.min(bytes, EDGE)).every(isMark)) return false;
  return (
    !isWhole || memory.subarray(address + Math.max(0, bytes - EDGE), address + bytes).every(isMark)
  );
}

const ZEROS = new Uint8Array(1 << 20);

function isZero(memory: Uint8Array, address: number, bytes: number): boolean {
  for (let at = 0; at < bytes; at += ZEROS.length) {
    const length = Math.min(ZEROS.length, bytes - at);
    const part = memory.subarray(address + at, address + at + length);
    if (Buffer.compare(part, ZEROS.subarray(0, length)) !== 0) return false;
  }
  return true;
}

const variants: Record<string, ProcessOptions<"ilp32", "core">> = {
  linux: {},
  "top-down": { layout: "top-down" },
  "compact, nothing mapped": { layout: "compact", tunables: { mmap_max: 0 } },
  "compact with mappings": { layout: "compact" },
  "trimmed eagerly": { tunables: "glibc.malloc.trim_threshold=4096:glibc.malloc.top_pad=0" },
  "a memory that was used before": { fresh: false },
};

const goldens = sampled(
  goldensOf("ilp32").filter((golden) => /^syn\d+$/.test(golden.name)),
  3,
);

describe.each(Object.entries(variants))("payloads survive: %s", (_variant, options) => {
  it.each(goldens.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    const trace = traceOf(golden);
    const process = await startProcess(options);
    if (options.fresh === false) {
      process.memory.grow(64);
      process.u8().fill(0xee, process.startBrk);
    }
    /** Bytes of the block on each slot. */
    const sizes = new Float64Array(trace.slots);
    const look = ({ index, kind, slot, before, result, bytes }: Step): void => {
      if (result === 0 || slot === NEVER_LIVE_SLOT) return;
      const memory = process.u8();
      if (kind === OpKind.CALLOC && !isZero(memory, result, bytes)) {
        expect.unreachable(`operation ${index}: calloc(${bytes}) is not zero`);
      }
      if (kind === OpKind.REALLOC && before !== 0) {
        const kept = Math.min(sizes[slot]!, bytes);
        if (!isMarked(memory, result, kept, slot, false)) {
          expect.unreachable(`operation ${index}: realloc lost the block's start`);
        }
      }
      mark(memory, result, bytes, slot);
      sizes[slot] = bytes;
    };
    const player = new Player(trace, new Threads(process, trace), look);
    const isIntact = (slot: number): boolean => {
      const block = player.block(slot);
      return block === 0 || isMarked(process.u8(), block, sizes[slot]!, slot, true);
    };
    for (let index = 0; index < trace.count; index++) {
      const slot = slotOf(trace.idKinds[index]!);
      if (!isIntact(slot)) expect.unreachable(`operation ${index}: block ${slot} has changed`);
      player.to(index + 1);
    }
    for (let slot = 0; slot < trace.slots; slot++) expect(isIntact(slot)).toBe(true);
  });
});
