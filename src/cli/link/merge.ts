// Makes one module of a guest and the heap: three modules, told by their imports' names where to
// look for each other, merged and optimised.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GlibcVersion } from "../../binary/glibc.js";
import { packageBinary } from "../package-binaries.js";
import { binaryName, type Profile } from "../../binary/profile.js";
import { WASM_PAGE_BYTES } from "../../process/options.js";
import { readModule } from "../../link/binary.js";
import type { Binary, ImportEntry } from "../../link/binary.js";
import { FAILURE_ADDRESS_EXPORT, FAILURE_EXPORT } from "../../link/failure.js";
import { HEAP_MODULE, servedName } from "../../link/guest.js";
import { rewrite } from "../../link/rewrite.js";
import { binaryenTools, featureOptions, runTool } from "./binaryen.js";
import { FAIL_EXPORT, GLUE_MODULE, glueText, HEAP_PREFIX, type HeapStart } from "./glue.js";

/** How to merge. */
export interface MergePlan {
  readonly guest: Uint8Array;
  readonly profile: Profile;
  /** The default's, unless it is said. */
  readonly glibc?: GlibcVersion | undefined;
  readonly start: HeapStart;
  /** Bytes that the memory may have; undefined: as the guest says. */
  readonly maxMemory: number | undefined;
  /** The heap's functions that the result exports besides what the guest does. */
  readonly keepExports: readonly string[];
  /** Whether the heap's messages go to an import, `host.fail`, instead of a trap. */
  readonly importsFail: boolean;
  /** wasm-opt's level, what stands behind -O. */
  readonly level: string;
  readonly features: readonly string[];
  /** Whether names of functions stay. */
  readonly debug: boolean;
}

/** The name that wasm-merge knows the guest by. */
const GUEST_MODULE = "ptmalloc-guest";
const MEMORY = "memory";

/** @returns the merged module @throws UserError when Binaryen is missing or refuses */
export function merge(plan: MergePlan): Uint8Array<ArrayBuffer> {
  const tools = binaryenTools();
  const binary = readModule(plan.guest);
  const memory = memoryExport(binary);
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-link-"));
  const file = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  try {
    const guest = file("guest.wasm", guestBytes(plan, binary, memory));
    const heap = file("heap.wasm", heapBytes(plan, memory));
    const glue = file("glue.wat", glueText(plan.start));
    const merged = join(folder, "merged.wasm");
    const common = [...featureOptions(plan.features), ...(plan.debug ? ["-g"] : [])];
    // The glue's start function is to run first.
    const modules = [glue, GLUE_MODULE, guest, GUEST_MODULE, heap, HEAP_MODULE];
    runTool(tools, "wasm-merge", [...modules, ...common, "-o", merged]);
    const own = new Set([...binary.exports.map(({ name }) => name), memory]);
    const trimmed = rewrite(readFileSync(merged), {
      rename: ({ name }) => finalName(name, own, plan.keepExports),
    });
    // Nothing would be left to do.
    if (plan.level === "0") return trimmed;
    const input = file("trimmed.wasm", trimmed);
    const output = join(folder, "output.wasm");
    runTool(tools, "wasm-opt", [
      ...optimizerOptions(plan.level, plan.profile),
      ...common,
      input,
      "-o",
      output,
    ]);
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an export of the merged module is called in the end. */
function finalName(
  name: string,
  guests: ReadonlySet<string>,
  kept: readonly string[],
): string | undefined {
  if (guests.has(name) || name === FAILURE_EXPORT || name === FAILURE_ADDRESS_EXPORT) return name;
  if (!name.startsWith(HEAP_PREFIX)) return undefined;
  const plain = name.slice(HEAP_PREFIX.length);
  return kept.includes(plain) && !guests.has(plain) ? plain : undefined;
}

/**
 * V8 inlines no WebAssembly, so more is inlined here than wasm-opt does by itself: sizes in nodes
 * of Binaryen's tree, always and if nothing argues against it. Found with
 * bench/questions/guests.ts: a program in C gets 18 % larger by it and some 5 % faster. With the
 * profile "throughput" free's short way is inlined, too; with "small" nothing of the heap is.
 */
const ALWAYS = { glibc: 40, throughput: 60, small: 20 } as const satisfies Record<Profile, number>;
const FLEXIBLE = 100;

/** @returns wasm-opt's options for a level, what stands behind -O, and a profile */
export function optimizerOptions(level: string, profile: Profile = "glibc"): string[] {
  if (level !== "3" && level !== "4") return [`-O${level}`];
  return [
    `-O${level}`,
    `--always-inline-max-function-size=${ALWAYS[profile]}`,
    `--flexible-inline-max-function-size=${FLEXIBLE}`,
  ];
}

/** What the guest exports its memory as, or is to. */
function memoryExport({ exports }: Binary): string {
  const found = exports.find(({ kind }) => kind === "memory");
  if (found !== undefined) return found.name;
  return exports.some(({ name }) => name === MEMORY) ? `${HEAP_MODULE}_${MEMORY}` : MEMORY;
}

function guestBytes({ guest, maxMemory }: MergePlan, binary: Binary, memory: string): Uint8Array {
  const maximum = maxMemory === undefined ? undefined : maxMemory / WASM_PAGE_BYTES;
  return rewrite(
    guest,
    {
      source: (entry) => {
        const served = servedName(entry);
        return served === undefined ? entry : { module: HEAP_MODULE, name: HEAP_PREFIX + served };
      },
      exportMemory: memory,
      limits: (limits) => (maximum === undefined ? limits : { ...limits, maximum }),
    },
    binary,
  );
}

function heapBytes(plan: MergePlan, memory: string): Uint8Array {
  const core = binaryName("core", plan.profile, "ilp32", plan.glibc);
  return rewrite(packageBinary(core), {
    source: (entry: ImportEntry) => {
      if (entry.kind === "memory") return { module: GUEST_MODULE, name: memory };
      return plan.importsFail ? entry : { module: GLUE_MODULE, name: FAIL_EXPORT };
    },
    rename: ({ name }) => HEAP_PREFIX + name,
  });
}
