// No system call makes an object in JavaScript's heap while tracing is off. Measured by a child
// process with a young generation that holds everything, so that not a byte is missed; with tracing
// on the same measurement must see what the tracer makes.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { SyscallX86_64 } from "../../src/layout/generated.js";

/** What allocations.mjs prints for a layout: bytes a call. */
interface Measured {
  readonly abi: string;
  readonly untraced: Readonly<Record<string, number>>;
  readonly traced: Readonly<Record<string, number>>;
  /** Collections of young objects: none, or the bytes are not to be trusted. */
  readonly collections: number;
}

/**
 * The results of lp64's calls are BigInts: three words of the engine's each, two for 0n. They are
 * JavaScript's own.
 */
const RESULT_BYTES = { ilp32: 0, lp64: 24 } as const;
/** The measurement's own object, shared out among 100,000 calls. */
const OWN_BYTES = 0.1;
const LEAST_OBJECT_BYTES = 16;

let measured: readonly Measured[];

beforeAll(() => {
  const program = fileURLToPath(new URL("allocations.mjs", import.meta.url));
  const room = ["--min-semi-space-size=128", "--max-semi-space-size=128"];
  const args = ["--expose-gc", ...room, program];
  measured = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Measured[];
});

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  const mine = (): Measured => measured.find((found) => found.abi === abi)!;

  test("every system call is among those measured", () => {
    const names = Object.keys(SyscallX86_64).map((name) => name.toLowerCase());
    // These come in a pair with the call that they undo, cannot be undone, or need memory prepared
    // for them;
    const others = ["munlock", "munlockall", "mseal", "remap_file_pages", "prctl"];
    // what these make is the host's, which has the files.
    const files = ["close", "pread64", "pwrite64", "ftruncate", "fsync", "fdatasync"];
    const alone = names.filter((name) => ![...others, ...files].includes(name));
    expect(Object.keys(mine().untraced)).toEqual(expect.arrayContaining(alone));
  });

  test("without tracing a call makes nothing but a result that is no number", () => {
    expect(mine().collections).toBe(0);
    for (const [call, bytes] of Object.entries(mine().untraced))
      expect(bytes, call).toBeLessThan(RESULT_BYTES[abi] + OWN_BYTES);
  });

  test("with tracing every call is seen to make more", () => {
    for (const [call, bytes] of Object.entries(mine().traced))
      expect(bytes, call).toBeGreaterThan(RESULT_BYTES[abi] + LEAST_OBJECT_BYTES);
  });
});
