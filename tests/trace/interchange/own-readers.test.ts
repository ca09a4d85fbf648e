// What is exported is read by the programs that the formats are of.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { csvParse } from "d3-dsv";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CSV_COLUMNS } from "../../../src/trace/interchange/to-csv.js";
import { describeWith, exported, parsed, recording } from "./support.js";

/** Leaks a block of 100 bytes, by leak, called by main; everything else is freed. */
const LEAK =
  "0\n9\n9\n1\na 0 24\nc 1 3 8\nr 0 48\na 2 100 # leak <- main\nm 3 64 9\nf 3\nf 0\nf 1\n";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "exchange-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function ran(program: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return { status, stdout, stderr };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describeWith("heaptrack_print", "heaptrack", "heaptrack_print", () => {
  it("finds calls, leaks and their stack", () => {
    const path = file("leak.gz", gzipSync(exported(parsed(LEAK), "heaptrack")));
    const { status, stdout } = ran("heaptrack_print", [path, "-l", "1"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^calls to allocation functions: 5 /m);
    expect(stdout).toMatch(/^total memory leaked: 100B$/m);
    expect(stdout).toMatch(
      /100B leaked over 1 calls from\nleak\n +in trace\n100B leaked .*:\n +main\n/,
    );
  });

  it("reads a recording of a program, with threads", () => {
    const path = file("grep.heaptrack", exported(recording("threads/git-grep"), "heaptrack"));
    const { status, stdout } = ran("heaptrack_print", [path]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^calls to allocation functions: \d{4,} /m);
  });
});

describeWith("mtrace", "libc-devtools", "mtrace", () => {
  it("finds the leak and its place", () => {
    const path = file("leak.mtrace", exported(parsed(LEAK), "mtrace"));
    const { status, stdout } = ran("mtrace", [path]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^0x\w+ +0x64 +at leak<-main$/m);
    expect(stdout.match(/^0x/gm)).toHaveLength(1);
  });

  it("finds nothing where all is freed", () => {
    const path = file("none.mtrace", exported(parsed(`${LEAK}f 2\n`), "mtrace"));
    expect(ran("mtrace", [path])).toMatchObject({ status: 0, stdout: "No memory leaks.\n" });
  });
});

describe("villoc", () => {
  /** The expression by which villoc finds calls, and the functions that it knows. */
  const CALL = /^([@A-z_.]+->)?([@A-z_]+)\((.*)\) += (.*)$/;
  const KNOWN = ["free", "malloc", "calloc", "realloc"];

  it.each(["ilp32", "lp64"] as const)("finds every call it knows, %s", (abi) => {
    for (const name of ["syn13", "threads/git-grep"]) {
      const lines = exported(recording(name), "ltrace", abi).trimEnd().split("\n");
      const calls = lines
        .map((line) => CALL.exec(line.replace(/^\d+ /, "")))
        .filter((call) => call !== null && KNOWN.includes(call[2]!));
      const others = lines.filter((line) => /(\+\+\+|---)$|memalign\(/.test(line));
      expect(calls).toHaveLength(lines.length - others.length);
      for (const [, , , args, result] of calls as RegExpExecArray[]) {
        for (const arg of args!.split(",")) expect(arg.trim()).toMatch(/^(\d+|0x[\da-f]+)$/);
        expect(result).toMatch(/^(<void>|0|0x[\da-f]+)$/);
      }
    }
  });

  it("shows labels as its remarks", () => {
    const [, , , remark] = exported(parsed(LEAK), "ltrace").split("\n");
    expect(CALL.exec(remark!)?.slice(2)).toEqual(["@villoc", "leak <- main", "<void>"]);
  });
});

/**
 * Chrome's Trace Event Format, as far as Perfetto's documentation names it: each kind of event with
 * the fields that it must have, and no others.
 */
const COMMON = { pid: v.pipe(v.number(), v.integer()), name: v.pipe(v.string(), v.nonEmpty()) };
const TID = v.pipe(v.number(), v.integer());
const TIME = v.pipe(v.number(), v.minValue(0));
const SCALAR = v.union([v.string(), v.number()]);
const EVENT = v.variant("ph", [
  v.strictObject({
    ...COMMON,
    ph: v.literal("M"),
    name: v.picklist(["process_name", "thread_name"]),
    tid: v.optional(TID),
    args: v.strictObject({ name: v.string() }),
  }),
  v.strictObject({
    ...COMMON,
    ph: v.literal("X"),
    tid: TID,
    ts: TIME,
    dur: TIME,
    cat: v.string(),
    args: v.record(v.string(), SCALAR),
  }),
  v.strictObject({
    ...COMMON,
    ph: v.literal("C"),
    ts: TIME,
    args: v.record(v.string(), v.number()),
  }),
  v.strictObject({
    ...COMMON,
    ph: v.literal("i"),
    tid: TID,
    ts: TIME,
    cat: v.string(),
    s: v.picklist(["g", "p", "t"]),
  }),
]);
const PERFETTO = v.strictObject({
  displayTimeUnit: v.picklist(["ms", "ns"]),
  traceEvents: v.array(EVENT),
  otherData: v.record(v.string(), v.string()),
});

describe("Perfetto's JSON", () => {
  it.each(["syn13", "threads/git-grep"])("fits the format's schema: %s", (name) => {
    const trace = recording(name);
    const { traceEvents } = v.parse(PERFETTO, JSON.parse(exported(trace, "perfetto")));
    const slices = traceEvents.filter(({ ph }) => ph === "X");
    expect(slices).toHaveLength(trace.count);
    // Slices of a thread nest: here, none overlaps the next.
    const ends = new Map<number, number>();
    for (const slice of slices) {
      if (slice.ph !== "X") continue;
      expect(slice.ts).toBeGreaterThanOrEqual(ends.get(slice.tid) ?? 0);
      ends.set(slice.tid, slice.ts + slice.dur);
    }
  });

  it("counts live bytes, footprint and brk", () => {
    const { traceEvents } = v.parse(PERFETTO, JSON.parse(exported(parsed(LEAK), "perfetto")));
    const live = traceEvents.flatMap((event) =>
      event.ph === "C" && event.name === "live bytes" ? [[event.ts, event.args["value"]]] : [],
    );
    expect(live).toEqual([
      ...[
        [0, 24],
        [1, 48],
        [2, 72],
        [3, 172],
        [4, 181],
      ],
      ...[
        [5, 172],
        [6, 124],
        [7, 100],
      ],
    ]);
    const names = traceEvents.filter(({ ph }) => ph === "C").map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(["live bytes", "footprint", "brk"]));
  });
});

describe("CSV", () => {
  it("has a row for each operation, under its header", () => {
    const text = `${LEAK}t 1\na 4 5 # "quoted", label\na 5 0xffffffff\n`;
    const rows = csvParse(exported(parsed(text), "csv"));
    expect(rows.columns).toEqual(CSV_COLUMNS);
    expect(rows).toHaveLength(10);
    expect(rows[1]).toMatchObject({
      ...{ operation: "1", line: "6", thread: "0", function: "calloc", block: "2" },
      ...{ count_or_alignment: "3", size: "8", bytes: "24", old_address: "", refused: "0" },
      ...{ live_bytes: "48", label: "" },
    });
    expect(rows[2]!["old_address"]).toBe(rows[0]!["new_address"]);
    expect(rows[8]).toMatchObject({ thread: "1", function: "malloc", label: '"quoted", label' });
    expect(rows[9]).toMatchObject({ new_address: "", refused: "1", live_bytes: "105" });
  });
});
