// The contestants in WebAssembly: compiles bench/assembly with asc and instantiates what comes out.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startProcessSync } from "../src/host/process.js";
import type { Abi } from "../src/layout/address.js";
import { output, root } from "./paths.js";

/** A size_t or a pointer as JavaScript passes it: a number in ilp32, a BigInt in lp64. */
type Word = number | bigint;

/** What every module with the benchmark's loops exports. */
export interface LoopExports {
  readonly malloc: (bytes: Word) => Word;
  readonly free: (block: Word) => void;
  pairs(rounds: number, bytes: Word): Word;
  batches(rounds: number, blocks: number, bytes: Word, table: number): Word;
}

/** What the modules export that replay traces. */
export interface ReplayLoopExports {
  replay(begin: number, end: number, blocks: number): number;
  release_all(blocks: number, count: number): void;
}

/** AssemblyScript's own allocators put their heap here; below it are the operations and the block table. */
export const FOREIGN_HEAP_BASE = 32 << 20;

/** Most memory of a module with threads, in pages: 1 GiB. */
export const MEMORY_PAGES = 16_384;

const COMMON = [
  "--target",
  "release",
  "--use",
  "HEAP_CHECK=0",
  "--use",
  "SYSCALL_TRACE=0",
  "--use",
  "CRASH_POINTS=0",
  "--disableWarning",
  "201",
];
// What this project's builds get beyond asc, the others get, too.
const OPTIMIZE = ["--transform", "./tools/optimize-transform.mjs"];
const LAYOUT = ["--transform", "./tools/layout-transform.mjs"];
const JOURNAL = ["--transform", "./tools/journal-transform.mjs"];
const ALONE = ["--use", "THREADS=0"];
const SHARED = ["--enable", "threads", "--sharedMemory", "--maximumMemory", String(MEMORY_PAGES)];
const BASE = ["--memoryBase", String(FOREIGN_HEAP_BASE)];

/** How each module is compiled. */
const MODULES = {
  empty: ["bench/assembly/empty.ts", "--use", "word=u32"],
  tlsf: ["bench/assembly/tlsf.ts", "--use", "word=u32", "--runtime", "minimal", ...BASE],
  stub: ["bench/assembly/stub.ts", "--use", "word=u32", "--runtime", "stub", ...BASE],
  "ptmalloc.ilp32": ["bench/assembly/ptmalloc.ts", "--use", "word=u32", ...LAYOUT],
  "ptmalloc.lp64": ["bench/assembly/ptmalloc.ts", "--use", "word=u64", ...LAYOUT],
  "unchecked.ilp32": [
    ...["assembly/replay/index.ts", "--use", "word=u32", ...LAYOUT],
    ...["--transform", "./bench/assembly/no-checks.mjs"],
  ],
  "many.ilp32": ["bench/assembly/many.ts", "--use", "word=u32"],
  "many.lp64": ["bench/assembly/many.ts", "--use", "word=u64"],
  "threads-nothing": ["bench/assembly/thread-nothing.ts", "--use", "word=u32", ...SHARED],
  "threads-ptmalloc": [
    ...["bench/assembly/thread-ptmalloc.ts", "--use", "word=u32", ...LAYOUT],
    ...["--enable", "threads"],
  ],
  "threads-ptmalloc-shared": [
    ...["bench/assembly/thread-ptmalloc-shared.ts", "--use", "word=u32", ...LAYOUT, ...JOURNAL],
    ...["--use", "THREADS=1", ...SHARED],
  ],
} as const;

/** Name of a module of the benchmark. */
export type ModuleName = keyof typeof MODULES;

const compiled = new Map<ModuleName, WebAssembly.Module>();

/** Compiles a module, once a run. @throws Error with the compiler's output */
export function wasmModule(name: ModuleName): WebAssembly.Module {
  const known = compiled.get(name);
  if (known) return known;
  mkdirSync(output, { recursive: true });
  const file = join(output, `${name}.wasm`);
  const [entry, ...options] = MODULES[name];
  const asc = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
  const threads = options.some((option) => option === "THREADS=1") ? [] : ALONE;
  const args = [asc, entry, ...COMMON, ...threads, ...options, ...OPTIMIZE, "--outFile", file];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`asc failed for ${name}:\n${run.stderr}`);
  const module = new WebAssembly.Module(readFileSync(file));
  compiled.set(name, module);
  return module;
}

/** An instance in a memory of its own. */
export interface ForeignInstance<Exports> {
  readonly exports: Exports;
  readonly memory: WebAssembly.Memory;
}

/**
 * Instantiates one of AssemblyScript's allocators (or `empty`).
 *
 * @param maximumPages limit of its memory, in pages of 64 KiB
 */
export function foreignInstance<Exports = LoopExports & ReplayLoopExports>(
  name: "empty" | "tlsf" | "stub",
  maximumPages: number,
): ForeignInstance<Exports> {
  const initial = FOREIGN_HEAP_BASE / 65_536 + 1;
  const memory = new WebAssembly.Memory({ initial, maximum: Math.max(initial, maximumPages) });
  const abort = (): never => {
    throw new Error("the allocator aborted");
  };
  const { exports } = new WebAssembly.Instance(wasmModule(name), { env: { memory, abort } });
  return { exports: exports as unknown as Exports, memory };
}

/** Table of blocks of a process started by {@link ptmallocInstance}: 960 KiB of it. */
export const PTMALLOC_TABLE = 65_536;

/** Starts a process of this project's allocator, compiled with the benchmark's loops. @returns its exports */
export function ptmallocInstance(abi: Abi): LoopExports {
  const wasm = wasmModule(`ptmalloc.${abi}`);
  return startProcessSync({ abi, wasm, base: 1 << 20 }).raw as unknown as LoopExports;
}
