// Allocators of this machine, each in a process of its own that runs the loop in C
// (bench/native/loops.c): the C library's, and those that can be preloaded in its place.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Abi } from "../../../layout/address.js";
import { DEFAULT_GLIBC, GLIBC_VERSIONS } from "../../../layout/generated.js";
import { cacheFolder } from "../../cache.js";
import { MissingError } from "../contestant.js";
import type { Contestant, LabTrace, Racer, RacerHeap, Slices } from "../contestant.js";
import { expectedRefusals } from "../driver.js";
import { NativeLoops, type NativeProgram } from "../native-loops.js";
import { benchSource, compiledFile, hostCompiler, mimallocNumber } from "../toolchain.js";
import { promised, toolVersion } from "../toolchain.js";

const GET_CC = "apt-get install gcc libc6-dev";
const GET_CC_32 = "apt-get install gcc-multilib";
const SOURCES = ["loops.c", "ops.h", "nothing.h"].map(benchSource);
const FLAGS = ["-O2", "-w", "-fno-builtin", "-DTOUCH"];

/** Where Linux distributions keep libraries of 64 bits, and what is installed by hand. */
const LIBRARIES = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/local/lib",
  "/usr/lib",
] as const;

/** A program, how it is run, and the layout of its words. */
interface Program extends NativeProgram {
  readonly abi: Abi;
}

/** @returns the loops, compiled for this machine. @throws MissingError */
function loopsFor(abi: Abi, more: readonly string[] = []): Program {
  // What compilers for other machines have no name for.
  const width = process.arch === "x64" ? [abi === "ilp32" ? "-m32" : "-m64"] : [];
  if (process.platform !== "linux")
    throw new MissingError(
      `this is ${process.platform}, and its allocators are not run`,
      "a machine with Linux",
    );
  const how = abi === "ilp32" ? GET_CC_32 : GET_CC;
  const command = hostCompiler(how);
  const path = compiledFile({
    name: `loops-${abi}`,
    ending: "",
    command,
    args: [...FLAGS, ...width, ...more, benchSource("loops.c")],
    inputs: SOURCES,
    versions: [toolVersion(command, how)],
    how,
  });
  return { path, abi };
}

/** @returns the first of some libraries that is there. @throws MissingError */
function library(names: readonly string[], how: string): string {
  const paths = LIBRARIES.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined)
    throw new MissingError(`${names[0]} is in none of ${LIBRARIES.join(", ")}`, how);
  return found;
}

/**
 * @param expected what the program must say of its allocator's name
 * @param how to get a machine where the program runs
 * @throws MissingError where it does not run
 */
async function nativeRacer(program: Program, expected: string, how: string): Promise<Racer> {
  const [command = program.path, ...args] = [...(program.loader ?? []), program.path];
  if (spawnSync(command, args, { input: "" }).status !== 0)
    throw new MissingError(`programs of ${program.abi === "ilp32" ? 32 : 64} bits do not run`, how);
  const loops = new NativeLoops(program);
  const said = await loops.ask("version");
  loops.close();
  if (!said.startsWith(expected))
    throw new MissingError(`the allocator is another one: ${said}`, how);
  const [, number] = /^mimalloc (\d+)$/.exec(said) ?? [];
  return {
    version: number === undefined ? said : `mimalloc ${mimallocNumber(Number(number))}`,
    code: null,
    start: (trace) => new NativeHeap(program, trace),
  };
}

/** @throws MissingError on machines that are no PCs, and where the C library is another one */
function glibcRacer(abi: Abi, how: string): Promise<Racer> {
  if (process.arch !== "x64")
    throw new MissingError(`this machine is ${process.arch}`, "a machine with x86-64 processors");
  return nativeRacer(loopsFor(abi), "glibc", how);
}

class NativeHeap implements RacerHeap {
  refused = 0;
  readonly #loops: NativeLoops;
  readonly #folder: string;

  constructor(program: Program, lab: LabTrace) {
    this.#folder = mkdtempSync(join(tmpdir(), "ptmalloc-bench-"));
    const ops = join(this.#folder, "ops");
    const refused = join(this.#folder, "refused");
    writeFileSync(ops, lab.ops(program.abi));
    writeFileSync(refused, expectedRefusals(lab));
    this.#loops = new NativeLoops(program, { ops, slots: lab.trace.slots, refused });
  }

  async pass(): Promise<number> {
    const [nanoseconds] = await this.#loops.run("pass");
    await this.#count();
    return nanoseconds!;
  }

  async drain(): Promise<void> {
    await this.#loops.ask("drain");
  }

  async slices(count: number): Promise<Slices> {
    const numbers = Float64Array.from(await this.#loops.run(`slices ${count}`));
    await this.#count();
    const nanoseconds = numbers.slice(0, numbers.length / 2);
    const resident = numbers.slice(numbers.length / 2);
    // Where nobody tells, all are 0; what was given back since the start is no heap's.
    const heldBytes = resident.some((bytes) => bytes !== 0)
      ? resident.map((bytes) => Math.max(0, bytes))
      : null;
    return { nanoseconds, heldBytes };
  }

  async #count(): Promise<void> {
    [this.refused = 0] = await this.#loops.run("refused");
  }

  close(): void {
    this.#loops.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Widths of a PC's programs: the layouts, and where a version's files are in the cache. */
const WIDTHS = {
  lp64: {
    name: "x86-64",
    folder: "amd64/usr/lib/x86_64-linux-gnu",
    loader: "ld-linux-x86-64.so.2",
  },
  ilp32: { name: "i386", folder: "i386/usr/lib/i386-linux-gnu", loader: "ld-linux.so.2" },
} as const;

/**
 * The loops under another version's own loader, from where `npm run oracle` keeps versions.
 * @throws MissingError where that version is not there
 */
function glibcVersionRacer(version: string, abi: Abi): Promise<Racer> {
  const { folder, loader } = WIDTHS[abi];
  const libraries = join(cacheFolder(process.env), "glibc", version, folder);
  const how = `in a checkout of this project: npm run oracle -- --glibc ${version} --fetch`;
  if (!existsSync(join(libraries, loader)))
    throw new MissingError(`there is no glibc ${version} in ${libraries}`, how);
  const started = [join(libraries, loader), "--library-path", libraries];
  return nativeRacer({ ...loopsFor(abi), loader: started }, `glibc ${version}`, how);
}

const glibcVersions = GLIBC_VERSIONS.filter((version) => version !== DEFAULT_GLIBC).flatMap(
  (version) =>
    (["lp64", "ilp32"] as const).map((abi): Contestant => {
      const { name } = WIDTHS[abi];
      return {
        name: `glibc-${version}-${name}`,
        title: `glibc ${version} ${name} (native)`,
        group: "native",
        about: `the original of ${version}, run by its own loader`,
        source: "Debian libc6, unpacked into the cache",
        abilities: ["frees", "threads"],
        control: "nothing-native",
        prepare: () => promised(() => glibcVersionRacer(version, abi)),
      };
    }),
);

const KERNEL_32 = "a kernel that runs programs of 32 bits, and gcc-multilib";
const GET_JEMALLOC = "apt-get install libjemalloc2";
const GET_MIMALLOC = "apt-get install libmimalloc2.0";

/** Allocators of this machine. */
export const nativeContestants: readonly Contestant[] = [
  {
    name: "glibc-x86-64",
    title: "glibc x86-64 (native)",
    group: "native",
    about: "this system's C library: the original, of 64 bits, with its real kernel",
    source: "this system",
    abilities: ["frees", "threads"],
    control: "nothing-native",
    prepare: () => promised(() => glibcRacer("lp64", GET_CC)),
  },
  {
    name: "glibc-i386",
    title: "glibc i386 (native)",
    group: "native",
    about: "the same of 32 bits: the layout that WebAssembly has",
    source: "this system",
    abilities: ["frees", "threads"],
    control: "nothing-native",
    prepare: () => promised(() => glibcRacer("ilp32", KERNEL_32)),
  },
  {
    name: "jemalloc",
    title: "jemalloc (native)",
    group: "native",
    about: "FreeBSD's, preloaded: size classes in slabs, arenas, a cache for each thread",
    source: "Debian libjemalloc2",
    abilities: ["frees", "threads"],
    control: "nothing-native",
    prepare: () =>
      promised(() => {
        const preload = library(["libjemalloc.so.2"], GET_JEMALLOC);
        return nativeRacer({ ...loopsFor("lp64"), preload }, "jemalloc", GET_JEMALLOC);
      }),
  },
  {
    name: "mimalloc-native",
    title: "mimalloc (native)",
    group: "native",
    about: "Microsoft's, preloaded: a free list for each page of one size class",
    source: "Debian libmimalloc2.0",
    abilities: ["frees", "threads"],
    control: "nothing-native",
    prepare: () =>
      promised(() => {
        const names = ["libmimalloc.so.2", "libmimalloc.so.3", "libmimalloc.so"];
        const preload = library(names, GET_MIMALLOC);
        return nativeRacer({ ...loopsFor("lp64"), preload }, "mimalloc", GET_MIMALLOC);
      }),
  },
  ...glibcVersions,
  {
    name: "nothing-native",
    title: "the native loop alone",
    group: "control",
    about:
      "every block is the same place: what the loop costs that native allocators are called by",
    source: "this system",
    abilities: [],
    control: null,
    prepare: () =>
      promised(() => nativeRacer(loopsFor("lp64", ["-DNO_ALLOCATOR"]), "no allocator", GET_CC)),
  },
];
