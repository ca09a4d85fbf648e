// The published suites, mirrored as cases: gVisor's system call tests (test/syscalls/linux), LTP's
// (testcases/kernel/syscalls) and those that LTP has for POSIX
// (testcases/open_posix_testsuite/conformance/interfaces). Each case is named after its origin and
// written anew; those that are not here are in LEFT-OUT.md with the reason.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Abi } from "../../../src/layout/address.js";
import { mlockCases } from "./gvisor-mlock.js";
import { mmapCases } from "./gvisor-mmap.js";
import { mmapFileCases } from "./gvisor-mmap-files.js";
import * as gvisorFiles from "./gvisor-other-files.js";
import * as gvisor from "./gvisor-others.js";
import type { Cases } from "./kit.js";
import { Kit } from "./kit.js";
import { leftOut, leftOutText } from "./left-out.js";
import { ltpFileCases } from "./ltp-files.js";
import { ltpNewerCases } from "./ltp-newer.js";
import { ltpMappingCases } from "./ltp-mapping.js";
import { ltpOtherCases } from "./ltp-others.js";
import { posixMmapCases } from "./posix-mmap.js";
import { posixOtherCases } from "./posix-others.js";

/** How many cases each file of gVisor's has (2026), as parametrised there counted once. */
const GVISOR_FILES: Readonly<Record<string, { cases: Cases; total: number }>> = {
  "mmap.cc": { cases: { ...mmapCases, ...mmapFileCases }, total: 91 },
  "mremap.cc": { cases: { ...gvisor.mremapCases, ...gvisorFiles.mremapFileCases }, total: 19 },
  "munmap.cc": { cases: gvisor.munmapCases, total: 3 },
  "brk.cc": { cases: gvisor.brkCases, total: 1 },
  "madvise.cc": { cases: { ...gvisor.madviseCases, ...gvisorFiles.madviseFileCases }, total: 9 },
  "msync.cc": { cases: { ...gvisor.msyncCases, ...gvisorFiles.msyncFileCases }, total: 7 },
  "mincore.cc": { cases: gvisor.mincoreCases, total: 5 },
  "mlock.cc": { cases: mlockCases, total: 20 },
  "proc_pid_smaps.cc": { cases: { ...gvisor.smapsCases, ...gvisorFiles.smapsFileCases }, total: 5 },
  "rlimits.cc": { cases: gvisor.rlimitCases, total: 6 },
};

/** LTP's files (2024), folder by folder: the numbers in their names. */
const LTP_FILES: Readonly<Record<string, readonly number[]>> = {
  brk: [1, 2],
  sbrk: [1, 2, 3],
  mmap: [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22],
  munmap: [1, 3, 4],
  mremap: [1, 2, 3, 4, 5, 6, 7],
  mprotect: [1, 2, 3, 4, 5],
  madvise: [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12],
  msync: [1, 2, 3, 4],
  mincore: [1, 2, 3, 4],
  mlock: [1, 2, 3, 4, 5],
  mlock2: [1, 2, 3],
  mlockall: [1, 2, 3],
  munlock: [1, 2],
  munlockall: [1],
  remap_file_pages: [1, 2],
  mseal: [1, 2],
  getrlimit: [1, 2, 3],
  setrlimit: [1, 2, 3, 4, 5, 6],
};

/** All of LTP's cases. */
const LTP_CASES: Cases = {
  ...ltpMappingCases,
  ...ltpOtherCases,
  ...ltpFileCases,
  ...ltpNewerCases,
};

/**
 * The files of LTP's that test POSIX (2024), folder by folder; those that no program is made of are
 * not among them.
 */
const POSIX_FILES: Readonly<Record<string, { names: readonly string[]; total: number }>> = {
  mmap: {
    names: [
      ...["1-1", "1-2", "3-1", "5-1", "6-1", "6-2", "6-3", "6-4", "6-5", "6-6"],
      ...["7-1", "7-2", "7-3", "7-4", "9-1", "10-1"],
      ...["11-1", "11-2", "11-3", "11-4", "11-5", "11-6", "12-1", "13-1", "14-1"],
      ...["18-1", "19-1", "21-1", "23-1", "24-1", "24-2", "27-1", "31-1", "32-1"],
    ],
    total: 34,
  },
  munmap: { names: ["1-1", "1-2", "2-1", "3-1", "4-1", "8-1", "9-1"], total: 7 },
  mlock: { names: ["5-1", "8-1", "10-1", "12-1", "speculative/12-1"], total: 5 },
  munlock: { names: ["7-1", "10-1", "11-1"], total: 3 },
  mlockall: {
    names: ["3-6", "3-7", "8-1", "13-1", "13-2", "15-1", "speculative/15-1"],
    total: 7,
  },
  munlockall: { names: ["5-1"], total: 1 },
};

/** All cases of LTP's that test POSIX. */
const POSIX_CASES: Cases = { ...posixMmapCases, ...posixOtherCases };

/** Runs a case in a new process, whose kernel must be sound at the end. */
function runCase(abi: Abi, run: (k: Kit) => void): void {
  const kit = new Kit(abi);
  run(kit);
  expect(kit.m.process.raw.check_kernel(), "invariants").toBe(0);
}

/** A name without its parameter. */
const plain = (name: string): string => name.split("/")[0] ?? "";

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  describe.each(Object.entries(GVISOR_FILES))("gVisor %s", (_file, { cases }) => {
    test.each(Object.entries(cases))("%s", (_name, run) => runCase(abi, run));
  });

  describe("LTP", () => {
    test.each(Object.entries(LTP_CASES))("%s", (_name, run) => runCase(abi, run));
  });

  describe("LTP open_posix_testsuite", () => {
    test.each(Object.entries(POSIX_CASES))("%s", (_name, run) => runCase(abi, run));
  });
});

describe("what is left out", () => {
  test("every case of gVisor's is here or in the table, and none is in both", () => {
    for (const [file, { cases, total }] of Object.entries(GVISOR_FILES)) {
      const here = new Set(Object.keys(cases).map(plain));
      const rows = leftOut.filter((row) => row.suite === "gVisor" && row.file === file);
      const absent = rows.map(({ name }) => name).filter((name) => /^[^/]+\.[^/]+$/.test(name));
      for (const { name } of rows) expect(cases).not.toHaveProperty([name]);
      expect(new Set([...here, ...absent]).size, file).toBe(here.size + absent.length);
      expect(here.size + absent.length, file).toBe(total);
    }
  });

  test("every file of LTP's is here or in the table", () => {
    const names = [
      ...Object.keys(LTP_CASES),
      ...leftOut.filter(({ suite }) => suite === "LTP").map(({ name }) => name),
    ].map((name) => name.split(":")[0]);
    const files = Object.entries(LTP_FILES).flatMap(([folder, numbers]) =>
      numbers.map((number) => `${folder}${String(number).padStart(2, "0")}`),
    );
    expect(files.length).toBe(87);
    expect(files.filter((file) => !names.includes(file))).toEqual([]);
  });

  test("every file of LTP's that tests POSIX is here or in the table, and nothing else", () => {
    const rows = leftOut.filter(({ suite }) => suite === "LTP open_posix");
    for (const { name } of rows) expect(POSIX_CASES).not.toHaveProperty([name]);
    for (const { file, name } of rows) expect(name.startsWith(`${file}/`), name).toBe(true);
    const present = [...Object.keys(POSIX_CASES), ...rows.map(({ name }) => name)].map(
      (name) => name.split(":")[0],
    );
    const files = Object.entries(POSIX_FILES).flatMap(([folder, { names, total }]) => {
      expect(new Set(names).size, folder).toBe(total);
      return names.map((name) => `${folder}/${name}`);
    });
    expect(files.length).toBe(57);
    expect(new Set(present)).toEqual(new Set(files));
  });

  test("LEFT-OUT.md is the table", () => {
    expect(readFileSync(new URL("LEFT-OUT.md", import.meta.url), "utf8")).toBe(leftOutText());
  });
});
