// The C library's own allocator, in a process of its own that runs the same loops
// (bench/native/loops.c). Blocks are not touched, as the other loops of these questions do not.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Abi } from "../../src/layout/address.js";
import { output, root } from "../lab/paths.js";

/** A compiled native program, or why there is none. */
export type NativeProgram = { readonly path: string } | { readonly skipped: string };

/** What the native contestants are called. */
export const NATIVE_NAMES: Readonly<Record<Abi, string>> = {
  ilp32: "glibc i386 (native)",
  lp64: "glibc x86-64 (native)",
};

const programs = new Map<Abi, NativeProgram>();

/**
 * Compiles the loops for one layout, once.
 * @returns the program, or the reason why it is left out
 */
export function nativeProgram(abi: Abi): NativeProgram {
  const known = programs.get(abi);
  if (known) return known;
  const made = compile(abi);
  if ("skipped" in made) console.log(`${NATIVE_NAMES[abi]} left out: ${made.skipped}`);
  programs.set(abi, made);
  return made;
}

function compile(abi: Abi): NativeProgram {
  const path = join(output, `loops.${abi}`);
  const flags = ["-O2", "-fno-builtin", abi === "ilp32" ? "-m32" : "-m64"];
  const source = join(root, "bench", "native", "loops.c");
  const gcc = spawnSync("gcc", [...flags, source, "-o", path], { encoding: "utf8" });
  if (gcc.error) return { skipped: "no gcc here" };
  if (gcc.status !== 0)
    return { skipped: `gcc ${flags.join(" ")}: ${gcc.stderr.split("\n")[0] ?? "failed"}` };
  const run = spawnSync(path, { input: "", encoding: "utf8" });
  return run.status === 0 ? { path } : { skipped: "the program does not run here" };
}
