// Do programs in C run as fast with this malloc as with the one that their C library brings?
//
// Rationale: a heap that other modules can use is no use if they get slower by it. The programs are
// compiled by clang with wasi-libc. Three are Debian's sources: Lua, whose workload makes trees,
// strings, tables and closures, all by realloc, freed by a collector in bursts; cmark, which turns
// a document of 2.4 MB into a tree and that into HTML, with calloc, realloc and free; and SQLite
// with a database in memory, pages that stay and the many sizes of blocks that statements take.
// Some tenth of their time is malloc's, of SQLite's less. Two were written here after benchmarks
// that papers on malloc use, and have more of it: `cfrac-like` factors integers by continued
// fractions, in tiny blocks that hardly live; `espresso-like` minimises logic, in small sets, some
// of which stay, and in arrays of them. The same objects are linked three ways: with wasi-libc's
// own dlmalloc; with malloc imported, over a heap (`linkGuest`); and merged with the heap
// (`ptmalloc-wasm link`). dlmalloc also takes part after the optimiser that makes the merged
// module, so that what that gains counts for nobody.
//
// Caveats: needs clang, lld, wasi-libc and Debian's archive, and for SQLite make, cc and tclsh;
// without them what needs them is left out and the run says so. A sample is a whole run of the
// program in a new memory, with one compiled module: what it does besides malloc is in it, and is
// the same for all. dlmalloc grows its memory by what it needs, this heap by a quarter of
// its own.

import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { buildPackage } from "../contestants/binaries.js";
import {
  bytesOf,
  wasiProgram,
  workloadOf,
  type ProgramName,
} from "../contestants/guests/builds.js";
import { linkedProgram, wholeProgram, type GuestRunner } from "../contestants/guests/runs.js";
import { race, type Contestant, type RaceResult } from "../lab/harness.js";
import { root } from "../lab/paths.js";
import { optimizerOptions } from "../../src/cli/link/merge.js";
import { ratio, scaled, type Cell, type Question, type Ratio, type Row } from "../lab/question.js";

const PROGRAMS = ["lua", "cmark", "sqlite", "cfrac-like", "espresso-like"] as const;

const NAMES = {
  theirs: "dlmalloc (wasi-libc)",
  optimised: "dlmalloc, optimised as well",
  imported: "ptmalloc-wasm, imported",
  merged: "ptmalloc-wasm, merged",
  importedFast: "throughput, imported",
  mergedFast: "throughput, merged",
} as const;

function merged(file: string, ...options: readonly string[]): string {
  const out = file.replace(/\.wasm$/, `.merged${options.length}.wasm`);
  const cli = join(root, "dist", "cli", "main.js");
  const args = [cli, "link", file, "-o", out, ...options];
  execFileSync(process.execPath, args, { stdio: "pipe" });
  return out;
}

function optimised(file: string): string {
  const out = file.replace(/\.wasm$/, ".optimised.wasm");
  const tool = join(root, "node_modules", "binaryen", "bin", "wasm-opt");
  execFileSync(process.execPath, [tool, ...optimizerOptions("3"), file, "-o", out], {
    stdio: "pipe",
  });
  return out;
}

function runners(program: ProgramName, stdout: number): Record<string, GuestRunner> {
  const given = { ...workloadOf(program), stdout };
  const theirs = wasiProgram(program, "dlmalloc");
  const ours = wasiProgram(program, "ptmalloc");
  return {
    [NAMES.theirs]: wholeProgram(bytesOf(theirs), given),
    [NAMES.optimised]: wholeProgram(bytesOf(optimised(theirs)), given),
    [NAMES.imported]: linkedProgram(bytesOf(ours), given),
    [NAMES.merged]: wholeProgram(bytesOf(merged(ours)), given),
    [NAMES.importedFast]: linkedProgram(bytesOf(ours), given, { profile: "throughput" }),
    [NAMES.mergedFast]: wholeProgram(bytesOf(merged(ours, "--profile", "throughput")), given),
  };
}

function contestant(name: string, run: GuestRunner, sizes: Map<string, number>): Contestant {
  const clocked: number[] = [];
  return {
    name,
    unitsPerCall: 1,
    clocked,
    call() {
      const { nanoseconds, memoryBytes } = run();
      clocked.push(nanoseconds / 1e6);
      sizes.set(name, memoryBytes / 2 ** 20);
    },
  };
}

/**
 * What became of a program: times by contestant, ms, and how large its memory was at the end, MiB.
 */
interface Outcome {
  readonly program: ProgramName;
  readonly times: RaceResult;
  readonly sizes: ReadonlyMap<string, number>;
}

async function outcomeOf(program: ProgramName, scale: number): Promise<Outcome> {
  const sizes = new Map<string, number>();
  const stdout = openSync("/dev/null", "w");
  try {
    const contestants = Object.entries(runners(program, stdout)).map(([name, run]) =>
      contestant(name, run, sizes),
    );
    const effort = scaled({ rounds: 5, seconds: 0.8 }, scale);
    return { program, times: await race(`guests, ${program}`, contestants, effort), sizes };
  } finally {
    closeSync(stdout);
  }
}

function cellOf({ times }: Outcome, name: string): Cell | null {
  const samples = times.get(name);
  return samples === undefined ? null : { median: samples.median, best: samples.best };
}

function ratiosOf(outcome: Outcome): Ratio[] {
  const against = (label: string, name: string, base: string, target?: number): Ratio[] =>
    ratio(`${outcome.program}: ${label}`, cellOf(outcome, name), cellOf(outcome, base), target);
  return [
    ...against("merged to dlmalloc", NAMES.merged, NAMES.theirs, 1),
    ...against("imported to dlmalloc", NAMES.imported, NAMES.theirs, 1.1),
    ...against("merged to dlmalloc, optimised as well", NAMES.merged, NAMES.optimised),
    ...against("throughput, merged, to dlmalloc", NAMES.mergedFast, NAMES.theirs, 0.97),
    ...against("throughput, imported, to dlmalloc", NAMES.importedFast, NAMES.theirs, 1.05),
    ...against("throughput, merged, to the optimised", NAMES.mergedFast, NAMES.optimised),
  ];
}

function sizesOf({ program, sizes }: Outcome): string {
  const list = [...sizes].map(([name, size]) => `${name} ${size.toFixed(1)}`).join(", ");
  return `${program}: MiB of memory at the end: ${list}`;
}

export const guests: Question = {
  name: "guests",
  isLong: true,
  question: "Do programs in C run as fast with this malloc as with their libc's?",
  async answer(scale) {
    const outcomes: Outcome[] = [];
    const notes: string[] = [];
    buildPackage();
    for (const program of PROGRAMS) {
      try {
        outcomes.push(await outcomeOf(program, scale));
      } catch (error) {
        notes.push(`${program} is left out: ${(error as Error).message}`);
      }
    }
    const rows = Object.values(NAMES).map((name): Row => {
      return { contestant: name, cells: outcomes.map((outcome) => cellOf(outcome, name)) };
    });
    return {
      unit: "ms a run",
      columns: outcomes.map(({ program }) => program),
      rows,
      ratios: outcomes.flatMap(ratiosOf),
      notes: [...notes, ...outcomes.map(sizesOf)],
    };
  },
};
