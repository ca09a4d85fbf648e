// Compiles what the benchmark with threads needs from C: bench/native/threads.c for this machine
// and bench/native/threads-wasm.c for WebAssembly. mimalloc comes from Debian's source package.

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Abi } from "../../../src/layout/address.js";
import { debianSource, run } from "../../../src/cli/bench/toolchain.js";
import { output, root } from "../../lab/paths.js";
import { HOST_BYTES } from "./loads.js";
import { BENCH_MEMORY_PAGES } from "../../../tools/builds.mjs";

const source = join(root, "bench", "native");
const PAGE = 65_536;

/**
 * What a shared memory begins with, in pages: the host's part, and 504 MiB, so that nothing need
 * grow while threads run.
 */
export const INITIAL_PAGES = 10_240;

const COMPILE = [
  "--target=wasm32-wasi",
  "-matomics",
  "-mbulk-memory",
  "-mmutable-globals",
  // Without Emscripten's dynamic linking there is no other model.
  "-ftls-model=local-exec",
  "-O3",
  "-DNDEBUG",
  "-fno-builtin-malloc",
  "-fno-builtin-free",
  "-w",
];

const LINK = [
  "--no-entry",
  "--shared-memory",
  "--import-memory",
  // wasi-libc's objects know nothing of threads: its string functions need not, and its malloc is
  // behind a lock.
  "--no-check-features",
  `--global-base=${HOST_BYTES}`,
  `--initial-memory=${INITIAL_PAGES * PAGE}`,
  `--max-memory=${BENCH_MEMORY_PAGES * PAGE}`,
  "--export=__stack_pointer",
  "--export=__wasm_init_tls",
];

const MODULES = {
  mimalloc: ["-DMIMALLOC"],
  dlmalloc: ["-DDLMALLOC"],
  nothing: ["-DNO_ALLOCATOR"],
} as const;

/**
 * Compiles the loads with an allocator for WebAssembly.
 * @throws Error where that cannot be done, with the reason
 */
export function threadsModule(name: keyof typeof MODULES): WebAssembly.Module {
  mkdirSync(output, { recursive: true });
  const object = join(output, `threads.${name}.o`);
  const file = join(output, `threads.${name}.wasm`);
  const folder = name === "mimalloc" ? debianSource("mimalloc") : null;
  const include =
    folder === null ? [] : [`-I${join(folder, "include")}`, `-I${join(folder, "src")}`];
  const input = join(source, "threads-wasm.c");
  run("clang", [...COMPILE, ...MODULES[name], ...include, "-c", input, "-o", object]);
  run("wasm-ld", [...LINK, object, "-L/usr/lib/wasm32-wasi", "-lc", "-o", file]);
  return new WebAssembly.Module(readFileSync(file));
}

/**
 * Compiles the loads for this machine.
 * @returns the program.
 * @throws Error where that cannot be done, with the reason
 */
export function threadsProgram(name: Abi | "nothing"): string {
  mkdirSync(output, { recursive: true });
  const file = join(output, `threads.${name}`);
  const flags = ["-O2", "-fno-builtin", "-pthread", name === "ilp32" ? "-m32" : "-m64"];
  if (name === "nothing") flags.push("-DNO_ALLOCATOR");
  run("gcc", [...flags, join(source, "threads.c"), "-o", file]);
  return file;
}
