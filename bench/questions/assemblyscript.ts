// How long do AssemblyScript programs take on this project's runtimes, and how much memory?
//
// Rationale: a collector's allocator is judged by whole programs: what it hands out is linked,
// marked, swept and read again, and where it lies decides how fast that goes. bench/programs has
// seven that are heavy on garbage, in ordinary AssemblyScript. All contestants are the same
// sources, compiled by the same asc with the options that its users take for a release, and nothing
// else; the collectors are AssemblyScript's in both cases. With the minimal collector the host
// collects after each run, and that is timed, too.
//
// Caveats: times are the process's processor time, so that others on the machine disturb less; what
// V8 does beside the program is in them. Programs of this size have small heaps, 0.4 to 8 MiB. A
// memory grows ahead and never shrinks, so its size is what was needed at most, rounded up: TLSF
// doubles it, this project's heap adds a quarter.

import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { geometricMean } from "../../src/trace/statistics.js";
import { buildPackage } from "../contestants/binaries.js";
import { race, type Contestant } from "../lab/harness.js";
import { output, root } from "../lab/paths.js";
import { ratio, scaled, type Cell, type Question, type Row } from "../lab/question.js";
import { cellOf } from "../lab/sizes.js";

/** The programs, and how much each does in a run. */
const WORK = { trees: 12, json: 8, words: 12, cache: 60_000, rays: 80, tasks: 400, sorting: 6 };
type Program = keyof typeof WORK;
const PROGRAMS = Object.keys(WORK) as Program[];

const COLLECTORS = ["incremental", "minimal"] as const;
type Collector = (typeof COLLECTORS)[number];

const ours = (collector: Collector): string => `./node_modules/ptmalloc-wasm/as/${collector}`;

/** Whose allocator is below the collector, and what asc is told. */
const ALLOCATORS = {
  TLSF: (collector: Collector) => [collector],
  "ptmalloc-wasm glibc": (collector: Collector) => [ours(collector)],
  "ptmalloc-wasm throughput": (collector: Collector) => [
    ours(collector),
    "--use",
    "PTMALLOC_THROUGHPUT=1",
  ],
};
type Allocator = keyof typeof ALLOCATORS;

/** At most as long as TLSF was wanted, and of the profile that is made for speed, less. */
const TARGET = 1;
const TARGETS: Record<Exclude<Allocator, "TLSF">, Record<Collector, number>> = {
  "ptmalloc-wasm glibc": { incremental: TARGET, minimal: TARGET },
  "ptmalloc-wasm throughput": { incremental: 0.8, minimal: TARGET },
};
const OURS = Object.keys(TARGETS) as (keyof typeof TARGETS)[];
const NS_PER_MS = 1e6;
const NS_PER_US = 1e3;

type Exports = Readonly<Record<Program | "pages", (amount: number) => number>> & {
  readonly __collect: () => void;
};

interface Compiled {
  readonly name: string;
  readonly collector: Collector;
  readonly bytes: number;
  readonly module: WebAssembly.Module;
}

/** Compiles the programs as a user of the package would, in a folder in which it is installed. */
function compile(folder: string, allocator: Allocator, collector: Collector): Compiled {
  const file = join(folder, `${allocator}.${collector}.wasm`);
  const asc = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
  const options = ["-O3", "--noAssert", "--exportRuntime", "--outFile", file];
  const args = [asc, "programs/index.ts", "--runtime", ...ALLOCATORS[allocator](collector)];
  const run = spawnSync(process.execPath, [...args, ...options], {
    cwd: folder,
    encoding: "utf8",
  });
  if (run.status !== 0)
    throw new Error(`asc failed for ${allocator}, ${collector}:\n${run.stderr}`);
  const module = new WebAssembly.Module(readFileSync(file));
  return { name: `${allocator}, ${collector}`, collector, bytes: statSync(file).size, module };
}

function compileAll(): Compiled[] {
  buildPackage();
  const folder = join(output, "assemblyscript");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules", "ptmalloc-wasm"));
  symlinkSync(join(root, "bench", "programs"), join(folder, "programs"));
  const allocators = Object.keys(ALLOCATORS) as Allocator[];
  return COLLECTORS.flatMap((collector) =>
    allocators.map((allocator) => compile(folder, allocator, collector)),
  );
}

function instantiate({ module }: Compiled): Exports {
  const abort = (): never => {
    throw new Error("the program aborted");
  };
  const env = { abort, seed: () => 1 };
  return new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
}

/** One program on one runtime, and the memory that its instance has when all is done, pages. */
interface Entrant {
  readonly contestant: Contestant;
  readonly pages: () => number;
}

function entrant(compiled: Compiled, program: Program, answer: { value?: number }): Entrant {
  const exports = instantiate(compiled);
  const clocked: number[] = [];
  const call = (): void => {
    const before = process.cpuUsage();
    const found = exports[program](WORK[program]);
    if (compiled.collector === "minimal") exports.__collect();
    const { user, system } = process.cpuUsage(before);
    clocked.push(((user + system) * NS_PER_US) / NS_PER_MS);
    answer.value ??= found;
    if (found !== answer.value) {
      throw new Error(`${program} on ${compiled.name}: ${found} instead of ${answer.value}`);
    }
  };
  const contestant = { name: compiled.name, unitsPerCall: NS_PER_MS, clocked, call };
  return { contestant, pages: () => exports.pages(0) };
}

/** The ratios of this project's to TLSF's, program by program and over all. */
function ratios(rows: readonly Row[]): ReturnType<typeof ratio> {
  return COLLECTORS.flatMap((collector) =>
    OURS.flatMap((allocator) => {
      const each = PROGRAMS.flatMap((program, at) =>
        ratio(
          `${program}, ${collector}: ${allocator} to TLSF`,
          cellOf(rows, `${allocator}, ${collector}`, at),
          cellOf(rows, `TLSF, ${collector}`, at),
          TARGET,
        ),
      );
      const mean = (of: "best" | "median"): number => geometricMean(each.map((one) => one[of]));
      const label = `all, ${collector}: ${allocator} to TLSF, geometric mean`;
      const target = TARGETS[allocator][collector];
      return [...each, { label, best: mean("best"), median: mean("median"), target }];
    }),
  );
}

export const assemblyScript: Question = {
  name: "assemblyscript",
  question: "How long do AssemblyScript programs take on this project's runtimes?",
  async answer(scale) {
    const compiled = compileAll();
    const effort = scaled({ rounds: 5, seconds: 0.2 }, scale);
    const cells = new Map<string, Cell[]>(compiled.map(({ name }) => [name, []]));
    const memories = new Map<string, string[]>(compiled.map(({ name }) => [name, []]));
    for (const program of PROGRAMS) {
      const answer = {};
      const entrants = compiled.map((one) => entrant(one, program, answer));
      const found = await race(
        program,
        entrants.map(({ contestant }) => contestant),
        effort,
      );
      for (const { contestant, pages } of entrants) {
        const { median, best } = found.get(contestant.name)!;
        cells.get(contestant.name)!.push({ median, best });
        memories.get(contestant.name)!.push(`${program} ${(pages() / 16).toFixed(1)}`);
      }
    }
    const rows = [...cells].map(([contestant, row]): Row => ({ contestant, cells: row }));
    return {
      unit: "ms of processor time a run",
      columns: PROGRAMS,
      rows,
      ratios: ratios(rows),
      notes: compiled.map(
        ({ name, bytes }) =>
          `${name}: ${memories.get(name)!.join(", ")} MiB of memory; ` +
          `a module of ${bytes.toLocaleString("en")} bytes`,
      ),
    };
  },
};
