// What does a system call cost when there are more regions?
//
// Rationale: Linux promises that mmap, munmap and brk do not slow down as an address space fills; a
// table that is walked from its start would. Regions are created in random order. Pairs take the
// first free page and give it back, brk moves by one page, a search must find one of up to 256
// gaps, at random, among gaps of one page, and the last two operations split a region somewhere
// inside and merge it again.
//
// Caveats: `no such call` is the way from JavaScript into WebAssembly and back, and part of every
// other figure; in lp64 it converts seven BigInts. A search is an mmap that asks for neither
// private nor shared memory: refused, but, as in Linux, after a place has been found. What is
// mapped anew must read as zero, so a page that once was given back is read (4 KiB) and, as nobody
// wrote there, not cleared. Regions have 195,000 pages together whatever their number, as otherwise
// ten regions would have ten pages in the cache. The nodes of ten regions are in the first-level
// cache and those of 65,000, 4 to 5 MiB, are not.

import type { Abi } from "../../src/layout/address.js";
import { race } from "../lab/harness.js";
import { ratio, scaled, type Cell, type Question, type Row } from "../lab/question.js";
import { NO_CALL, OPERATIONS, callContestant } from "../contestants/regions.js";

const COUNTS = [10, 1000, 65_000] as const;
const ABIS: readonly Abi[] = ["ilp32", "lp64"];
const TARGET = 4;

export const kernel: Question = {
  name: "kernel",
  question: "What does a system call cost when there are more regions?",
  async answer(scale) {
    const effort = scaled({ rounds: 6, seconds: 0.06 }, scale);
    const rows: Row[] = [];
    for (const abi of ABIS) {
      for (const operation of [NO_CALL, ...OPERATIONS]) {
        const contestant = `${operation.name}, ${abi}`;
        const entrants = COUNTS.map((count) =>
          callContestant(String(count), operation, abi, count),
        );
        const found = await race(contestant, entrants, effort);
        const cells = [...found.values()].map(({ median, best }): Cell => ({ median, best }));
        rows.push({ contestant, cells });
      }
    }
    return {
      unit: "ns a call",
      columns: COUNTS.map((count) => `${count.toLocaleString("en")} regions`),
      rows,
      ratios: rows
        .filter(({ contestant }) => !contestant.startsWith(NO_CALL.name))
        .flatMap(({ contestant, cells }) =>
          ratio(`${contestant}: 65,000 to 10`, cells[2] ?? null, cells[0] ?? null, TARGET),
        ),
      notes: [],
    };
  },
};
