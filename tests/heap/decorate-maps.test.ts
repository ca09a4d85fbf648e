// glibc.mem.decorate_maps: malloc's mappings have names, as native glibc gives them
// (tests/oracle/record-decorations.mjs; native/decorate.c makes the same calls).

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MAP, PROT, startKernelSync } from "../../src/kernel.js";
import { createHeapSync } from "../../src/index.js";
import { GOLDEN_GLIBCS } from "../support/glibcs.js";

const NAMED = "glibc.mem.decorate_maps=1";
const BLOCKS = 300;

/** What native/decorate.c does. @returns the names that malloc gave, and the process's maps */
function run(options: Parameters<typeof startKernelSync>[0]) {
  const kernel = startKernelSync(options);
  const { process } = kernel;
  const strace = kernel.startStrace({ filter: "trace=prctl" });
  process.malloc(100);
  process.realloc(process.malloc(300_000), 900_000);
  const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;
  kernel.mmap(kernel.sbrk(0), 4096, PROT.NONE, flags);
  for (let i = 0; i < BLOCKS; i++) process.malloc(10_000);
  const thread = process.attachThreadSync();
  thread.malloc(100);
  thread.free(thread.malloc(200_000));
  const calls = strace.text().matchAll(/PR_SET_VMA_ANON_NAME, 0x\w+, (\d+), "(.*?)"\) *= 0/g);
  const names = Array.from(calls, ([, bytes, name]) => `${bytes}${name}\n`).join("");
  return { names, maps: kernel.maps() };
}

const RUNS = GOLDEN_GLIBCS.flatMap(({ glibc, option, root }) => {
  const file = new URL("decorate-maps.txt", root);
  return existsSync(file) ? [{ glibc, option, file }] : [];
});

describe("glibc.mem.decorate_maps", () => {
  test.each(RUNS)("$glibc names what it names natively", ({ option, file }) => {
    const { names, maps } = run({ abi: "lp64", tunables: NAMED, ...option });
    expect(names).toBe(readFileSync(file, "utf8"));
    expect(maps).toMatch(/ \[anon: glibc: malloc\]$/m);
    expect(maps).toMatch(/ \[anon: glibc: malloc arena\]$/m);
    expect(maps).toMatch(/ \[heap\]$/m);
  });

  test("in both layouts, as an object and leniently, too", () => {
    const glibc = "2.43";
    const tunables = { "glibc.mem.decorate_maps": 1 };
    expect(run({ abi: "ilp32", glibc, tunables }).names).toMatch(/glibc: malloc arena/);
    expect(run({ abi: "ilp32", glibc, tunables, lenientTunables: true }).names).not.toBe("");
  });

  test("without it, with 0 and in 2.36 nothing has a name", () => {
    expect(run({ glibc: "2.43" }).names).toBe("");
    expect(run({ glibc: "2.43", tunables: "glibc.mem.decorate_maps=0" }).names).toBe("");
    expect(run({ tunables: NAMED }).names).toBe("");
  });

  test("a heap that no kernel shows takes it, without effect", () => {
    expect(createHeapSync({ glibc: "2.41", tunables: NAMED }).malloc(10)).not.toBe(0);
  });

  test("another value is refused, leniently ignored", () => {
    const options = { glibc: "2.41", tunables: "glibc.mem.decorate_maps=2" } as const;
    expect(() => run(options)).toThrow(
      'position 0: tunable "glibc.mem.decorate_maps" must be from 0 to 1 in ilp32, got 2',
    );
    expect(run({ ...options, lenientTunables: true }).names).toBe("");
    const asObject = { "glibc.mem.decorate_maps": 1 };
    expect(() => run({ tunables: asObject })).toThrow(/has no tunable/);
  });
});
