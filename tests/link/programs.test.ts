import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesOf, wasiProgram, workloadOf } from "../../bench/contestants/guests/builds.js";
import {
  linkedProgram,
  wholeProgram,
  type GuestArguments,
  type GuestRunner,
} from "../../bench/contestants/guests/runs.js";
import type { Heap } from "../../src/heap/heap.js";
import type { RawExports } from "../../src/binary/exports.js";
import { Invariant } from "../../src/layout/generated.js";
import { readGuest } from "../../src/link.js";
import { run } from "../cli/run.js";
import { campaign, isDue } from "../support/campaign.js";
import { describeToolchain } from "./toolchains.js";

// Programs in C, from Debian's source packages and from bench/guests/, with the workloads of
// bench/questions/guests.ts (times are compared there). What they print depends on all that they
// did; it must be the same with wasi-libc's malloc and with this one, linked in each of the ways
// that there are.

/** What each prints. */
const PRINTED = {
  lua: /^\d+\t\d+\t\d+\t\d+\n$/,
  cmark: /^<hr \/>\n<p>title: CommonMark Spec\n[^]*<h1>Introduction[^]*\n$/,
  sqlite: /^9000 \d+ \d+\n(\d+ \d+ \d+\n){3}\d+ [\d,]{19}\n\d+ \d+ \d+ z+ and \d+\nok\n$/,
  "cfrac-like": /^28198404253956575113 = 3159981883 \* 8923596811\n(\d+ = \d+ \* \d+\n){3}$/,
  "espresso-like": /^(\d+ variables: \d+ cubes, \d+ of the complement, \d+ minimised\n){6}$/,
} as const;

const WHOLE_FAMILY = ["__errno_location", "calloc", "free", "malloc", "realloc"];

/** What each imports of malloc's family. */
const IMPORTED = {
  lua: WHOLE_FAMILY,
  cmark: WHOLE_FAMILY,
  sqlite: ["__errno_location", "free", "malloc", "realloc"],
  "cfrac-like": ["__errno_location", "calloc", "free", "malloc"],
  "espresso-like": ["__errno_location", "free", "malloc", "realloc"],
} as const;

/** The short form has the small ones, and merges without optimising, which takes long. */
const SMALL = ["cmark", "cfrac-like", "espresso-like"] as const;
const PROGRAMS = isDue("lua and sqlite as guests", "they take long to compile")
  ? (["lua", "sqlite", ...SMALL] as const)
  : SMALL;
const LEVEL = campaign({ short: ["-O", "0"], ci: [] });

describe.each(PROGRAMS)("%s", (program) =>
  describeToolchain("compiled by clang with wasi-libc", "clang", () => {
    const folder = mkdtempSync(join(tmpdir(), `ptmalloc-${program}-`));
    const stdout = openSync(join(folder, "stdout"), "w+");
    let given: GuestArguments;
    let theirs = "";
    let ours: Uint8Array<ArrayBuffer>;
    let file = "";

    let position = 0;
    /** What a run printed. */
    function outputOf(runner: GuestRunner): string {
      runner();
      const text = readFileSync(join(folder, "stdout"), "utf8");
      const printed = text.slice(position);
      position = text.length;
      return printed;
    }

    beforeAll(() => {
      given = { ...workloadOf(program), stdout };
      theirs = outputOf(wholeProgram(bytesOf(wasiProgram(program, "dlmalloc")), given));
      file = wasiProgram(program, "ptmalloc");
      ours = bytesOf(file);
    });

    afterAll(() => {
      closeSync(stdout);
      rmSync(folder, { recursive: true, force: true });
    });

    it("has nothing of wasi-libc's malloc left", () => {
      const { imports, ownAllocator } = readGuest(ours);
      expect([...imports].sort()).toEqual(IMPORTED[program]);
      expect(ownAllocator).toBeUndefined();
      const theirOwn = readGuest(bytesOf(wasiProgram(program, "dlmalloc"))).ownAllocator;
      expect(theirOwn?.evidence).toContain("dlmalloc");
    });

    it("prints the same with its malloc imported", () => {
      expect(theirs).toMatch(PRINTED[program]);
      expect(outputOf(linkedProgram(ours, given))).toBe(theirs);
      expect(
        outputOf(linkedProgram(ours, given, { tunables: { tcache_count: 0, perturb: 90 } })),
      ).toBe(theirs);
    });

    it("leaves a sound heap", () => {
      let invariant = -1;
      const check = (heap: Heap): void => {
        invariant = (heap.raw as RawExports<"ilp32", "checked">).check_heap();
      };
      expect(outputOf(linkedProgram(ours, given, { build: "checked" }, check))).toBe(theirs);
      expect(invariant).toBe(Invariant.HOLDS);
    });

    it("prints the same with its memory imported", () => {
      const imported = bytesOf(wasiProgram(program, "ptmalloc", ["--import-memory"]));
      expect(readGuest(imported).memory?.isImported).toBe(true);
      expect(outputOf(linkedProgram(imported, given))).toBe(theirs);
    });

    it("prints the same when merged", async () => {
      const out = join(folder, "merged.wasm");
      const { code, stderr } = await run(["link", file, "-o", out, ...LEVEL]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const merged = bytesOf(out);
      const imports = WebAssembly.Module.imports(new WebAssembly.Module(merged));
      expect([...new Set(imports.map(({ module }) => module))]).toEqual(["wasi_snapshot_preview1"]);
      expect(outputOf(wholeProgram(merged, given))).toBe(theirs);
    });
  }),
);
