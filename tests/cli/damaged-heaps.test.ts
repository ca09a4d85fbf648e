// One flipped bit in a field that means something: every command that looks at the heap goes on,
// and ends, with lines or a message. And what is damaged is named, or the checker finds nothing
// wrong either.

import { describe, expect, it } from "vitest";
import { HEAP_COMMANDS } from "../../src/shell/commands/all.js";
import { subject } from "../../src/shell/subject.js";
import { UserError } from "../../src/cli/io.js";
import { colorsFor } from "../../src/cli/tables.js";
import { checkProcess } from "../../src/inspect/checks.js";
import { HeapAbort } from "../../src/process/failures.js";
import { wordBytes } from "../../src/layout/address.js";
import { campaign } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import { ABIS, RandomProgram, startFull, type FullProcess } from "../inspect/play.js";

const HEAPS = campaign({ short: 40, ci: 120, full: 1000 });
const NO_STREAM = { write: () => true };
const STYLE = {
  width: 100,
  colors: colorsFor({ env: {}, stdin: process.stdin, stdout: NO_STREAM, stderr: NO_STREAM }),
};

/** Flips a bit of a chunk's header, a link, an arena, a tcache or malloc_par. */
function flip(process: FullProcess, blocks: readonly number[], random: Prng): number {
  const bytes = wordBytes(process.abi);
  const { mainArena, mallocPar, threads } = process.places;
  const { structs } = process;
  const tcache = process.view().getUint32(threads + structs.ThreadData.fields.tcache.offset, true);
  const at = random.pick([
    random.pick(blocks) - bytes,
    random.pick(blocks) - bytes,
    random.pick(blocks) + bytes * random.int(0, 1),
    mainArena + 4 * random.int(0, structs.MallocState.size / 4 - 1),
    mallocPar + 4 * random.int(0, structs.MallocPar.size / 4 - 1),
    tcache + 4 * random.int(0, structs.TcachePerthreadStruct.size / 4 - 1),
  ]);
  const view = process.view();
  view.setUint32(at, (view.getUint32(at, true) ^ (1 << random.int(0, 31))) >>> 0, true);
  return at;
}

/** Runs a command. @returns its lines, or the message that it ended with */
function outcomeOf(process: FullProcess, command: (typeof HEAP_COMMANDS)[number], mem: number) {
  const args = (command.parameters ?? []).map(({ name }) => (name === "bytes" ? "40" : `${mem}`));
  try {
    const report = command.run(subject("damaged", process, { process }), { args, options: {} });
    JSON.stringify(report.json);
    return [...report.lines(STYLE)].join("\n");
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof HeapAbort)) throw error;
    return error.message;
  }
}

describe.each(ABIS)("damaged heaps, %s", (abi) => {
  it(`${HEAPS} flipped bits: every command ends, and damage is named`, { timeout: 900_000 }, () => {
    const slow: string[] = [];
    const silent: string[] = [];
    let found = 0;
    for (let seed = 1; seed <= HEAPS; seed++) {
      const random = new Prng(seed);
      const heap = startFull({ abi });
      const program = new RandomProgram(heap, random);
      do program.run(200);
      while (program.blocks.length < 10);
      const mem = random.pick(program.blocks);
      const freed = program.blocks.splice(0, 8);
      for (const block of freed) heap.free(block);
      const at = flip(heap, [...program.blocks, ...freed], random);
      for (const command of HEAP_COMMANDS.filter(({ needsTimeline }) => needsTimeline !== true)) {
        const begin = performance.now();
        const text = outcomeOf(heap, command, mem);
        const ms = performance.now() - begin;
        if (ms > 1000) slow.push(`seed ${seed}: ${command.name}: ${Math.round(ms)} ms`);
        if (command.name === "check" && text !== "sound") found++;
        else if (command.name === "check" && checkProcess(heap) !== undefined)
          silent.push(`seed ${seed}, bit at ${at}`);
      }
    }
    expect(slow).toEqual([]);
    expect(silent).toEqual([]);
    expect(found).toBeGreaterThan(HEAPS / 8);
  });
});
