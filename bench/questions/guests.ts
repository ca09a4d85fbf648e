// Does a program in C run as fast with this malloc as with the one that its C library brings?
//
// Rationale: a heap that other modules can use is no use if they get slower by it. The program is Lua, Debian's source, compiled by clang with
// wasi-libc; its workload makes trees, strings, tables and closures, so that some tenth of the time is malloc's. The same objects are
// linked three ways: with wasi-libc's own dlmalloc; with malloc imported, over a heap (`linkGuest`); and merged with the
// heap (`ptmalloc-wasm link`). dlmalloc also takes part after the optimiser that makes the merged module, so that what that gains
// counts for nobody.
//
// Caveats: needs clang, lld, wasi-libc and Debian's archive; without them it is left out and the run says so. A sample is a whole run of the program
// in a new memory, with one compiled module: what Lua does besides malloc is in it, and is the same for all. dlmalloc grows
// its memory by what it needs, this heap by a quarter of what there is.

import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, wasiProgram } from "../guest-builds.js";
import { linkedProgram, wholeProgram, type GuestRunner } from "../guest-runs.js";
import { race, type Contestant, type RaceResult } from "../harness.js";
import { output, root } from "../paths.js";
import { optimizerOptions } from "../../src/cli/link-merge.js";
import { ratio, scaled, type Cell, type Question, type Row } from "../question.js";

const NAMES = {
  theirs: "dlmalloc (wasi-libc)",
  optimised: "dlmalloc, optimised as well",
  imported: "ptmalloc-wasm, imported",
  merged: "ptmalloc-wasm, merged",
  importedExact: "imported, glibc's own tunables",
  mergedExact: "merged, glibc's own tunables",
} as const;

const ARGUMENTS = ["/workload.lua"];

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

function runners(stdout: number): Record<string, GuestRunner> {
  const given = { args: ARGUMENTS, folder: join(root, "bench", "guests"), stdout };
  const theirs = wasiProgram("lua", "dlmalloc");
  const ours = wasiProgram("lua", "ptmalloc");
  return {
    [NAMES.theirs]: wholeProgram(bytesOf(theirs), given),
    [NAMES.optimised]: wholeProgram(bytesOf(optimised(theirs)), given),
    [NAMES.imported]: linkedProgram(bytesOf(ours), given),
    [NAMES.merged]: wholeProgram(bytesOf(merged(ours)), given),
    [NAMES.importedExact]: linkedProgram(bytesOf(ours), given, { tunables: {} }),
    [NAMES.mergedExact]: wholeProgram(bytesOf(merged(ours, "--tunables", "")), given),
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

function cellOf(result: RaceResult, name: string): Cell | null {
  const samples = result.get(name);
  return samples === undefined ? null : { median: samples.median, best: samples.best };
}

export const guests: Question = {
  name: "guests",
  question: "Does a program in C run as fast with this malloc as with its libc's?",
  async answer(scale) {
    const sizes = new Map<string, number>();
    const notes: string[] = [];
    let result: RaceResult = new Map();
    const stdout = openSync(join(output, "guests.out"), "w");
    try {
      const contestants = Object.entries(runners(stdout)).map(([name, run]) =>
        contestant(name, run, sizes),
      );
      result = await race("guests", contestants, scaled({ rounds: 8, seconds: 1.5 }, scale));
    } catch (error) {
      notes.push(`left out: ${(error as Error).message}`);
    } finally {
      closeSync(stdout);
    }
    const rows = Object.values(NAMES).map((name): Row => {
      const size = sizes.get(name);
      return {
        contestant: name,
        cells: [cellOf(result, name), size === undefined ? null : { median: size, best: size }],
      };
    });
    const against = (label: string, name: string, base: string, target?: number) =>
      ratio(label, cellOf(result, name), cellOf(result, base), target);
    return {
      unit: "ms a run",
      columns: ["Lua", "memory at the end, MiB"],
      rows,
      ratios: [
        ...against("merged to dlmalloc", NAMES.merged, NAMES.theirs, 1),
        ...against("merged to dlmalloc, optimised as well", NAMES.merged, NAMES.optimised, 1),
        ...against("imported to dlmalloc", NAMES.imported, NAMES.theirs, 1.1),
        ...against("merged, glibc's own tunables, to dlmalloc", NAMES.mergedExact, NAMES.theirs),
        ...against(
          "imported, glibc's own tunables, to dlmalloc",
          NAMES.importedExact,
          NAMES.theirs,
        ),
      ],
      notes,
    };
  },
};
