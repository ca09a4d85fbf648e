// The heap after a run of a replay on workers, when no thread is inside a call: whether what is on
// the slots is what the trace leaves behind, what the whole-heap checker says, and what each arena
// has.

import { readArenas } from "../../inspect/arenas.js";
import type { Mallinfo2 } from "../../process/process.js";
import { chunkSizes } from "../../inspect/free-chunks.js";
import { mallocInfo } from "../../inspect/malloc-info.js";
import { chunkSizeOf } from "../../inspect/words.js";
import { Invariant, IS_MMAPPED, PAGE_SIZE } from "../../layout/generated.js";
import { wordBytes } from "../../layout/address.js";
import { BlockChecks, CheckError, type CheckTables } from "./block-checks.js";
import type { SharedRun } from "./shared-run.js";
import type { ThreadProcess } from "./threads.js";

/** An arena at the end of a run; bytes. */
export interface ArenaReport {
  readonly address: number;
  readonly heaps: number;
  /** What it has from the kernel. */
  readonly systemBytes: number;
  /** What is not free, tcaches' blocks and the arena's own included. */
  readonly usedBytes: number;
  /** The threads that have it. */
  readonly threads: number;
}

/** What the heap is like. */
export interface Inspection {
  /** Blocks on the slots, and the bytes that they were asked to have. */
  readonly liveBlocks: number;
  readonly liveBytes: number;
  /** main_arena, then the youngest first, as malloc_info numbers them. */
  readonly arenas: readonly ArenaReport[];
  readonly mallinfo2: Mallinfo2;
  readonly mallocInfo: string;
  /** Most address space that the process had, bytes. */
  readonly peakFootprintBytes: number;
}

/**
 * Looks at everything.
 * @param tables of the run, which must have been one that checks
 * @throws CheckError when something is not in order
 */
export function inspect(process: ThreadProcess, run: SharedRun, tables: CheckTables): Inspection {
  const broken = process.raw.check_heap();
  if (broken !== Invariant.HOLDS) {
    const name = Object.entries(Invariant).find(([, code]) => code === broken)?.[0];
    const where = (process.raw.check_address() >>> 0).toString(16);
    throw new CheckError(`heap invariant ${name ?? broken} does not hold at 0x${where}`);
  }
  const mallinfo2 = process.mallinfo2();
  const { blocks, bytes } = inspectBlocks(process, run, tables, mallinfo2);
  const arenas = readArenas(process).map((arena) => ({
    address: arena.address,
    heaps: arena.heaps.length,
    systemBytes: arena.state.systemMem,
    usedBytes: arena.state.systemMem - chunkSizes(process, arena).free,
    threads: arena.state.attachedThreads,
  }));
  return {
    liveBlocks: blocks,
    liveBytes: bytes,
    arenas,
    mallinfo2,
    mallocInfo: mallocInfo(process),
    peakFootprintBytes: process.mm().hiwaterVm * PAGE_SIZE,
  };
}

/** The blocks on the slots are whole, do not overlap, and are no more than malloc has given out. */
function inspectBlocks(
  process: ThreadProcess,
  run: SharedRun,
  tables: CheckTables,
  info: Mallinfo2,
): { blocks: number; bytes: number } {
  const checks = new BlockChecks(tables);
  const live: { address: number; end: number }[] = [];
  let bytes = 0;
  let mapped = 0;
  let inArenas = 0;
  run.blocks.forEach((address, slot) => {
    if (address === 0) return;
    checks.atEnd(process, slot, address);
    bytes += tables.sizes[slot]!;
    live.push({ address, end: address + process.usableSize(address) });
    const head = process.readWord(address - wordBytes(process.abi));
    if ((head & IS_MMAPPED) !== 0) mapped++;
    else inArenas += chunkSizeOf(head);
  });
  live.sort((a, b) => a.address - b.address);
  live.forEach(({ address }, index) => {
    if (index > 0 && live[index - 1]!.end > address)
      throw new CheckError(`two live blocks overlap at 0x${address.toString(16)}`);
  });
  if (mapped !== info.hblks)
    throw new CheckError(`${mapped} live blocks have a mapping; mallinfo2 counts ${info.hblks}`);
  if (inArenas > info.uordblks)
    throw new CheckError(
      `live blocks have ${inArenas} bytes of arenas; mallinfo2 counts ${info.uordblks}`,
    );
  return { blocks: live.length, bytes };
}
