// Programs in C, other people's and some of bench/guests/, compiled for WASI with wasi-libc's own
// malloc and with this project's: for the benchmark of guests, and for their tests.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { debianSource, run } from "../../../src/cli/bench/toolchain.js";
import { output, root } from "../../lab/paths.js";

const WASI = "/usr/lib/wasm32-wasi";
const guests = join(root, "bench", "guests");

/** The compiler's own library. */
function builtins(): string {
  const args = ["--target=wasm32-wasi", "-print-libgcc-file-name"];
  const { error, stdout } = spawnSync("clang", args, { encoding: "utf8" });
  if (error) throw new Error("no clang here");
  return stdout.trim();
}

/** How a program is compiled and linked. */
interface Program {
  /** The source package; null for a program that was written here. */
  readonly source: string | null;
  /** The C files; some are made, in a scratch folder. */
  readonly files: (folder: string, scratch: string) => string[];
  readonly flags: (folder: string, scratch: string) => string[];
  readonly libraries: readonly string[];
  /**
   * What it is to do: its arguments, and the folder that it sees. Its output depends on all that it
   * did.
   */
  readonly workload: (folder: string) => { readonly args: string[]; readonly folder: string };
}

/** @returns the C files of a folder but some */
function sources(folder: string, ...without: readonly string[]): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".c") && !without.includes(name))
    .map((name) => join(folder, name));
}

/** A program that was written here, in one file with its headers. */
function ownProgram(file: string): Program {
  return {
    source: null,
    files: () => [join(guests, file)],
    flags: () => ["-O2", "-Wall", "-Wextra", "-Werror"],
    libraries: [],
    workload: () => ({ args: [], folder: guests }),
  };
}

/** SQLite's sources in one file, as those who use it compile it; tclsh puts it together. */
function amalgamation(folder: string, scratch: string): string {
  const makefile = join(folder, "main.mk");
  run("make", ["-f", makefile, `TOP=${folder}`, "BCC=cc", "sqlite3.c"], scratch);
  return join(scratch, "sqlite3.c");
}

const PROGRAMS = {
  lua: {
    source: "lua5.4",
    files: (folder: string) => sources(join(folder, "src"), "luac.c"),
    flags: () => [
      "-O2",
      "-w",
      `-I${guests}`,
      ...["-include", join(guests, "lua-wasi.h")],
      "-D_WASI_EMULATED_SIGNAL",
      "-D_WASI_EMULATED_PROCESS_CLOCKS",
    ],
    libraries: ["-lwasi-emulated-signal", "-lwasi-emulated-process-clocks", "-lm"],
    workload: () => ({ args: ["/workload.lua"], folder: guests }),
  },
  cmark: {
    source: "cmark",
    files: (folder: string) => sources(join(folder, "src")),
    flags: (folder: string) => [
      "-O2",
      "-w",
      `-I${join(guests, "cmark")}`,
      `-I${join(folder, "src")}`,
    ],
    libraries: [],
    // Its own specification, so many times: one document.
    workload: (folder: string) => ({
      args: Array.from({ length: 12 }, () => "/spec.txt"),
      folder: join(folder, "test"),
    }),
  },
  sqlite: {
    source: "sqlite3",
    files: (folder: string, scratch: string) => [
      amalgamation(folder, scratch),
      join(guests, "sqlite.c"),
    ],
    // A database in memory, and no operating system but what sqlite.c has.
    flags: (_folder: string, scratch: string) => [
      "-O2",
      "-w",
      `-I${scratch}`,
      "-DSQLITE_OS_OTHER=1",
      "-DSQLITE_THREADSAFE=0",
      "-DSQLITE_TEMP_STORE=3",
      "-DSQLITE_OMIT_LOAD_EXTENSION",
      "-DSQLITE_OMIT_WAL",
    ],
    libraries: ["-lm"],
    workload: () => ({ args: [], folder: guests }),
  },
  "cfrac-like": ownProgram("cfrac.c"),
  "espresso-like": ownProgram("espresso.c"),
} satisfies Record<string, Program>;

/** Programs that can be built. */
export type ProgramName = keyof typeof PROGRAMS;

/** Whose malloc a program is linked with: wasi-libc's, or the heap's by way of guest/ptmalloc.c. */
export type MallocName = "dlmalloc" | "ptmalloc";

/**
 * Compiles a program, once a checkout.
 * @param more options for wasm-ld
 * @returns the module's path. @throws Error where that cannot be done, with the reason
 */
export function wasiProgram(
  name: ProgramName,
  malloc: MallocName,
  more: readonly string[] = [],
): string {
  mkdirSync(output, { recursive: true });
  const program: Program = PROGRAMS[name];
  const scratch = mkdtempSync(join(output, `${name}.build-`));
  try {
    const objects = objectsOf(name, program, scratch);
    const shim = join(scratch, "ptmalloc.o");
    compile([join(root, "guest", "ptmalloc.c")], ["-O2"], shim);
    const module = join(scratch, "out.wasm");
    const first = malloc === "ptmalloc" ? [shim] : [];
    run("wasm-ld", [
      join(WASI, "crt1-command.o"),
      ...first,
      ...readdirSync(objects).map((file) => join(objects, file)),
      `-L${WASI}`,
      ...program.libraries,
      "-lc",
      builtins(),
      ...["-z", "stack-size=1048576", "--export=__heap_base", ...more],
      ...["-o", module],
    ]);
    const file = join(output, `${name}.${malloc}${more.join("").replaceAll(/[^\w]/g, "-")}.wasm`);
    renameSync(module, file);
    return file;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @returns what a program is to do. @throws Error where its source cannot be had */
export function workloadOf(name: ProgramName): { args: string[]; folder: string } {
  const program: Program = PROGRAMS[name];
  return program.workload(folderOf(program));
}

/** Where a program's sources are. */
function folderOf({ source }: Program): string {
  return source === null ? guests : debianSource(source);
}

/**
 * The program's own objects, which are the same for every malloc. Those of a program that was
 * written here are not kept: it may have changed, and is soon compiled.
 */
function objectsOf(name: ProgramName, program: Program, scratch: string): string {
  const folder = join(output, `${name}.objects`);
  if (existsSync(folder)) return folder;
  const source = folderOf(program);
  const fresh = join(scratch, "objects");
  mkdirSync(fresh);
  for (const file of program.files(source, scratch)) {
    const object = join(fresh, `${file.split("/").at(-1)}.o`);
    compile([file], program.flags(source, scratch), object);
  }
  if (program.source === null) return fresh;
  if (!existsSync(folder)) renameSync(fresh, folder);
  return folder;
}

function compile(files: readonly string[], flags: readonly string[], object: string): void {
  run("clang", ["--target=wasm32-wasi", ...flags, "-c", ...files, "-o", object]);
}

/** @returns a file's bytes, of the kind that WebAssembly takes */
export function bytesOf(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(file));
}
