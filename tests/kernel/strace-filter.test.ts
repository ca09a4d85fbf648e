import { describe, expect, it } from "vitest";
import { countTable, type CallCount } from "../../src/kernel/strace/counts.js";
import { FilterError, parseFilter } from "../../src/kernel/strace/filter.js";
import { straceNames, syscallNumber } from "../../src/kernel/syscall-names.js";
import { golden } from "./support/texts.js";

const FILES = ["close", "fdatasync", "fsync", "ftruncate", "pread64", "pwrite64"];
const LIMITS = ["getrlimit", "prlimit64", "setrlimit"];
const PROCESS = ["getpid", "gettid"];

function calls(...expressions: string[]): string[] | undefined {
  const { calls } = parseFilter(expressions, "lp64");
  return calls && [...calls].sort();
}

describe("-e", () => {
  // What each shows was looked up with strace 6.1.
  it.each<[string[], string[] | undefined]>([
    [[], undefined],
    [["trace=brk,mmap"], ["brk", "mmap"]],
    [["brk"], ["brk"]],
    [["t=brk"], ["brk"]],
    [["brk", "munmap"], ["munmap"]],
    [["trace=brk,,mmap"], ["brk", "mmap"]],
    [["trace=none"], []],
    [["trace=all"], undefined],
    [["trace=!all"], []],
    [["/^m[aun]"], ["madvise", "munlock", "munlockall", "munmap"]],
    [["trace=?nope"], []],
    [["%desc"], ["close", "fdatasync", "fsync", "ftruncate", "mmap", "pread64", "pwrite64"]],
    [["%file"], []],
    [["trace=9,12"], ["brk", "mmap"]],
    [["!/^m"], [...PROCESS, ...LIMITS, ...FILES, "brk", "prctl", "remap_file_pages"].sort()],
  ])("%j", (expressions, expected) => {
    expect(calls(...expressions)).toEqual(expected);
  });

  it("memory is everything but files, limits and what a process says about itself", () => {
    const others = [...LIMITS, ...FILES, ...PROCESS, "prctl"];
    const rest = straceNames("lp64").filter((name) => !others.includes(name));
    expect(calls("trace=%memory")).toEqual([...rest].sort());
    expect(calls("trace=memory")).toEqual(calls("trace=%memory"));
    expect(calls("!%memory")).toEqual([...others].sort());
  });

  it("the other layout's names are known, and match nothing", () => {
    expect(calls("trace=mmap2")).toEqual(["mmap2"]);
  });

  it("status", () => {
    expect(parseFilter(["status=failed"], "ilp32")).toMatchObject({
      successful: false,
      failed: true,
    });
    expect(parseFilter(["status=!failed"], "ilp32")).toMatchObject({
      successful: true,
      failed: false,
    });
    expect(parseFilter(["status=none"], "ilp32")).toMatchObject({
      successful: false,
      failed: false,
    });
    const both = ["trace=brk", "status=successful"];
    expect(parseFilter(both, "ilp32")).toEqual({
      calls: new Set(["brk"]),
      successful: true,
      failed: false,
    });
  });

  it.each([
    ["trace=brk,none", /^invalid system call 'none' \(there are brk, /],
    ["trace=mseal", /^invalid system call 'mseal'/],
    ["trace=BRK", /^invalid system call 'BRK'/],
    ["trace=all,!brk", /^invalid system call '!brk'/],
    ["trace=", /^invalid system call ''/],
    ["!", /^invalid system call ''/],
    ["trace=%foo", /^invalid system call '%foo'/],
    ["status=bad", /^invalid status 'bad'$/],
    ["inject=brk:error=ENOMEM", /^-e inject= is not supported, only trace= and status=$/],
    ["trace=/(", /^invalid regular expression '\('$/],
  ])("refuses %s", (expression, message) => {
    expect(() => parseFilter([expression], "lp64")).toThrow(FilterError);
    expect(() => parseFilter([expression], "lp64")).toThrow(message);
  });
});

describe.each(["calls", "name"] as const)("the table of -c, by %s", (order) => {
  it("equals strace's own", () => {
    const table = golden(`strace-counts.${order}`);
    const counts = table
      .split("\n")
      .slice(2, -3)
      .map((line): CallCount => {
        const [, calls, errors, name = ""] = /^.{30} (.{9}) (.{9}) (\w+)$/.exec(line) ?? [];
        return {
          name,
          nr: syscallNumber(name, "lp64")!,
          calls: Number(calls),
          errors: Number(errors),
        };
      });
    expect(counts.length).toBeGreaterThan(12);
    expect(countTable([...counts].reverse(), order)).toBe(table);
  });
});

it("a table without calls has a total", () => {
  expect(countTable([]).split("\n").at(-2)).toBe(
    "100.00    0.000000           0         0           total",
  );
});
