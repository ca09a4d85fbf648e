// The tests against native glibc 2.36 need a C compiler that makes 32- and 64-bit programs, on a
// glibc 2.36 system. Elsewhere they skip and say why; with PTMALLOC_REQUIRE_NATIVE=1, as in CI, a
// missing piece is an error instead.

import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import type { Abi } from "../../src/layout/address.js";

/** The glibc whose behaviour is reproduced. */
export const GLIBC_VERSION = "2.36";

/** gcc's arguments for a layout's native programs. */
export const gccFlags: Readonly<Record<Abi, readonly string[]>> = {
  ilp32: ["-m32"],
  lp64: ["-m64"],
};

const PROBE = `#include <gnu/libc-version.h>
#include <stdio.h>
int main(void) { puts(gnu_get_libc_version()); return 0; }
`;

/** No package mends this: the kernel has no emulation of 32-bit programs. */
export const REFUSED = "this machine's kernel runs no programs of this layout";

const reasons = new Map<Abi, string | undefined>();

function probe(abi: Abi): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-native-"));
  try {
    const source = join(folder, "probe.c");
    const program = join(folder, "probe");
    writeFileSync(source, PROBE);
    const quiet: ExecFileSyncOptionsWithStringEncoding = { stdio: "pipe", encoding: "utf8" };
    execFileSync("gcc", [...gccFlags[abi], "-o", program, source], quiet);
    try {
      const version = execFileSync(program, [], quiet).trim();
      if (version === GLIBC_VERSION) return undefined;
      return `this system has glibc ${version}, not ${GLIBC_VERSION}`;
    } catch {
      return REFUSED;
    }
  } catch {
    return `gcc ${gccFlags[abi].join(" ")} cannot build a program that runs here (Debian: gcc-multilib)`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Why native programs of a layout cannot be made here.
 * @returns undefined when they can
 */
export function nativeMissing(abi: Abi): string | undefined {
  if (!reasons.has(abi)) reasons.set(abi, probe(abi));
  return reasons.get(abi);
}

/**
 * `describe` for tests that compare with native glibc: runs them where that is possible, else
 * prints the reason and skips them.
 * @param name the suite's name
 * @param abi the layout whose native programs the tests need
 * @throws Error instead of skipping when PTMALLOC_REQUIRE_NATIVE=1 and a package is missing
 */
export function describeNative(name: string, abi: Abi, suite: () => void): void {
  const reason = nativeMissing(abi);
  if (reason === undefined) {
    describe(name, suite);
    return;
  }
  if (process.env.PTMALLOC_REQUIRE_NATIVE === "1" && reason !== REFUSED) {
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  }
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(name, suite);
}
