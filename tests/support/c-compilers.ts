// C compilers that are asked about types, by static assertions: nothing is linked or run, so that
// no target's libraries are needed.

import { execFileSync } from "node:child_process";
import type { StructAbi } from "../../src/heap/structs/c-types.js";

/** The compiler that knows an ABI, with its arguments. */
export const compilers: Readonly<Record<StructAbi, readonly string[]>> = {
  wasm32: ["clang", "--target=wasm32"],
  i386: ["gcc", "-m32"],
  "x86-64": ["gcc", "-m64"],
};

/**
 * Compiles a program without making anything of it.
 * @returns what the compiler had to say; empty when all was well
 * @throws Error when there is no such compiler
 */
export function compilerErrors(abi: StructAbi, source: string): string {
  const [command, ...args] = compilers[abi] as [string, ...string[]];
  try {
    execFileSync(command, [...args, "-std=c11", "-fsyntax-only", "-x", "c", "-"], {
      input: source,
      stdio: ["pipe", "ignore", "pipe"],
      encoding: "utf8",
    });
    return "";
  } catch (error) {
    const { status, stderr } = error as { status?: number; stderr?: string };
    if (typeof status !== "number") throw error;
    return stderr ?? "";
  }
}

/** @returns why an ABI's compiler cannot be asked here; undefined when it can */
export function compilerMissing(abi: StructAbi): string | undefined {
  const [command, ...args] = compilers[abi] as [string, ...string[]];
  try {
    const errors = compilerErrors(abi, "int x;");
    return errors === ""
      ? undefined
      : `${[command, ...args].join(" ")} compiles nothing: ${errors}`;
  } catch {
    return `there is no ${command} here (Debian: ${command})`;
  }
}
