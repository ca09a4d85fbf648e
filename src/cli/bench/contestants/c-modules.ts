// Allocators in C, compiled for WebAssembly by the user's toolchain: each with the loop of
// bench/native/driver.c in the same module.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { benchSource, compiled, debianFiles, debianSource } from "../toolchain.js";
import { mimallocNumber, promised, toolVersion } from "../toolchain.js";
import type { Contestant, Racer } from "../contestant.js";
import { driverRacer } from "../driver.js";

const GET_EMCC = "apt-get install emscripten";
const GET_CLANG = "apt-get install clang lld wasi-libc libclang-rt-dev-wasm32";

/** As much as addresses of 32 bits reach. */
const MOST_BYTES = 2 ** 32;
const EMCC_STACK_BYTES = 65_536;
/** The stack, and the allocators' own data. */
const EMCC_BYTES = 3 * 65_536;

const COMMON = [
  "-O3",
  "-w",
  // A compiler that knows what malloc is may leave out calls.
  ...["malloc", "calloc", "realloc", "free", "aligned_alloc"].map((name) => `-fno-builtin-${name}`),
];

/**
 * The memory begins with the driver's area and little more, so that all that the heap takes is
 * seen. Elsewhere the linker knows.
 */
const emccArgs = (area: number): string[] => [
  ...COMMON,
  "--no-entry",
  "-sSTANDALONE_WASM",
  "-sALLOW_MEMORY_GROWTH=1",
  `-sINITIAL_MEMORY=${(area << 20) + EMCC_BYTES}`,
  `-sTOTAL_STACK=${EMCC_STACK_BYTES}`,
  `-sMAXIMUM_MEMORY=${MOST_BYTES}`,
  "-Wl,--wrap=emscripten_resize_heap",
];

const CLANG = [
  ...COMMON,
  "--target=wasm32-wasi",
  "-mexec-model=reactor",
  "-DNDEBUG",
  `-Wl,--max-memory=${MOST_BYTES}`,
  "-Wl,--gc-sections",
  "-Wl,-s",
];

const DRIVER = benchSource("driver.c");
/** What the driver is made of. */
const SOURCES = ["driver.c", "ops.h", "nothing.h"].map(benchSource);

/** @returns an option for the driver: its area has so many MiB */
const areaFlag = (area: number): string => `-DAREA_MEBIBYTES=${area}`;

/** @returns the number in what a program says of its version */
function numberIn(line: string): string {
  return /\d+(\.\d+)+/.exec(line)?.[0] ?? "of unknown version";
}

/** @returns one of Emscripten's allocators. @throws MissingError */
function emccRacer(name: string, malloc: "dlmalloc" | "emmalloc"): Racer {
  const line = toolVersion("emcc", GET_EMCC);
  const make = (area: number): Uint8Array =>
    compiled({
      name,
      ending: ".wasm",
      command: "emcc",
      args: [...emccArgs(area), areaFlag(area), `-sMALLOC=${malloc}`, DRIVER],
      inputs: SOURCES,
      versions: [line],
      how: GET_EMCC,
    });
  return driverRacer(make, `Emscripten ${numberIn(line)}`);
}

/** What clang compiles besides the driver. */
interface Additions {
  /** Options, sources and libraries. */
  readonly args: readonly string[];
  /** Files among them, and what these include. */
  readonly inputs: readonly string[];
}

/**
 * @param version in words, in front of the compiler's
 * @returns an allocator that clang compiles. @throws MissingError
 */
function clangRacer(name: string, version: string, { args, inputs }: Additions): Racer {
  const line = toolVersion("clang", GET_CLANG);
  toolVersion("wasm-ld", GET_CLANG);
  const make = (area: number): Uint8Array =>
    compiled({
      name,
      ending: ".wasm",
      command: "clang",
      args: [...CLANG, areaFlag(area), DRIVER, ...args],
      inputs: [...SOURCES, ...inputs],
      versions: [line],
      how: GET_CLANG,
    });
  const words = [version, `clang ${numberIn(line)}`].filter((word) => word !== "");
  return driverRacer(make, words.join(", "));
}

/**
 * @param folder with mimalloc's folders include and src
 * @returns mimalloc, as it is built for WASI. @throws MissingError
 */
function mimallocRacer(name: string, folder: string): Racer {
  const include = join(folder, "include");
  const src = join(folder, "src");
  const header = join(include, "mimalloc.h");
  const flags = ["-DMIMALLOC", `-I${include}`, `-I${src}`];
  const sources = readdirSync(src).filter((file) => /\.[ch]$/.test(file));
  return clangRacer(name, `mimalloc ${mimallocVersion(readFileSync(header, "utf8"))}`, {
    args: [...flags, join(src, "static.c"), "-lwasi-emulated-process-clocks"],
    inputs: [...sources.map((file) => join(src, file)), header],
  });
}

/** @returns the version that mimalloc.h tells: 209 is 2.0.9, and 30401 is 3.4.1 */
function mimallocVersion(header: string): string {
  const number = Number(/MI_MALLOC_VERSION\s+(\d+)/.exec(header)?.[1] ?? 0);
  return mimallocNumber(number);
}

/** Debian has no source of mimalloc's that is newer than version 2 within easy reach. */
function newestMimalloc(): string {
  return debianFiles("emscripten", "usr/share/emscripten/system/lib/mimalloc", "sid");
}

const NO_ADDITIONS: Additions = { args: [], inputs: [] };

/** Allocators in C, compiled for WebAssembly. */
export const cModules: readonly Contestant[] = [
  {
    name: "dlmalloc-emscripten",
    title: "dlmalloc (Emscripten)",
    group: "wasm",
    about: "Emscripten's default: Doug Lea's malloc, aligns to 8; memory grows by a fifth",
    source: "Debian emscripten",
    abilities: ["frees"],
    control: "nothing-c",
    prepare: () => promised(() => emccRacer("dlmalloc-emscripten", "dlmalloc")),
  },
  {
    name: "emmalloc",
    title: "emmalloc (Emscripten)",
    group: "wasm",
    about: "Emscripten's small allocator, aligns to 8, checks nothing; memory grows by a fifth",
    source: "Debian emscripten",
    abilities: ["frees"],
    control: "nothing-c",
    prepare: () => promised(() => emccRacer("emmalloc", "emmalloc")),
  },
  {
    name: "dlmalloc-wasi",
    title: "dlmalloc (wasi-libc)",
    group: "wasm",
    about: "wasi-libc's: Doug Lea's malloc, aligns to 16; memory grows as it is needed",
    source: "Debian wasi-libc",
    abilities: ["frees"],
    control: "nothing-c",
    prepare: () => promised(() => clangRacer("dlmalloc-wasi", "wasi-libc", NO_ADDITIONS)),
  },
  {
    name: "mimalloc2",
    title: "mimalloc 2",
    group: "wasm",
    about: "Microsoft's, as it is built for WASI: a free list for each page of one size class",
    source: "Debian 12 mimalloc (source)",
    abilities: ["frees"],
    control: "nothing-c",
    prepare: () => promised(() => mimallocRacer("mimalloc2", debianSource("mimalloc"))),
  },
  {
    name: "mimalloc3",
    title: "mimalloc 3",
    group: "wasm",
    about: "the same of 2026, from the copy that Emscripten has: larger heaps, pages shared",
    source: "Debian sid emscripten (files of it)",
    abilities: ["frees"],
    control: "nothing-c",
    prepare: () => promised(() => mimallocRacer("mimalloc3", newestMimalloc())),
  },
  {
    name: "nothing-c",
    title: "the loop in C alone",
    group: "control",
    about: "every block is the same place: what the loop costs that allocators in C are called by",
    source: "Debian clang",
    abilities: [],
    control: null,
    prepare: () =>
      promised(() => clangRacer("nothing-c", "", { args: ["-DNO_ALLOCATOR"], inputs: [] })),
  },
];
