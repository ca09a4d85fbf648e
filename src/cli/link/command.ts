// `ptmalloc-wasm link`: a guest and the heap in one module.

import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import type { GlibcVersion } from "../../binary/glibc.js";
import type { Profile } from "../../binary/profile.js";
import { PACKAGE_FILES } from "../../binary/sources.js";
import { MAX_TASK_SIZE, PAGE_BYTES, WASM_PAGE_BYTES } from "../../process/options.js";
import type { AddressLayout } from "../../process/options.js";
import { processStarterSync } from "../../process/process.js";
import { isError } from "../../base/realm.js";
import { hex, readGuest, SERVED } from "../../link/guest.js";
import type { GuestInfo } from "../../link/guest.js";
import { checkAllocator, OWN_ALLOCATOR_CHOICES } from "../../link/allocator.js";
import type { OwnAllocatorChoice } from "../../link/allocator.js";
import { formatBytes } from "../../base/format.js";
import { fileError } from "../inputs.js";
import { writeWhole } from "../output.js";
import { UserError, type CliIo } from "../io.js";
import type { HeapStart } from "./glue.js";
import { checkHeapChoice, glibcOption, heapOptions, profileOption } from "../profile-option.js";
import { merge } from "./merge.js";
import { FRESH } from "../../layout/generated.js";

interface Options {
  output: string;
  base?: number;
  maxMemory?: number;
  layout: AddressLayout;
  profile: Profile;
  glibc?: GlibcVersion;
  tunables: string;
  lenientTunables?: boolean;
  keepExports: string[];
  fail: "trap" | "import";
  optimize: string;
  fresh?: true;
  features: string[];
  debug?: true;
  ownAllocator: OwnAllocatorChoice;
}

const EXAMPLES = `
Examples:
  clang --target=wasm32-wasi -O2 guest/ptmalloc.c program.c -Wl,--export=__heap_base -o guest.wasm
  ptmalloc-wasm link guest.wasm -o program.wasm
  ptmalloc-wasm link guest.wasm -o program.wasm --max-memory 64M --keep-exports malloc,free

The guest imports malloc, free and so on from "ptmalloc" or "env"; the rest of its imports stays.
Docs: docs/guests.md.`;

/** @returns the command, to be added to the program */
export function linkCommand(io: CliIo): Command {
  return new Command("link")
    .description(
      "Merge a WebAssembly module that imports malloc with the heap: one module, whose calls of " +
        "malloc are direct and can be inlined, and which needs no host for them. " +
        "Needs the npm package binaryen.",
    )
    .summary("merge a module that imports malloc with the heap")
    .argument("<guest>", "the module, wasm32")
    .requiredOption("-o, --output <file>", "the merged module")
    .option("--base <address>", "where the heap's data begin (default: above the guest's)", address)
    .option("--max-memory <bytes>", "limit of the memory and of the heap, such as 64M", memorySize)
    .addOption(
      new Option("--layout <layout>", "where mappings go: linux (upwards), top-down or compact")
        .choices(["compact", "linux", "top-down"])
        .default("compact"),
    )
    .addOption(
      new Option("--abi <abi>", "memory layout of the heap")
        .default("ilp32")
        .argParser((abi: string) => checkAbi(abi)),
    )
    .addOption(profileOption())
    .addOption(glibcOption())
    .option(
      "--tunables <settings>",
      "glibc tunables, as in GLIBC_TUNABLES: glibc.malloc.NAME=VALUE:...",
      "",
    )
    .option("--lenient-tunables", "ignore tunables that glibc would ignore, in place of an error")
    .option(
      "--keep-exports <names>",
      "functions of the heap to export, such as malloc,free",
      names,
      [],
    )
    .addOption(
      new Option("--fail <how>", "what a corrupted heap does: trap, or call the import host.fail")
        .choices(["trap", "import"])
        .default("trap"),
    )
    .addOption(
      new Option("-O, --optimize <level>", "wasm-opt's level")
        .choices(["0", "1", "2", "3", "4", "s", "z"])
        .default("3"),
    )
    .addOption(
      new Option(
        "--own-allocator <how>",
        "a guest with an allocator of its own: see docs/guests.md",
      )
        .choices(OWN_ALLOCATOR_CHOICES)
        .default("refuse"),
    )
    .option(
      "--fresh",
      "an imported memory is zero above the guest's data (one that is defined always is)",
    )
    .option("--features <names>", "more of Binaryen's features, such as gc,relaxed-simd", names, [])
    .option("-g, --debug", "keep the names of functions")
    .addHelpText("after", EXAMPLES)
    .action((path: string, options: Options) => link(path, options, io));
}

function checkAbi(abi: string): string {
  if (abi === "ilp32") return abi;
  throw new InvalidArgumentError(
    abi === "lp64"
      ? "A wasm32 guest's pointers have 32 bits, lp64's size_t has 64: only ilp32 can be linked."
      : "It must be ilp32.",
  );
}

function address(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value % PAGE_BYTES === 0) return value;
  throw new InvalidArgumentError(`A multiple of ${PAGE_BYTES} is needed.`);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

function memorySize(text: string): number {
  const [, digits, unit = ""] = /^(\d+)([KMG]?)$/i.exec(text) ?? [];
  const value = Number(digits) * UNITS[unit.toUpperCase()]!;
  if (value > 0 && value <= 2 ** 32 && value % WASM_PAGE_BYTES === 0) return value;
  throw new InvalidArgumentError("A multiple of 64K up to 4G is needed.");
}

function names(text: string): string[] {
  return text.split(",").filter((name) => name !== "");
}

function link(path: string, options: Options, io: CliIo): void {
  checkHeapChoice(options);
  const guest = read(path);
  const info = examine(path, guest, options.ownAllocator);
  const unknown = options.keepExports.find((name) => !SERVED.includes(name));
  if (unknown !== undefined)
    throw new UserError(
      `--keep-exports: the heap has no "${unknown}"; it has ${SERVED.join(", ")}`,
    );
  const start = startOf(path, info, options);
  const { maxMemory, keepExports, fail, optimize, features, debug = false } = options;
  const merged = merge({
    guest,
    profile: options.profile,
    glibc: options.glibc,
    start,
    maxMemory,
    keepExports,
    importsFail: fail === "import",
    level: optimize,
    features,
    debug,
  });
  writeWhole(options.output, merged);
  io.stdout.write(summary(options.output, merged, info, start));
}

function read(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw fileError(path, error);
  }
}

function examine(
  path: string,
  guest: Uint8Array<ArrayBuffer>,
  choice: OwnAllocatorChoice,
): GuestInfo {
  try {
    const info = readGuest(guest);
    checkAllocator(info, choice, "--own-allocator");
    checkLinkable(info);
    return info;
  } catch (error) {
    if (isError(error, "TypeError") || isError(error, "RangeError"))
      throw new UserError(`${path}: ${error.message}`);
    throw error;
  }
}

function checkLinkable({ imports, memory }: GuestInfo): void {
  if (imports.length === 0)
    throw new TypeError(
      "it imports none of the heap's functions (malloc, free, …, from ptmalloc or env), " +
        "so there is nothing to link: compile guest/ptmalloc.c into it, or see docs/guests.md " +
        "for other languages (emcc -O3, -Os and -Oz take the names of imports away: link with -O2)",
    );
  if (memory === undefined)
    throw new TypeError("it has no memory: a heap needs the one that its pointers are for");
  if (memory.shared)
    throw new TypeError(
      "it has a shared memory; a merged heap is for one thread: " +
        "use linkGuest and the createHeap of ptmalloc-wasm/threads",
    );
}

function startOf(path: string, info: GuestInfo, options: Options): HeapStart {
  const { memory, staticEnd } = info;
  const end = options.ownAllocator === "none" ? staticEnd : info.end;
  const base = options.base ?? Math.max(PAGE_BYTES, Math.ceil(end / PAGE_BYTES) * PAGE_BYTES);
  const what = end === staticEnd ? "has data or stack" : "may use the memory that it begins with,";
  if (base < end) throw new UserError(`--base ${hex(base)}: ${path} ${what} up to ${hex(end)}`);
  const maximum = (memory?.maximum ?? Infinity) * WASM_PAGE_BYTES;
  const taskSize = Math.min(options.maxMemory ?? maximum, MAX_TASK_SIZE);
  const { layout, profile, tunables, lenientTunables = false } = options;
  const fresh = options.fresh ?? memory?.isImported === false;
  try {
    // A process like the one that is to be: its checks are the same, and it has all numbers.
    const { plan } = processStarterSync(PACKAGE_FILES, { isHeap: true })({
      base,
      taskSize,
      layout,
      profile,
      ...heapOptions(options),
      tunables,
      lenientTunables,
    });
    return { ...plan, flags: (plan.flags & ~FRESH) | (fresh ? FRESH : 0) };
  } catch (error) {
    if (isError(error, "RangeError") || isError(error, "SyntaxError"))
      throw new UserError(`${path}: no heap can begin at ${hex(base)}: ${error.message}`);
    throw error;
  }
}

function summary(
  output: string,
  merged: Uint8Array<ArrayBuffer>,
  { imports }: GuestInfo,
  { base, startBrk, taskSize }: HeapStart,
): string {
  const module = new WebAssembly.Module(merged);
  const left = WebAssembly.Module.imports(module);
  const counts = new Map<string, number>();
  for (const { module } of left) counts.set(module, (counts.get(module) ?? 0) + 1);
  const shown = [...counts].map(([module, count]) => `${module} (${count})`).join(", ");
  const rows = [
    ["linked", imports.join(", ")],
    ["heap", `${hex(base)}, [heap] from ${hex(startBrk)}, limit ${hex(taskSize)}`],
    ["imports left", shown === "" ? "none" : shown],
    ["exports", listed(WebAssembly.Module.exports(module).map(({ name }) => name))],
  ];
  const lines = rows.map(([name, value]) => `  ${name!.padEnd(12)}  ${value}\n`);
  return `${output}: ${formatBytes(merged.byteLength)}\n${lines.join("")}`;
}

/** How many names a line of the summary has. */
const MOST_NAMES = 12;

function listed(all: readonly string[]): string {
  const more = all.length - MOST_NAMES;
  const shown = all.slice(0, MOST_NAMES).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
